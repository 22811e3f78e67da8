# SPDX-License-Identifier: MIT
"""Caches that have left the kernel's list with their objects: by a module's rmmod, and by the test's hand."""
import re
import struct
import subprocess

import pytest

from conftest import ROOT, Program
from test_inspect import slabinfo
from test_types import dill_members
from tests.guest.memory import Memory, kallsyms
from tests.guest.modules import ModuleUnavailable, insert
from tests.guest.stub import Stub
from tests.matrix import on
from tests.slow_stub import SlowStub

DILL = ROOT / "build/dill"

LEAKED = 10000


def leak(guest, parameters=""):
    """Its cache's line of /proc/slabinfo before the module went, which leaves LEAKED objects of 112 bytes."""
    try:
        insert(guest, "heaptest", f"leaked={LEAKED} {parameters}")
    except ModuleUnavailable as reason:
        pytest.skip(str(reason))
    line = slabinfo(guest.run("cat /proc/slabinfo"))["heaptest"]
    guest.run("rmmod heaptest")
    assert "heaptest" not in slabinfo(guest.run("cat /proc/slabinfo"))
    assert "still has objects" in guest.run("dmesg")
    return line


def find_leaked(guest, symbols):
    """{address: number} of the module's objects, found in memory."""
    with Memory(guest, symbols) as memory:
        return {
            memory.virtual(at): memory.word(at + 8) for at in memory.find(b"DILLLEAK") if memory.word(at + 8) < LEAKED and at % 16 == 0
        }


def check_leaked(guest, symbols, name):
    """Every command has the cache under this name, with the objects that the test finds."""
    dill = Program(guest)
    expected = find_leaked(guest, symbols)
    objects = {int(row["object"], 16): row for row in dill.json("kcensus", "--objects", "heaptest")}
    assert sorted(expected[address] for address in objects) == list(range(LEAKED))
    assert {(row["cache"], row["state"], row["object_size"]) for row in objects.values()} == {(name, "live", 112)}
    address = f"{min(objects):#x}"
    [answer] = dill.json("kobj", address)
    assert (answer["kind"], answer["cache"], answer["state"], answer["object_size"]) == ("slab_object", name, "live", 112)
    [slab] = dill.json("kslab", address)
    assert slab["cache"] == name and slab["live"] == slab["objects"] and set(slab["map"]) == {"#"}
    matches = dill.json("kfind", "--string", "DILLLEAK", "heaptest", "--rows", "0")
    assert matches[-1]["objects"] == LEAKED and matches[0]["cache"] == name
    target = dill.json("kfind", "--ptr", address)[0]
    assert target["cache"] == name and target["size"] == 112
    [row] = [row for row in dill.json("kcensus") if row.get("name") == name]
    assert (row["live"], row["unknown"], row["object_size"]) == (LEAKED, 0, 112)
    return row


@pytest.mark.parametrize("case", on("plain", series=("6.12",), spoils=True), ids=str)
def test_module_that_leaks_its_cache(case, pool):
    """rmmod of a module with 10,000 live objects: the kernel drops the cache from its list, and keeps the slabs."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        _, objects, size, _, _, slabs = leak(guest)
        guest.stop()
        dill = Program(guest)
        name = "(destroyed) heaptest"
        row = check_leaked(guest, symbols, name)
        assert (row["objects"], row["size"], row["slabs"], row["standing"]) == (objects, size, slabs, "destroyed")
        for words in (["kcache"], ["kcache", "heaptest"], ["kcache", "heap*"], ["kcache", name]):
            [shown] = [row for row in dill.json(*words) if row.get("name") == name]
            assert (shown["live"], shown["objects"], shown["slabs"], shown["object_size"]) == (LEAKED, objects, slabs, 112)
        done = dill.run("kcheck", "--json")
        [finding] = [line for line in dill.lines(done) if line["record"] == "finding"]
        assert done.returncode == 1 and (finding["kind"], finding["cache"]) == ("cache_left", name)
        assert int(finding["seen"], 16) == LEAKED and f"{LEAKED} objects of 112 bytes" in finding["text"]
        with SlowStub(guest, 0x1000) as line:
            done = subprocess.run(
                [DILL, "-r", f"127.0.0.1:{line.port}", "--no-cache", "--vmlinux", guest.kernel.vmlinuz, "kcache", "heaptest"],
                check=False, capture_output=True, text=True, timeout=300,
            )
        assert done.returncode == 2 and 'no cache is named "heaptest"' in done.stderr
        assert "left the kernel's list are not looked for over this slow connection" in done.stderr


@pytest.mark.parametrize("case", on("single", series=("6.12",), spoils=True), ids=str)
def test_freed_cache(case, pool):
    """The same, and the struct kmem_cache is freed: its slabs are told as long as what it was is left."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        leak(guest, "freed=1")
        guest.stop()
        name = "(freed) heaptest"
        check_leaked(guest, symbols, name)
        done = Program(guest).run("kcheck", "--json")
        [finding] = [line for line in Program.lines(done) if line["record"] == "finding"]
        assert done.returncode == 1 and (finding["kind"], finding["cache"]) == ("cache_left", name)
        assert "its struct kmem_cache freed" in finding["text"]


def unlink(stub, link, poison):
    """What list_del() does; without its poison it is as a bug or an intruder does it."""
    following, before = struct.unpack("<2Q", stub.read(link, 16))
    stub.write(following + 8, struct.pack("<Q", before))
    stub.write(before, struct.pack("<Q", following))
    if poison:
        stub.write(link, struct.pack("<2Q", 0xDEAD000000000100, 0xDEAD000000000122))


@pytest.mark.parametrize("case", on("plain", spoils=True), ids=str)
def test_unlinked_cache(case, pool):
    """A cache that is taken off the list behind the kernel's back; then its sizes go, too."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Program(guest)
        [before] = dill.json("kcache", "dentry", "--counts")
        cache = int(before["address"], 16)
        members = dill_members(guest, "kmem_cache")
        [counted] = [row for row in dill.json("kcensus") if row.get("name") == "dentry"]
        with Stub(guest) as stub:
            unlink(stub, cache + members["list"][0], poison=case.series != "6.1")
        name = "(destroyed) dentry"
        [after] = [row for row in dill.json("kcensus") if row.get("name") == name]
        for key in ("objects", "slabs", "memory", "live", "free", "cached", "waiting", "unknown", "kernel_objects"):
            assert after[key] == counted[key], key
        [row] = [row for row in dill.json("kcache") if row.get("name") == name]
        assert row["objects"] == before["objects"]
        done = dill.run("kcheck", "--json")
        [finding] = [line for line in dill.lines(done) if line["record"] == "finding"]
        assert done.returncode == 1 and (finding["kind"], finding["cache"]) == ("cache_left", name)
        with Stub(guest) as stub:
            stub.write(cache + members["size"][0], bytes(4))
        done = dill.run("kcheck", "--json")
        [finding] = [line for line in dill.lines(done) if line["record"] == "finding"]
        assert done.returncode == 1 and finding["kind"] == "slab_cache" and int(finding["seen"], 16) == cache
        said = r"(\d+) slabs of (\d+) bytes .* whose sizes make no sense; by their counters (\d+) of (\d+)"
        slabs, memory, used, objects = map(int, re.search(said, finding["text"]).groups())
        assert (slabs, memory, objects) == (counted["slabs"], counted["memory"], counted["objects"])
        assert counted["live"] <= used <= objects
        refused = dill.run("kslab", finding["slab"])
        assert refused.returncode != 0 and "whose sizes make no sense" in refused.stderr
