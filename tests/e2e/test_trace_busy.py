# SPDX-License-Identifier: MIT
"""dill trace on a guest that is busy, that is interrupted at any moment, and that ends or restarts under it.

The guest's program tests/guest/busy.c checks everything that it writes, sends and hands over. Breakpoints that are left
are seen by a debugger of the test's own, which lets the guest run through everything again: see stops_of().

30,000 events take minutes in QEMU 7.2, which throws its translated code away at each stop: without DILL_FULL=1 it has
fewer.
"""
import contextlib
import os
import random
import re
import signal
import subprocess
import time

import pytest

from conftest import ROOT, Program
from test_trace import wait_for_file
from tests.guest.monitor import MonitorGone
from tests.guest.stub import Stub
from tests.guest.vm import GuestError
from tests.matrix import FLAVOURS, FULL, SLOW, on, quick, times, tracing
from tests.traces import BULK, DOUBLE, KNOWN, from_file

FULL_EVENTS = times(30000, 10000)
EVENTS = 500
INTERRUPTIONS = times(5, 4)  # of each guest; each signal is one of four
TROUBLE = re.compile(r"BUG|Oops|WARNING|stall|hung task|Call Trace|soft lockup|Unreliable|corrupt", re.IGNORECASE)


def start(guest, *words, stdout=subprocess.DEVNULL):
    """`dill trace` beside the test, which takes every signal as a shell's child would."""
    return subprocess.Popen(
        ["env", "--default-signal=INT,TERM,HUP", ROOT / "build/dill", "-r", f":{guest.gdb_port}", "trace", *words],
        stdout=stdout, stderr=subprocess.PIPE, text=True,
    )


def troubles(guest):
    """What the kernel complains of."""
    return [line for line in guest.run("dmesg").splitlines() if TROUBLE.search(line)]


def stops_of(guest, seconds):
    """Let the guest run under a debugger that has set no breakpoint: the first stop that it is told of, or None.

    A stub drops the breakpoints of an earlier debugger when it is asked '?' or to detach: it is not before the end.
    """
    with Stub(guest) as stub:
        stub.send("vCont;c")
        stop = stub.wait(seconds)
        if stop is None:
            stub.interrupt()
        assert stub.ask("D;1") == "OK"
    return stop


class Busy:
    """The busy program in a guest; check() ends it."""

    def __init__(self, guest):
        self.guest = guest
        self.before = troubles(guest)
        self.program = guest.spawn("busy")
        self.program.wait_output(r"^ready")

    def check(self):
        """All that came back was right, each kind had its turns, and the kernel has nothing to say."""
        self.guest.run(f"kill -USR1 {self.program.pid}")
        self.program.wait_output(r"^bad", timeout=300)
        said = self.program.output()
        assert re.search(r"^bad 0$", said, re.MULTILINE), said
        turns = re.search(r"^done files (\d+) network (\d+) messages (\d+) processes (\d+)", said, re.MULTILINE)
        assert turns and all(int(number) for number in turns.groups()), said
        assert troubles(self.guest) == self.before


def check_events(path, count):
    """The events, none of which is missing: the limit is met to the event, and the life of each object makes sense."""
    events = from_file(path)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len(events) == count
    live = {}
    for event in events:
        if event.kind == "alloc" and event.object:
            assert event.object not in live, (event, live[event.object])
            live[event.object] = event
        elif event.kind == "free":
            assert not event.flags & DOUBLE, event
            assert bool(event.flags & KNOWN) == (live.pop(event.object, None) is not None), event
    assert len({event.cpu for event in events}) == 2
    names = {event.comm for event in events}
    assert {"busy-files", "busy-network", "busy-messages", "busy-processes"} <= names, names
    return events


def trace_busy(guest, folder, count):
    """So many events of a busy guest, which is well afterwards."""
    busy = Busy(guest)
    path = folder / "trace.db"
    process = start(guest, "-n", str(count), "-o", path, stdout=subprocess.PIPE)
    output, errors = process.communicate(timeout=500)
    assert process.returncode == 0, errors
    assert re.search(r"ended +the limit of events was reached", output), output
    assert re.search(r"^ +lost +0 events$", output, re.MULTILINE), output
    events = check_events(path, count)
    assert stops_of(guest, 1) is None
    busy.check()
    return events


@pytest.mark.parametrize("case", [*quick("plain"), SLOW], ids=str)
def test_busy_guest(case, pool, tmp_path):
    """Two CPUs with files, a network, messages and processes: nothing is lost, and nothing breaks."""
    quick = "qemu" in FLAVOURS[case.flavour].options(case.series)
    with pool.lend(case) as guest:
        events = trace_busy(guest, tmp_path, FULL_EVENTS if quick or FULL else EVENTS)
    # 5.10 does nothing in bulk there, and the others seldom.
    assert any(event.flags & BULK for event in events) or not FULL or case.series == "5.10"


def interrupt(guest, kill, delay):
    """Trace, and end that by a signal after so many seconds."""
    process = start(guest, "-s")
    time.sleep(delay)
    process.send_signal(kill)
    errors = process.communicate(timeout=300)[1]
    if kill == signal.SIGKILL:
        done = Program(guest).run("rescue")
        assert done.returncode == 0, done.stderr
    else:  # by the signal when it came before the guest was asked for anything
        assert process.returncode in (0, 128 + kill, -kill), (process.returncode, errors)


@pytest.mark.parametrize("case", on("plain", "single"), ids=str)
def test_interrupted_at_any_moment(case, pool):
    """The guest runs, nothing stops it any more, and it computes what it should."""
    dice = random.Random(str(case))
    with pool.lend(case) as guest:
        busy = Busy(guest)
        for number in range(INTERRUPTIONS):
            kill = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)[(number + len(str(case))) % 4]
            delay = dice.uniform(0, 1.2)
            interrupt(guest, kill, delay)
            assert guest.is_running(), (kill, delay)
            assert stops_of(guest, 0.5) is None, (kill, delay)
            assert guest.is_running()
        busy.check()


@pytest.mark.parametrize("case", on("plain"), ids=str)
def test_what_a_killed_tracer_leaves(case, pool, tmp_path):
    """Breakpoints that stop the guest, which this module's own debugger sees; none after a rescue."""
    with pool.lend(case) as guest:
        busy = Busy(guest)
        process = start(guest, "-s", "-o", tmp_path / "trace.db")
        wait_for_file(tmp_path / "trace.db", process)
        time.sleep(1)
        process.kill()
        process.communicate()
        deadline = time.monotonic() + 20
        while guest.is_running():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with Stub(guest) as stub:
            stub.send("vCont;c")
            assert stub.wait(20).startswith("T05")
        assert not guest.is_running()
        done = Program(guest).run("rescue")
        assert done.returncode == 0 and "runs" in done.stderr, done.stderr
        assert stops_of(guest, 1) is None
        busy.check()


def ended(process, timeout=300):
    """What a trace of an ended guest says: (status, output, lines of errors that are no progress)."""
    output, errors = process.communicate(timeout=timeout)
    return process.returncode, output, [line for line in errors.splitlines() if "per second" not in line]


def check_whole(path):
    """The file holds what was seen: SQLite has no complaint, it is finished, and its events are without gaps."""
    events = from_file(path)
    assert events and [event.sequence for event in events] == list(range(1, len(events) + 1))
    done = subprocess.run([ROOT / "build/dill", "report", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "cut off" not in done.stdout and f"{len(events)} events" in done.stdout, done.stdout


def wait_for_events(process):
    """Until the trace tells of its first events."""
    for line in process.stderr:
        if re.search(r"[1-9]\d* events in", line):
            return
    raise AssertionError("no progress was told")


def traced(guest, path):
    """A trace of a busy guest that has seen events."""
    guest.spawn("busy").wait_output(r"^ready")
    process = start(guest, "-o", path, stdout=subprocess.PIPE)
    wait_for_events(process)
    return process


@pytest.mark.parametrize("case", on("plain", "offline", spoils=True), ids=str)
def test_reboot_and_power_off(case, pool, tmp_path):
    """The trace ends by itself and says why; the kernel that boots next, where it was or elsewhere, is not stopped."""
    with pool.lend(case) as guest:
        guest.monitor.command("set-action", reboot="reset")
        process = traced(guest, tmp_path / "reboot.db")
        guest.monitor.command("system_reset")
        status, output, errors = ended(process)
        assert status == 0 and not errors and re.search(r"ended +the guest has rebooted", output), (output, errors)
        check_whole(tmp_path / "reboot.db")
        try:
            guest.wait_ready(12)
        except GuestError:
            # The reset came between a stop and dill's answer, as documented: the CPU starts somewhere. Once more.
            guest.monitor.command("system_reset")
            guest.wait_ready()
        assert stops_of(guest, 1) is None
        process = traced(guest, tmp_path / "off.db")
        with contextlib.suppress(MonitorGone):  # it may end before it answers
            guest.monitor.command("quit")
        status, output, errors = ended(process)
        assert status == 0 and not errors and re.search(r"ended +the guest has ended", output), (output, errors)
        check_whole(tmp_path / "off.db")


@pytest.mark.parametrize("case", tracing("plain", spoils=True), ids=str)
def test_power_off_from_inside(case, pool, tmp_path):
    """As the guest's own user does it."""
    with pool.lend(case) as guest:
        process = traced(guest, tmp_path / "trace.db")
        with contextlib.suppress(GuestError):  # it may end before its shell does
            guest.execute("echo o >/proc/sysrq-trigger", timeout=300)
        status, output, errors = ended(process)
        assert status == 0 and not errors and re.search(r"ended +the guest has ended", output), (output, errors)
        check_whole(tmp_path / "trace.db")


@pytest.mark.parametrize("case", tracing("plain", spoils=True), ids=str)
def test_qemu_is_killed(case, pool, tmp_path):
    """One line says so; what was seen up to there is kept. Whether the guest ran or stood at that moment is chance."""
    with pool.lend(case) as guest:
        process = traced(guest, tmp_path / "trace.db")
        os.kill(guest.pid, signal.SIGKILL)
        status, output, errors = ended(process)
        assert status == 0 and not errors and re.search(r"ended +the guest has ended", output), (output, errors)
        check_whole(tmp_path / "trace.db")
