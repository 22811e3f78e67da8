# SPDX-License-Identifier: MIT
"""dill break: the guest is stopped at the event, which is the kernel's own tracer's first of that kind; and how it goes on."""
import json
import re
import signal
import subprocess
import time

import pytest

from conftest import ROOT, Program
from tests.gdb_session import GdbSession
from tests.guest.ftrace import KmemEvents
from tests.matrix import ONE, kernels, message_cache, quick, tracing

# An instruction or two: a CPU that stood at a breakpoint may have been let past it.
STEP_BYTES = 16


@pytest.fixture(params=[*tracing("plain"), *quick("single", by_default=ONE)], ids=str)
def ready(request, pool):
    """A guest whose program waits for its signal, watched by the kernel's tracer; and the cache of its messages."""
    with pool.lend(request.param) as guest:
        program = guest.spawn("traced 3")
        program.wait_output("^ready")
        kmem = KmemEvents(guest, program.pid)
        kmem.start()
        # The guest will be stopped by then.
        guest.run(f"(sleep 3; kill -USR1 {program.pid}) >/dev/null 2>&1 </dev/null &")
        yield guest, program, kmem, message_cache(request.param.series, "64")


def instruction_pointers(guest):
    """Of the CPUs, by QEMU's word."""
    return [int(word, 16) for word in re.findall(r"RIP=([0-9a-f]+)", guest.monitor.hmp("info registers -a"))]


def breaks_at(guest, *words):
    """The event at which `dill break` stopped the guest."""
    done = subprocess.run([ROOT / "build/dill", "-r", f":{guest.gdb_port}", "break", *words, "-t", "100", "--json"],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "is stopped there" in done.stderr, done.stderr
    assert not guest.is_running()
    event, = [json.loads(line) for line in done.stdout.splitlines()]
    return event


def first_of(kmem, name, **wanted):
    """The kernel's first event of that name with these values, and its place."""
    return next((index, event) for index, event in enumerate(kmem.events)
                if name in event["name"] and all(event[key] == value for key, value in wanted.items()))


def test_stops_there(ready):
    """At the first message, then where this one is freed; rescue lets the guest run."""
    guest, program, kmem, cache = ready
    made = breaks_at(guest, cache, "alloc", "--pid", str(program.pid))
    caller, ptr = int(made["caller_address"], 16), int(made["object"], 16)
    assert any(0 <= rip - caller <= STEP_BYTES for rip in instruction_pointers(guest))
    freed = breaks_at(guest, made["object"], "free")
    assert freed["object"] == made["object"] and freed["event"] == "free"
    done = Program(guest).run("rescue")
    assert done.returncode == 0 and guest.is_running()
    program.wait_output("done", timeout=300)
    kmem.stop()
    place, event = first_of(kmem, "kmalloc", call_site=caller)
    assert (event["ptr"], event["bytes_req"]) == (ptr, made["bytes_requested"])
    assert (made["cache"], made["pid"], made["comm"]) == (cache, program.pid, "traced")
    later = [event for event in kmem.events[place:] if event["name"] == "kfree" and event["ptr"] == ptr]
    assert later[0]["call_site"] == int(freed["caller_address"], 16)


def test_stops_there_in_gdb(ready):
    """continue stops there with the event's line; the user goes on from it."""
    guest, program, kmem, cache = ready
    with GdbSession(guest) as gdb:
        gdb.run("break *0xffffffff81000000")
        before = gdb.run("maintenance info breakpoints")
        assert f"allocation from {cache}" in gdb.run(f"dill break {cache} alloc --pid {program.pid}")
        text = gdb.run("continue", timeout=300)
        made = re.search(rf"{program.pid} traced +alloc +{cache} +0x([0-9a-f]{{16}}) .* from ", text)
        assert made, text
        assert len([line for line in text.splitlines() if " CPU " in line]) == 1
        assert not guest.is_running()
        assert cache in gdb.run(f"kobj 0x{made[1]}")
        gdb.run(f"set $object = 0x{made[1]}")
        assert f"free of 0x{made[1]}" in gdb.run("dill break $object free")
        text = gdb.run("continue", timeout=300)
        assert re.search(rf"{program.pid} traced +free +{cache} +0x{made[1]} ", text), text
        gdb.run("dill stop")
        assert gdb.run("maintenance info breakpoints") == before
        gdb.start("continue")
        program.wait_output("done", timeout=300)
        gdb.interrupt()
        gdb.wait()
    kmem.stop()
    ptr = int(made[1], 16)
    first = first_of(kmem, "kmalloc", ptr=ptr)[1]
    assert first == first_of(kmem, "kmalloc", call_site=first["call_site"])[1]
    assert first_of(kmem, "kfree", ptr=ptr)


@pytest.mark.parametrize("case", tracing("plain"), ids=str)
def test_given_up(case, pool):
    """Time, Ctrl-C and SIGTERM: the guest runs through all that was a probe."""
    with pool.lend(case) as guest:
        guest.spawn("load")
        done = Program(guest).run("break", "kmalloc-64", "alloc", "--task", "nobody", "-t", "2")
        assert done.returncode == 2 and not done.stdout
        waits, ends = done.stderr.splitlines()
        assert "waiting for one" in waits and "no allocation from kmalloc-64" in ends
        assert guest.is_running()
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                ["env", "--default-signal=INT,TERM", ROOT / "build/dill", "-r", f":{guest.gdb_port}", "break", "kmalloc-64",
                 "free", "--task", "nobody"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(1)
            process.send_signal(number)
            output = process.communicate(timeout=300)
            assert process.returncode == 128 + number, output
            assert guest.run("ls -R /sys/kernel/slab >/dev/null; echo well").strip() == "well"
        with GdbSession(guest) as gdb:
            gdb.run("dill break kmalloc-64 alloc --task nobody -t 2")
            assert "the time was over" in gdb.run("continue")
            gdb.start("continue")
            time.sleep(1)
            gdb.interrupt()
            gdb.wait(timeout=300)
            gdb.run("dill stop")


@pytest.mark.parametrize("words, what", [
    ((), "NAME"),
    (("kmalloc-64",), "alloc"),
    (("kmalloc-64", "maybe"), "maybe"),
    (("kmalloc-46", "alloc"), "kmalloc-64"),
    (("0x1000", "free"), "0x1000"),
    (("kmalloc-64", "alloc", "--size", "9-3"), "--size"),
])
@kernels(*ONE)
def test_wrong(guest, words, what):
    """One clear line, and the guest is well."""
    done = Program(guest).run("break", *words)
    assert done.returncode == 2 and not done.stdout
    assert what in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert guest.run("echo well").strip() == "well"
