# SPDX-License-Identifier: MIT
"""The tracer that works by GDB's own breakpoints, while its user says "continue": dill run, NAME, on, off, stop, status.

What it prints is compared with the kernel's own tracer (tests/kmem.py), line by line; a line names callers by symbol, and
the guest's /proc/kallsyms says which addresses have that name.
"""
import re
import subprocess
import time

import pytest

from conftest import ROOT
from tests.gdb_session import GdbSession
from tests.guest.ftrace import KmemEvents
from tests.kernel_symbols import Symbols
from tests.kmem import assert_equal, of_ftrace
from tests.matrix import ONE, kernels, quick, tracing
from tests.vmlinux import write_vmlinux

ROUNDS = 3
EVENTS = 180
LINE = re.compile(
    r"^ *(?P<sequence>\d+) CPU (?P<cpu>\d+) +(?P<pid>\d+) (?P<comm>.{15}) (?P<event>alloc|free|double free|request) +"
    r"(?P<cache>\S+) +(?:0x(?P<object>[0-9a-f]{16})|failed) +(?:(?P<requested>\d+)/(?P<given>\d+) +|#(?P<alloc>\d+), "
    r"(?P<age>[\d.]+ \S+) +)?(?P<function>\S+) (?:(?P<gfp>\S+) )?from (?P<caller>\S+(?: \[\S+\])?)$"
)
# More than the 2 s that are promised: a busy machine is no failure.
PATIENCE_S = 120


def events_in(text):
    """The lines that are events, as dicts."""
    return [match.groupdict() for match in map(LINE.match, text.splitlines()) if match]


def of_lines(lines, pid, callers):
    """Events of the process that ftrace has, too, in the form of tests/kmem.py; callers by name."""
    return [
        ("free" if line["event"] == "double free" else line["event"], int(line["object"] or "0", 16),
         line["requested"] and int(line["requested"]), line["given"] and int(line["given"]), callers.get(line["caller"]))
        for line in lines
        if line["event"] != "request" and int(line["pid"]) == pid and not re.search("bulk|free_sheaf", line["function"])
    ]


def check_lines(lines, program):
    """What ftrace says nothing of."""
    assert [int(line["sequence"]) for line in lines] == list(range(1, len(lines) + 1))
    assert {line["comm"].strip() for line in lines if int(line["pid"]) == program.pid} == {"traced"}
    assert any("GFP_KERNEL" in line["gfp"] for line in lines if line["gfp"])
    made = {}
    for line in lines:
        if line["event"] == "alloc":
            made[line["object"]] = line
        elif line["event"] == "free" and line["object"] in made:
            allocation = made.pop(line["object"])
            assert line["alloc"] == allocation["sequence"] and line["cache"] == allocation["cache"] and line["age"]
        elif line["event"] == "free":
            assert not line["alloc"]


def start_program(guest, program):
    """Let it do its rounds. Whatever runs in the guest meanwhile takes its time: one command, which mostly sleeps."""
    guest.run(f"kill -USR1 {program.pid}; until grep done {program.log}; do kill -0 {program.pid} || exit 1; sleep 3; done",
              timeout=400)


def interrupt(gdb):
    """Ctrl-C, and the prompt must be there; what was printed until then."""
    gdb.interrupt()
    return gdb.wait(timeout=PATIENCE_S)


def run_through_probes(gdb, guest):
    """All that was a probe is called, and nothing stops."""
    gdb.start("continue")
    assert guest.run("ls -R /sys/kernel/slab >/dev/null; cat /proc/slabinfo >/dev/null; echo well", timeout=300).strip() == "well"
    assert guest.is_running()
    assert "SIGINT" in interrupt(gdb)


def breakpoints(gdb):
    """The user's, and all that GDB has."""
    return gdb.run("info breakpoints"), gdb.run("maintenance info breakpoints")


def equals_the_kernels_tracer(guest, symbols):
    """One run of the program, seen by both."""
    program = guest.spawn(f"traced {ROUNDS}")
    program.wait_output("^ready")
    with KmemEvents(guest, program.pid) as kmem, GdbSession(guest, symbols) as gdb:
        gdb.run("break *0xffffffff81000000")
        before = breakpoints(gdb)
        assert "armed" in gdb.run(f"dill run {program.pid}")
        assert gdb.run("info breakpoints") == before[0]
        gdb.start("continue")
        start_program(guest, program)
        lines = events_in(interrupt(gdb))
        status = gdb.run("dill status")
        gdb.run("dill stop")
        assert breakpoints(gdb) == before
        run_through_probes(gdb, guest)
    assert not kmem.lost
    check_lines(lines, program)
    names = Symbols(guest)
    callers = {name: event["call_site"] for event in kmem.events for name in names.names(event["call_site"])}
    seen, known = of_lines(lines, program.pid, callers), of_ftrace(kmem.events)
    assert len(seen) >= EVENTS
    assert_equal(seen, known)
    assert f"following: task {program.pid}\n" in status and f"seen: {len(lines)} events" in status and " 0 lost" in status


@pytest.mark.parametrize("case", [*tracing("plain"), *quick("single", by_default=ONE)], ids=str)
def test_lines_equal_the_kernels_tracer(case, pool):
    """Event by event: kind, address, bytes, caller; then no breakpoint is left."""
    with pool.lend(case) as guest:
        equals_the_kernels_tracer(guest, None)


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_with_the_kernels_symbols(case, pool, tmp_path):
    """GDB finds frames by them: every allocation has its address all the same."""
    with pool.lend(case) as guest:
        slide = write_vmlinux(guest, tmp_path / "vmlinux")
        equals_the_kernels_tracer(guest, f"{tmp_path / 'vmlinux'} -o {slide:#x}")


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_what_is_followed(case, pool):
    """By name, cache, CPU and size; muted and not; and without a trace that is armed."""
    with pool.lend(case) as guest:
        load = guest.spawn("load")
        load.wait_output("^ready")
        worker = int(guest.run("grep -l '^load-pipes$' /proc/[0-9]*/comm 2>/dev/null || true").split("/")[2])
        with GdbSession(guest) as gdb:
            for command in ("dill on", "dill off", "dill load --cpu 0"):
                assert "dill run" in gdb.run(command)
            assert "nothing is armed" in gdb.run("dill status")
            assert "--size" in gdb.run("dill run --size 9-3") and "nothing is armed" in gdb.run("dill status")
            gdb.run("dill run nobody-has-this-name")
            assert not events_in(let_run(gdb, None))
            for command, check in (
                ("dill load-pipes", lambda line: line["comm"].strip() == "load-pipes"),
                (f"dill --pid {worker} --cache 'kmalloc-*'",
                 lambda line: line["cache"].startswith("kmalloc-") and line["pid"] == str(worker)),
                ("dill run 'load-*' --cpu 1", lambda line: line["cpu"] == "1" and line["comm"].startswith("load-")),
                ("dill 'load-*' --size 100-300", lambda line: line["event"] != "alloc" or 100 <= int(line["requested"]) <= 300),
            ):
                gdb.run(command)
                lines = events_in(let_run(gdb, 10))
                # A CPU's first may be of an allocation that had begun before the command.
                lines = [line for place, line in enumerate(lines) if line["cpu"] in {before["cpu"] for before in lines[:place]}]
                # The free of an object that was shown is shown, whoever does it.
                assert all(check(line) for line in lines if not line["alloc"]), command
            gdb.run("dill off")
            seen = count_events(gdb.run("dill status"))
            assert not events_in(let_run(gdb, None)) and "muted" in gdb.run("dill status")
            assert count_events(gdb.run("dill status")) > seen
            gdb.run("dill on")
            assert events_in(let_run(gdb, 5))
            assert "seen" in gdb.run("dill stop") and "nothing is armed" in gdb.run("dill status")
            run_through_probes(gdb, guest)
            before = breakpoints(gdb)
            gdb.run("dill run")
            gdb.run("detach")  # the next target must not get them
            gdb.run(f"target remote :{guest.gdb_port}")
            assert "nothing is armed" in gdb.run("dill status") and breakpoints(gdb) == before
            run_through_probes(gdb, guest)


def count_events(status):
    """How many have been seen."""
    return int(re.search(r"seen: (\d+) events", status).group(1))


def let_run(gdb, wanted):
    """Continue until so many events were printed, or a while; what was printed."""
    gdb.start("continue")
    if wanted:
        gdb.wait_output(r"^ *\d+ CPU .*$", timeout=300, count=wanted)
    else:
        time.sleep(4)
    return interrupt(gdb)


@pytest.mark.parametrize("case", [*tracing("plain"), *quick("single", by_default=ONE)], ids=str)
def test_interrupted(case, pool):
    """Ctrl-C at any moment, of a busy guest and of one at rest, gives the prompt back; so does a command in between."""
    with pool.lend(case) as guest:
        with GdbSession(guest) as gdb:
            gdb.run("dill run")
            for number in range(8):
                gdb.start("continue")
                time.sleep(0.2 + 0.131 * number)
                interrupt(gdb)
            gdb.start("continue")
            load = guest.spawn("load")
            interrupt(gdb)
            for number in range(8):
                gdb.start("continue")
                time.sleep(0.2 + 0.057 * number)
                interrupt(gdb)
            gdb.run("continue &")
            gdb.wait_output("CPU", timeout=PATIENCE_S)
            gdb.run("dill off", timeout=PATIENCE_S)
            assert "muted" in gdb.run("dill status", timeout=PATIENCE_S)
            # GDB's command "interrupt" is lost when it comes while a breakpoint is handled.
            gdb.start("dill stop")
            assert "is running" in gdb.wait_output("interrupted", timeout=PATIENCE_S)
            assert "seen" in gdb.run("dill stop")
            run_through_probes(gdb, guest)
        assert load.alive()


@kernels(*ONE)
def test_says_what_is_not_there_yet(guest):
    """A task, or a cache, that the tracer would wait for: at the start."""
    commands = ("dill run agnet", "dill --cache kmaloc-64", "dill agent", "dill --pid 99999", "dill stop")
    words = [word for line in commands for word in ("-ex", line)]
    command = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{guest.gdb_port}", "-ex", f"source {ROOT}/build/dill.py", *words]
    done = subprocess.run([*command, "-ex", "detach"], capture_output=True, text=True, timeout=300, check=False)
    said = [line for line in done.stderr.splitlines() if "waiting for one" in line]
    assert len(said) == 3 and 'no task is called "agnet" yet (did you mean agent?)' in said[0], done.stderr
    assert 'no cache is called "kmaloc-64" yet (did you mean kmalloc-64' in said[1] and "99999" in said[2]
