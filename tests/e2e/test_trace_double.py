# SPDX-License-Identifier: MIT
"""A real double free while dill traces: the test makes the kernel free an object twice, whatever the trace follows.

tests/guest/twice.c sends three messages, each with a second object that its header points to. The test lets the third header
point to the first one's, by writing to QEMU's memory: dill has the gdbstub.
"""
import pytest

from test_trace import Tracer
from tests.guest.ram import Ram
from tests.matrix import quick

HEADER = 48
TYPE, NEXT = 16, 32  # of struct msg_msg: include/linux/msg.h


def message(ram, kind):
    """Physical address of the struct msg_msg of this type: a copy in a process has no such header in front."""
    places = [place - HEADER for place in ram.find(b"DILLTWICE")]
    found = [place for place in places if place % 4096 == 0 and ram.read(place + TYPE, 8) == kind.to_bytes(8, "little")]
    assert len(found) == 1, found
    return found[0]


def free_first_twice(ram, kind):
    """Let the third message's second object be that of the first one, whose type is *kind*; its address."""
    word = ram.read(message(ram, kind) + NEXT, 8)
    ram.write(message(ram, kind + 2) + NEXT, word)
    return int.from_bytes(word, "little")


# What to follow, the object's size (each its own cache: a double free spoils it), and whether the second free is a
# stranger's to that.
FILTERS = {
    "cache": (lambda pid: ("--cache", "*-128"), 100, False),
    "size": (lambda pid: ("--size", "150-199"), 150, False),
    "pid": (lambda pid: ("--pid", str(pid)), 50, True),
    "cpu": (lambda pid: ("--cpu", "0"), 1500, True),
}


@pytest.mark.parametrize("case", [case for case in quick("plain", spoils=True) if case.series in ("6.12", "7.2")], ids=str)
def test_double_free(case, pool, tmp_path):
    """Named so, with both frees, and status 1; the other objects' frees are no double ones."""
    with pool.lend(case) as guest:
        for serial, (name, (words, size, foreign)) in enumerate(FILTERS.items()):
            folder = tmp_path / name
            folder.mkdir()
            kind = 0x7000 + 16 * serial
            program = guest.spawn(f"twice {size} {kind}")
            program.wait_output("^ready")
            tracer = Tracer(guest, folder, *words(program.pid))
            tracer.wait_armed()
            guest.run(f"kill -USR1 {program.pid}", timeout=300)
            program.wait_output("^sent", timeout=300)
            with Ram(guest) as ram:
                twice = free_first_twice(ram, kind)
            guest.run(f"kill -USR2 {program.pid}", timeout=300)
            program.wait_output("^done", timeout=300)
            records, errors = tracer.stop()
            assert tracer.process.returncode == 1, (name, errors)
            of_object = [
                (record["event"], bool(record.get("foreign"))) for record in records
                if record["record"] == "trace_event" and record.get("object") == f"{twice:#x}"
            ]
            assert of_object[:3] == [("alloc", False), ("free", False), ("double free", foreign)], (name, of_object)
            doubles = [record for record in records if record["record"] == "trace_double_free"]
            assert [record["object"] for record in doubles] == [f"{twice:#x}"], name
            assert doubles[0]["comm"] == "other" and doubles[0]["first_comm"] == "twice"
