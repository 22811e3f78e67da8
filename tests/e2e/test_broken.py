# SPDX-License-Identifier: MIT
"""Freelists that the test breaks through the stub: each break is named, and the rest of the cache is still shown."""
import sqlite3

import pytest

from conftest import Gdb, Program, broken_cache
from tests.guest.stub import Stub


class Memory:
    """The stopped guest's memory, written by the test; remembers what was there."""

    def __init__(self, guest):
        self.guest = guest
        self.before = []

    def write(self, address, value):
        """Write a word."""
        with Stub(self.guest) as stub:
            self.before.append((address, stub.read(address, 8)))
            stub.write(address, value.to_bytes(8, "little"))

    def restore(self):
        """Take everything back."""
        with Stub(self.guest) as stub:
            for address, data in reversed(self.before):
                stub.write(address, data)


@pytest.fixture
def memory(breakable):
    """Memory that is as it was afterwards."""
    it = Memory(breakable)
    yield it
    it.restore()


def swapped(value):
    """Its bytes in the other order."""
    return int.from_bytes(value.to_bytes(8, "little"), "big")


def stored(record, slot, pointer):
    """How this cache's kernel stores a free pointer at an address (mm/slub.c freelist_ptr_encode())."""
    return pointer ^ int(record["freelist_key"], 16) ^ swapped(slot) if "freelist_key" in record else pointer


def partial_slab(record):
    """A partial slab of a node with some free objects."""
    for node in record["nodes"]:
        for slab in node["partial"]:
            if slab["freelist_count"] >= 4:
                return slab
    raise AssertionError("no partial slab with four free objects")


def damage(dill, guest):
    """Records of the broken cache and what was found in it, by kind."""
    done = dill.run("kcache", broken_cache(guest), "--json")
    if isinstance(dill, Program) and not isinstance(dill, Gdb):
        assert done.returncode == 1, done.stderr
    lines = dill.lines(done)
    return lines[0], {line["kind"]: line for line in lines if line["record"] == "finding"}


BREAKS = {
    # name: (where the free pointer of the second free object shall lead, the finding's kind, objects still shown)
    "cycle": (lambda free, size: free[0], "freelist_cycle", 2),
    "outside": (lambda free, size: free[0] ^ 0x4000_0000, "freelist_outside", 2),
    "misaligned": (lambda free, size: free[2] + 8, "freelist_misaligned", 2),
    "short": (lambda free, size: 0, "freelist_count", 2),
}


@pytest.mark.parametrize("name", BREAKS)
def test_broken_freelist(breakable, memory, name):
    """Found where it breaks, with the slab and the address that was read."""
    pointer, kind, shown = BREAKS[name]
    dill = Program(breakable)
    record = dill.json("kcache", broken_cache(breakable))[0]
    slab = partial_slab(record)
    free = [int(address, 16) for address in slab["freelist"]]
    slot = free[1] + record["freelist_offset"]
    memory.write(slot, stored(record, slot, pointer(free, record["size"])))
    seen, findings = damage(dill, breakable)
    finding = findings[kind]
    assert finding["cache"] == broken_cache(breakable) and finding["slab"] == slab["slab"]
    if kind != "freelist_count":
        assert int(finding["address"], 16) == slot
    broken = next(item for node in seen["nodes"] for item in node["partial"] if item["slab"] == slab["slab"])
    assert [int(address, 16) for address in broken["freelist"]] == free[:shown]
    whole = [item for node in record["nodes"] for item in node["partial"] if item["slab"] != slab["slab"]]
    assert [item for node in seen["nodes"] for item in node["partial"] if item["slab"] != slab["slab"]] == whole


def test_broken_list_of_slabs(breakable, memory):
    """A partial list that leads into nothing: the finding, and what can be reached from both ends."""
    dill = Program(breakable)
    record = dill.json("kcache", broken_cache(breakable))[0]
    node = next(node for node in record["nodes"] if node["nr_partial"] >= 3)
    listed = [slab["slab"] for slab in node["partial"]]
    where = ("page", "lru") if breakable.kernel.series == "5.10" else ("slab", "slab_list")
    link = int(listed[1], 16) + dill.json("kstruct", *where)[0]["offset"]
    memory.write(link, 0x10)
    seen, findings = damage(dill, breakable)
    assert "list_broken" in findings or "unreadable" in findings
    assert [slab["slab"] for slab in seen["nodes"][node["node"]]["partial"]] == listed


def test_gdb_says_so(breakable, memory):
    """Inside GDB the finding is printed too."""
    record = Program(breakable).json("kcache", broken_cache(breakable))[0]
    slab = partial_slab(record)
    free = [int(address, 16) for address in slab["freelist"]]
    slot = free[0] + record["freelist_offset"]
    memory.write(slot, stored(record, slot, free[0]))
    _, findings = damage(Gdb(breakable, leave="disconnect"), breakable)
    assert int(findings["freelist_cycle"]["address"], 16) == slot


STATES = ("live", "cached", "free", "waiting", "unknown")


def counted(guest, name, folder):
    """{command: objects by state} of all that count a cache's objects."""
    program = Program(guest)
    heap = folder / "heap.db"
    assert program.run("export", str(heap), name).returncode == 1
    with sqlite3.connect(heap) as file:
        exported = file.execute(f"SELECT {', '.join(STATES)} FROM cache").fetchone()
    lines = {
        "head": program.lines(program.run("kcache", name, "--json")),
        "counts": program.lines(program.run("kcache", name, "--counts", "--json")),
        "table": program.lines(program.run("kcache", "--json")),
        "map": program.lines(program.run("kmap", name, "--json")),
        "census": program.lines(program.run("kcensus", name, "--json")),
    }
    records = {key: next(line for line in found if name in (line.get("name"), line.get("cache")))
               for key, found in lines.items()}
    # Where the kernel counts no objects, only what has walked all slabs knows the live ones.
    states = {key: {state: record[state] for state in STATES if state in record} for key, record in records.items()}
    return states | {"export": {state: count for state, count in zip(STATES, exported) if count is not None}}


def elsewhere(guest, slab):
    """How many objects of a slab are found without its own freelist: a CPU has them, or they wait for RCU."""
    maps = Program(guest).json("kmap", broken_cache(guest))
    it = next(line for line in maps if line["record"] == "slab_map" and line["slab"] == slab["slab"])
    return it["cached"] + it["waiting"]


def break_cpu_list(guest, memory, record):
    """Cut a CPU's freelist behind its second object; how many objects of the slab are found nowhere then."""
    cpu = next((cpu for cpu in record["cpus"] if cpu.get("freelist_count", 0) >= 3), None)
    if not cpu:
        pytest.skip("this kernel has no freelists of CPUs")
    slab, slot = cpu["active_slab"][0], int(cpu["freelist"][1], 16) + record["freelist_offset"]
    found = elsewhere(guest, slab) - cpu["freelist_count"]
    memory.write(slot, 0x4141_4141_4141_4141)
    return slab["objects"] - 2 - slab["freelist_count"] - found


def break_slab_list(guest, memory, record):
    """The same with a slab on a node's list."""
    slab = partial_slab(record)
    slot = int(slab["freelist"][1], 16) + record["freelist_offset"]
    found = elsewhere(guest, slab)
    memory.write(slot, 0x4141_4141_4141_4141)
    return slab["objects"] - 2 - found


def drop_first(guest, memory, record):
    """Let a slab's freelist begin with its second object: one less than the slab counts, and that one may be any."""
    slab = partial_slab(record)
    found = elsewhere(guest, slab)
    memory.write(int(slab["slab"], 16) + offset_of_freelist(guest), int(slab["freelist"][1], 16))
    return slab["objects"] - slab["freelist_count"] + 1 - found


def offset_of_freelist(guest):
    """Of the freelist in a slab's descriptor."""
    where = ("page", "freelist") if guest.kernel.series == "5.10" else ("slab", "freelist")
    return Program(guest).json("kstruct", *where)[0]["offset"]


@pytest.mark.parametrize("damage_of", (break_cpu_list, break_slab_list, drop_first))
def test_all_count_alike(breakable, memory, tmp_path, damage_of):
    """Objects that a broken list has lost are unknown to every command that counts."""
    unknown = damage_of(breakable, memory, Program(breakable).json("kcache", broken_cache(breakable))[0])
    states = counted(breakable, broken_cache(breakable), tmp_path)
    assert set(states["map"]) == set(STATES)
    assert all(state.items() <= states["map"].items() for state in states.values()), states
    assert states["map"]["unknown"] == unknown
