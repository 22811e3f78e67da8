# SPDX-License-Identifier: MIT
"""dill trace --stack against the kernel's own backtraces, which tracefs records with each event (options/stacktrace).

The kernel's begin inside of the tracepoint: what lies within the allocator, down to and with the caller that the event
names, is left out. From there on they must be equal, frame by frame, to the last address that is the kernel's own: the
entry of a system call or interrupt, or where a thread began. Through an interrupt both go on with what it interrupted.

Events are matched by what happened, object and caller, in order. Left out on either side, by rule, as in test_trace.py:
events of bulk calls, requests, and frees by other processes, for which ftrace has none; kfree(NULL); and the inner one
of two events that ftrace has for one large allocation, whose caller is the allocator itself.
"""
import collections
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import ROOT, Program
from tests.guest.ftrace import KmemEvents
from tests.kernel_symbols import Symbols
from tests.matrix import quick

ROUNDS = 20
EVENTS = 1000
STACK_MAX = 64
ZERO_SIZE_PTR = 16
KINDS = ("alloc", "free", "request")
BULK, FOREIGN = 1, 16
MODULE = "qemu_fw_cfg"


class StackTracer:
    """`dill trace --stack -o FILE` of a process, beside the test."""

    def __init__(self, guest, pid, path):
        self.path = path
        self.process = subprocess.Popen(
            ["env", "--default-signal=INT", ROOT / "build/dill", "-r", f":{guest.gdb_port}", "trace", "--pid", str(pid),
             "--stack", "-o", path],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        while not path.exists():  # it is made when everything is ready, while the guest is stopped
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.05)

    def stop(self):
        """End it, and open what it wrote."""
        self.process.send_signal(signal.SIGINT)
        errors = self.process.communicate(timeout=300)[1]
        assert self.process.returncode == 0, errors
        return sqlite3.connect(self.path)


def addresses(numbers):
    """Addresses, which SQLite keeps as signed numbers."""
    return [number & (1 << 64) - 1 for number in numbers]


def of_dill(trace):
    """{(kind, object, caller): [backtraces in order]} of the events that ftrace has, too."""
    stacks = collections.defaultdict(list)
    for number, address in trace.execute(
            "SELECT stack, address FROM stack_frame JOIN symbol ON symbol.id = symbol ORDER BY stack, depth"):
        stacks[number] += addresses([address])
    found = collections.defaultdict(list)
    for kind, flags, thing, caller, stack in trace.execute(
            "SELECT kind, flags, object, address, stack FROM event JOIN symbol ON symbol.id = caller ORDER BY sequence"):
        if KINDS[kind] != "request" and not flags & (BULK | FOREIGN):
            found[KINDS[kind], *addresses([thing, caller])].append(stacks[stack])
    return found


def of_ftrace(events, symbols, allocator):
    """The same of the kernel's own."""
    found = collections.defaultdict(list)
    for event in events:
        caller, stack = event["call_site"], event["stack"]
        if event["ptr"] <= ZERO_SIZE_PTR or symbols.functions(caller) & allocator:
            continue
        assert caller in stack, [symbols.names(frame) for frame in stack]
        kind = "free" if "free" in event["name"] else "alloc"
        found[kind, event["ptr"], caller].append(stack[stack.index(caller) + 1:][:STACK_MAX])
    return found


def compare(trace, events, symbols):
    """All backtraces of a trace with the kernel's; returns them."""
    allocator = {name for name, in trace.execute("SELECT name FROM function")}
    mine, theirs = of_dill(trace), of_ftrace(events, symbols, allocator)
    counts = [collections.Counter({key: len(stacks) for key, stacks in each.items()}) for each in (mine, theirs)]
    assert counts[0] == counts[1], (list((counts[0] - counts[1]).items())[:5], list((counts[1] - counts[0]).items())[:5])
    for key, stacks in mine.items():
        for seen, known in zip(stacks, theirs[key]):
            assert seen == known, [[sorted(symbols.names(frame)) for frame in stack] for stack in (seen, known)]
    return [stack for stacks in mine.values() for stack in stacks]


def passes(stacks, symbols, start):
    """Whether a backtrace goes on behind a function whose name starts so."""
    return any(any(name.startswith(start) for name in symbols.functions(frame))
               for stack in stacks for frame in stack[:-1])


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_equals_the_kernels_backtraces(case, pool, tmp_path):
    """System calls, and interrupts that came in between; names as the kernel has them."""
    with pool.lend(case) as guest:
        symbols = Symbols(guest)
        program = guest.spawn(f"traced {ROUNDS}")
        program.wait_output("^ready")
        with KmemEvents(guest, program.pid, stacks=True) as kmem:
            tracer = StackTracer(guest, program.pid, tmp_path / "trace.db")
            guest.run(f"kill -USR1 {program.pid}", timeout=300)
            while "done" not in program.output():
                assert program.alive(), program.output()
                time.sleep(2)
            trace = tracer.stop()
        assert not kmem.lost
    stacks = compare(trace, kmem.events, symbols)
    assert len(stacks) >= EVENTS and all(stacks)
    assert passes(stacks, symbols, "do_syscall_64") and passes(stacks, symbols, "asm_sysvec_")
    for number, name in trace.execute("SELECT address, name FROM symbol JOIN stack_frame ON symbol.id = symbol"):
        assert name in symbols.names(*addresses([number]))
    assert trace.execute("SELECT value FROM meta WHERE key = 'backtraces'").fetchall() == [("ORC",)]


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_through_a_module(case, pool, tmp_path):
    """A module is loaded while it is traced, and allocates: its own tables are found and used, and its symbols."""
    with pool.lend(case) as guest:
        guest.run(f"rmmod {MODULE}")
        loader = guest.spawn(f"sh -c 'echo ready $$; kill -STOP $$; exec insmod /modules/{MODULE}.ko'")
        pid = int(loader.wait_output(r"^ready (\d+)")[1])
        with KmemEvents(guest, pid, stacks=True) as kmem:
            tracer = StackTracer(guest, pid, tmp_path / "trace.db")
            guest.run(f"kill -CONT {pid}", timeout=300)
            while loader.alive():
                time.sleep(2)
            trace = tracer.stop()
        assert not kmem.lost
        symbols = Symbols(guest)
    stacks = compare(trace, kmem.events, symbols)
    assert any(symbols.module(frame) == MODULE for stack in stacks for frame in stack[:-1])
    named = dict(trace.execute("SELECT address, name FROM symbol WHERE name LIKE ?", (f"% [{MODULE}]",)))
    # What ran at its loading is gone, and its symbols with it.
    stays = {number: name for number, name in named.items() if not name.startswith("fw_cfg_sysfs_init+")}
    assert len(named) > len(stays) > 0
    assert all(name in symbols.names(*addresses([number])) for number, name in stays.items())


def test_printed(guest):
    """Below each event who had called the caller, in JSON as in text; without --stack nobody."""
    program = Program(guest)
    load = guest.spawn("load")
    try:
        done = program.run("trace", "--stack", "-n", "200", "-t", "30", "--json")
        text = program.run("trace", "--stack", "-n", "200", "-t", "30").stdout
        without = program.run("trace", "-n", "200", "-t", "30", "--json")
    finally:
        load.kill()
    events = [record for record in program.lines(done) if record["record"] == "trace_event"]
    assert len(events) >= 200 and all(record["stack"] for record in events)
    assert [record["backtraces"] for record in program.lines(done) if record["record"] == "trace"] == ["ORC"]
    assert text.count("entry_SYSCALL_64_after_hwframe") > 0 and "ORC" in text
    assert not any("stack" in record or "backtraces" in record for record in program.lines(without))
