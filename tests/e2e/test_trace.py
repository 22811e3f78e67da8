# SPDX-License-Identifier: MIT
"""dill trace against the kernel's own tracer, and what becomes of the guest.

The program traced (tests/guest/traced.c) allocates in many ways while both watch it. What differs by rule: tests/kmem.py.
"""
import contextlib
import json
import re
import signal
import subprocess
import time

import pytest

from conftest import ROOT, Program
from tests.guest.ftrace import KmemEvents
from tests.guest.ram import Ram
from tests.kmem import assert_equal, of_dill, of_ftrace
from tests.matrix import ONE, SLOW, kernels, on, quick, times, tracing

# Of the program, and how many events these are at least; fewer where each takes its time.
ROUNDS, EVENTS = 30, 2000
SLOW_PART = 5


def wait_for_file(path, process):
    """Until a trace has made its file: everything is ready then, and the guest stopped."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)


class Tracer:
    """`dill trace` beside the test; stop() is Ctrl-C."""

    def __init__(self, guest, folder, *words):
        self.path = folder / "trace.json"
        with self.path.open("w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                ["env", "--default-signal=INT", ROOT / "build/dill", "-r", f":{guest.gdb_port}", "trace", *words, "--json"],
                stdout=out, stderr=subprocess.PIPE, text=True,
            )

    def wait_armed(self):
        """Until it traces, for which a busy machine takes longer than the half second of an idle one."""
        time.sleep(4)
        assert self.process.poll() is None, self.process.stderr.read()

    def stop(self):
        """The records, and what it said."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        """The records once it has ended by itself."""
        errors = self.process.communicate(timeout=300)[1]
        records = [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]
        return records, errors


def trace_program(guest, folder, rounds, *words):
    """What both saw of one run of the program: (dill's records, ftrace's events)."""
    program = guest.spawn(f"traced {rounds}")
    program.wait_output("^ready")
    with KmemEvents(guest, program.pid) as kmem:
        tracer = Tracer(guest, folder, "--pid", str(program.pid), *words)
        tracer.wait_armed()
        guest.run(f"kill -USR1 {program.pid}", timeout=300)
        while "done" not in program.output():  # each look costs the guest events of its own
            assert program.alive(), program.output()
            time.sleep(2)
        records, errors = tracer.stop()
        assert tracer.process.returncode == 0, errors
    assert not kmem.lost
    return records, kmem.events


@pytest.mark.parametrize("case", [*quick("plain"), *quick("single", by_default=ONE), SLOW], ids=str)
def test_equals_the_kernels_tracer(case, pool, tmp_path):
    """Event by event: kind, address, bytes, caller."""
    part = SLOW_PART if case == SLOW else 1
    with pool.lend(case) as guest:
        records, events = trace_program(guest, tmp_path, ROUNDS // part)
        assert "up" in guest.run("uptime")
    seen, known = of_dill(records), of_ftrace(events)
    assert len(seen) >= EVENTS // part
    assert_equal(seen, known)
    summary = [record for record in records if record["record"] == "trace"][0]
    assert summary["lost"] == 0 and summary["events"] == sum(record["record"] == "trace_event" for record in records)


def later_frees(text):
    """Of a trace's JSON lines the frees of objects that were requested to be freed before."""
    requested, found = set(), []
    for record in map(json.loads, text.splitlines()):
        if record["record"] == "trace_event" and record["event"] == "request":
            requested.add(record["object"])
        elif record["record"] == "trace_event" and record["event"] == "free" and record["object"] in requested:
            found.append(record)
    return found


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_requests_and_bulk_calls(case, pool, tmp_path):
    """kfree_rcu() is a request, and the free that comes later names the same object; a bulk call is its objects."""
    with pool.lend(case) as guest:
        program = guest.spawn("traced 10")
        program.wait_output("^ready")
        tracer = Tracer(guest, tmp_path)
        tracer.wait_armed()
        guest.run(f"kill -USR1 {program.pid}", timeout=300)
        while "done" not in program.output():
            time.sleep(2)
        for _ in range(15):  # kernels collect requests for some seconds
            time.sleep(2)
            if later_frees(tracer.path.read_text("utf-8").rpartition("\n")[0]):
                break
        records, _ = tracer.stop()
    events = [record for record in records if record["record"] == "trace_event"]
    assert later_frees(tracer.path.read_text("utf-8"))
    live = {}
    for record in events:  # an allocation of what is live, or a second free, would be an event that was missed
        if record["event"] == "alloc" and "object" in record:
            assert record["object"] not in live, record
            live[record["object"]] = record
        elif record["event"] == "free":
            live.pop(record["object"], None)
        else:
            assert record["event"] != "double free", record


@pytest.mark.parametrize("case", tracing("plain"), ids=str)
def test_nothing_stays_behind(case, pool):
    """Ended by a limit, by Ctrl-C, by SIGTERM: the guest runs through all that was a probe."""
    with pool.lend(case) as guest:
        guest.spawn("load")  # an idle guest may take its time for 50 events
        done = Program(guest).run("trace", "-n", "50", "--summary")
        assert done.returncode == 0 and "the limit of events was reached" in done.stdout, done.stderr
        for number, kill in enumerate((signal.SIGINT, signal.SIGTERM) * times(4, 2)):
            process = subprocess.Popen(
                ["env", "--default-signal=INT,TERM", ROOT / "build/dill", "-r", f":{guest.gdb_port}", "trace", "-s"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            time.sleep(0.1 + 0.13 * number)
            process.send_signal(kill)
            output = process.communicate(timeout=300)
            # By the signal when it came before the guest was asked for anything.
            assert process.returncode in (0, 128 + kill, -kill), output
            assert guest.run("cat /proc/slabinfo >/dev/null; ls -R /sys/kernel/slab >/dev/null; echo well").strip() == "well"


@pytest.mark.parametrize("case", tracing("plain"), ids=str)
def test_rescue(case, pool, tmp_path):
    """A tracer that was killed leaves a guest that stops; rescue lets it run through all that was a probe."""
    with pool.lend(case) as guest:
        guest.spawn("load")
        path = tmp_path / "trace.db"
        process = subprocess.Popen([ROOT / "build/dill", "-r", f":{guest.gdb_port}", "trace", "-s", "-o", path],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for_file(path, process)
        time.sleep(1)
        process.kill()
        process.communicate()
        for _ in range(100):
            if not guest.is_running():
                break
            time.sleep(0.1)
        assert not guest.is_running()
        done = Program(guest).run("rescue")
        assert done.returncode == 0 and "runs" in done.stderr, done.stderr
        assert guest.is_running()
        assert guest.run("ls -R /sys/kernel/slab >/dev/null; echo well").strip() == "well"
        assert guest.is_running()


def test_filters(guest):
    """Only what was asked for."""
    program = Program(guest)
    for words, check in (
        (("--cache", "kmalloc-*", "-n", "30"), lambda record: record["cache"].startswith("kmalloc-")),
        (("--cpu", "0", "-n", "30"), lambda record: record["cpu"] == 0),
        (("--size", "100-300", "-n", "20"), lambda record: record["event"] != "alloc"
         or 100 <= record["bytes_requested"] <= 300),
    ):
        load = guest.spawn("load")
        done = program.run("trace", *words, "-t", "20", "--json")
        load.kill()
        assert done.returncode == 0, done.stderr
        events = [record for record in program.lines(done) if record["record"] == "trace_event"]
        assert len(events) >= 20 and all(check(record) for record in events if not record.get("foreign")), words


@contextlib.contextmanager
def unknown_to_types(guest, function):
    """The kernel's BTF has no such function meanwhile: its name is another one there."""
    with Ram(guest) as ram:
        places = ram.find(f"\0{function}\0".encode())
        assert places
        for place in places:
            ram.write(place + 1, b"x")
        try:
            yield
        finally:
            for place in places:
                ram.write(place + 1, function[:1].encode())


@pytest.mark.parametrize("case", on("plain", series=("6.12",)), ids=str)
def test_what_is_not_traced(case, pool, tmp_path):
    """A function that cannot be traced is named at the start, at the end, and in every report of the trace."""
    path = tmp_path / "trace.db"
    with pool.lend(case) as guest, unknown_to_types(guest, "__kmalloc_noprof"):
        done = Program(guest).run("trace", "-t", "1", "-o", path)
    assert done.returncode == 0 and "__kmalloc_noprof is not traced" in done.stderr, done.stderr
    assert re.search(r"^ *not traced +__kmalloc_noprof: these calls are missing", done.stdout, re.MULTILINE), done.stdout
    report = subprocess.run([ROOT / "build/dill", "report", path, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(report.stdout.splitlines()[0])["untraced"] == "__kmalloc_noprof"
    page = subprocess.run([ROOT / "build/dill", "report", path, "--html", "-"], capture_output=True, text=True, check=True)
    assert "__kmalloc_noprof are missing" in page.stdout


@pytest.mark.parametrize("words, what", [
    (("--size", "9-3"), "--size"),
    (("--size", "many"), "--size"),
    (("-n", "x"), "--events"),
    (("-o", "/nowhere/trace.db", "-n", "1"), "/nowhere/trace.db"),
])
@kernels(*ONE)
def test_what_cannot_be_traced(guest, words, what):
    """One clear line, and the guest is well."""
    done = Program(guest).run("trace", *words)
    assert done.returncode == 2 and not done.stdout
    assert what in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert guest.run("echo well").strip() == "well"


@pytest.mark.parametrize("words, said", [
    (("busybx",), 'no task is called "busybx" yet: waiting for one'),
    (("agnet",), 'no task is called "agnet" yet (did you mean agent?): waiting for one'),
    (("--pid", "99999"), "no task has the number 99999 yet: waiting for one"),
    (("agent", "--pid", "99999"), 'no task is called "agent" and has the number 99999 yet'),
    (("--cache", "kmaloc-64"), 'no cache is called "kmaloc-64" yet (did you mean kmalloc-64'),
    (("--cache", "nosuch*"), 'no cache is called "nosuch*" yet: waiting for one'),
])
@kernels(*ONE)
def test_says_what_is_not_there_yet(guest, words, said):
    """At the start, since the trace waits for it: a program, and its cache, may come."""
    done = Program(guest).run("trace", *words, "-t", "1", "-s")
    assert done.returncode == 0 and done.stdout.startswith("0 events"), done.stderr
    assert said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


@kernels(*ONE)
def test_says_nothing_of_what_is_there(guest):
    """Of tasks that run, idle ones among them, and of caches."""
    for words in (("agent",), ("a*t",), ("--pid", "1"), ("1",), ("--pid", "0"), ("swapper*",), ("--cache", "kmalloc-64", "--cpu", "0")):
        done = Program(guest).run("trace", *words, "-t", "1", "-s")
        assert done.returncode == 0 and not done.stderr, (words, done.stderr)


@kernels(*ONE)
def test_cpu_that_cannot_come(guest):
    """An error, where it would wait for ever."""
    for command in (("trace",), ("break", "kmalloc-64", "alloc")):
        done = Program(guest).run(*command, "--cpu", "77", "-t", "2")
        assert done.returncode == 2 and "--cpu 77: this kernel has no such CPU" in done.stderr, done.stderr
    done = Program(guest).run("break", "kmalloc-64", "alloc", "--task", "agnet", "-t", "1")
    assert 'no task is called "agnet" yet (did you mean agent?)' in done.stderr
