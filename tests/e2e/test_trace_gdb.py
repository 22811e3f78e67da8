# SPDX-License-Identifier: MIT
"""dill trace in GDB, on GDB's own connection, against the kernel's own tracer; and GDB afterwards.

With and without the kernel's symbols loaded: GDB finds frames by them, and what looks for returns by frames loses some.
"""
import json
import re
import sqlite3
import subprocess
import time

import pytest

from conftest import ROOT, Program
from test_trace import EVENTS, ROUNDS, SLOW_PART
from tests.gdb_session import GdbSession
from tests.guest.ftrace import KmemEvents
from tests.kmem import assert_equal, of_dill, of_ftrace
from tests.matrix import ONE, SLOW, quick
from tests.vmlinux import write_vmlinux



@pytest.fixture(scope="module")
def vmlinux(tmp_path_factory):
    """Makes a guest's vmlinux, and says how GDB is told of it."""
    path = tmp_path_factory.mktemp("vmlinux") / "vmlinux"

    def make(guest):
        return f"{path} -o {write_vmlinux(guest, path):#x}"

    return make


def real_instruction_pointers(guest):
    """Those of the CPUs, by QEMU's word."""
    return [int(word, 16) for word in re.findall(r"RIP=([0-9a-f]+)", guest.monitor.hmp("info registers -a"))]


def instruction_pointers(gdb):
    """GDB's view of them: {thread: address}."""
    shown = gdb.run("thread apply all -q printf \"rip %#lx\\n\", $rip")
    return [int(word, 16) for word in re.findall(r"^rip (0x[0-9a-f]+)", shown, re.MULTILINE)][::-1]


def number(gdb, expression):
    """The value of an expression."""
    return int(gdb.run(f"printf \"%lu\\n\", {expression}"))


def trace_program(gdb, guest, program):
    """dill's records of one run of the program."""
    gdb.start(f"dill trace --pid {program.pid} --json")
    for _ in range(600):
        if guest.is_running():
            break
        time.sleep(0.1)
    guest.run(f"kill -USR1 {program.pid}", timeout=300)
    while "done" not in program.output():  # each look costs the guest events of its own
        assert program.alive(), program.output()
        time.sleep(2)
    gdb.interrupt()
    text = gdb.wait(timeout=300)
    assert not guest.is_running()
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def check_gdb(gdb, guest, before):
    """What GDB shows is how the target is; what was there before is there, and works."""
    assert instruction_pointers(gdb) == real_instruction_pointers(guest)
    assert before == (gdb.run("info breakpoints"), number(gdb, "$_thread"), gdb.run("info watchpoints"))
    rip = number(gdb, "$rip")
    gdb.run("stepi")
    assert number(gdb, "$rip") != rip
    assert instruction_pointers(gdb) == real_instruction_pointers(guest)


@pytest.mark.parametrize(
    "case, symbols",
    [pytest.param(case, False, id=f"{case}-bare") for case in [*quick("plain"), *quick("single", by_default=ONE), SLOW._replace(by_default=False)]]
    + [pytest.param(case, True, id=f"{case}-vmlinux") for case in quick("single", "plain", by_default=ONE)],
)
def test_equals_the_kernels_tracer(case, pool, symbols, vmlinux):
    """Event by event; then GDB's view is right, and a breakpoint of the user's is still there, and is hit."""
    part = SLOW_PART if (case.series, case.flavour) == (SLOW.series, SLOW.flavour) else 1
    with pool.lend(case) as guest:
        program = guest.spawn(f"traced {ROUNDS // part}")
        program.wait_output("^ready")
        timers = int(guest.run("grep ' run_timer_softirq$' /proc/kallsyms").split()[0], 16)
        with KmemEvents(guest, program.pid) as kmem, GdbSession(guest, vmlinux(guest) if symbols else None) as gdb:
            assert ("run_timer_softirq" in gdb.run(f"info symbol {timers:#x}")) == symbols
            gdb.run(f"break *{timers:#x}")
            before = gdb.run("info breakpoints"), number(gdb, "$_thread"), gdb.run("info watchpoints")
            assert "keep y" in before[0]
            records = trace_program(gdb, guest, program)
            check_gdb(gdb, guest, before)
            shown = gdb.run("continue")
            if "SIGTRAP" in shown:  # of stepi: with two CPUs GDB may take the other one's stop for the step's, which comes now
                shown = gdb.run("continue")
            assert "Breakpoint 1," in shown
            assert number(gdb, "$rip") == timers
            gdb.run("delete")
        assert "up" in guest.run("uptime")
    assert not kmem.lost
    seen, known = of_dill(records), of_ftrace(kmem.events)
    assert len(seen) >= EVENTS // part
    assert_equal(seen, known)
    summary = [record for record in records if record["record"] == "trace"][0]
    assert summary["lost"] == 0 and summary["events"] == sum(record["record"] == "trace_event" for record in records)


def of_kinds(text, *kinds):
    """The records of these kinds among the lines."""
    records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [record for record in records if record["record"] in kinds]


@pytest.mark.parametrize("case", quick("plain"), ids=str)
def test_kobj_knows_the_past(case, pool, tmp_path):
    """From a file that is named, or the one that was written in this GDB: what history says."""
    path = tmp_path / "trace.db"
    with pool.lend(case) as guest:
        guest.spawn("load").wait_output("^ready")
        with GdbSession(guest) as gdb:
            gdb.run(f"dill trace 'load-pipes' -n 120 -o {path}", timeout=300)
            row = sqlite3.connect(path).execute(
                "SELECT object FROM event WHERE object AND slab GROUP BY object ORDER BY count(*) DESC").fetchone()
            address = hex(row[0] % 2**64)
            done = subprocess.run([ROOT / "build/dill", "history", address, path, "--json"], stdout=subprocess.PIPE, text=True,
                                  check=True)
            past = of_kinds(done.stdout, "history", "history_event")
            assert len(past) > 2
            shown = gdb.run(f"kobj {address} --json")
            assert of_kinds(shown, "history", "history_event") == past and len(of_kinds(shown, "object")) == 1
            assert "alloc" in gdb.run(f"kobj {address}")
        program = Program(guest)
        assert not of_kinds(program.run("kobj", address, "--json").stdout, "history")
        assert of_kinds(program.run("kobj", address, "--trace", path, "--json").stdout, "history", "history_event") == past
        done = program.run("kobj", address, "--trace", "/bin/sh")
        assert done.returncode == 2 and "/bin/sh" in done.stderr and len(done.stderr.splitlines()) == 1
