# SPDX-License-Identifier: MIT
"""Blocks of large kmalloc(), against keys whose content the test finds and against the kernel's own slab counters."""
import re
import sqlite3

import pytest

from conftest import Program
from tests.guest.memory import Memory, kallsyms
from tests.guest.modules import ModuleUnavailable, insert
from tests.guest.snapshot import looked_at
from tests.matrix import on

# Bytes of content, behind a header of 24, and of the block that these take.
KEYS = ((20000, 32768), (30000, 32768), (12000, 16384), (9000, 16384))
PAGE = 4096


def census(dill, *words):
    """{kind of record: records} of kcensus."""
    kinds = {}
    for record in dill.json("kcensus", *words):
        kinds.setdefault(record["record"], []).append(record)
    return kinds


def counters(text):
    """Bytes of reclaimable and other slab memory, in /proc/meminfo or a node's."""
    return tuple(int(re.search(rf"\b{name}: +(\d+) kB", text)[1]) * 1024 for name in ("SReclaimable", "SUnreclaim"))


def check_sums(record):
    """What is said to be unexplained is the rest."""
    found = record["slabs_memory"] + record["large_memory"] + record["lost_memory"]
    assert record["kernel_memory"] == record["reclaimable"] + record["unreclaimable"]
    assert record["unexplained"] == record["kernel_memory"] - found
    assert record["slabs_memory"] == record["slabs_reclaimable"] + record["slabs_unreclaimable"]


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def guest(request, pool):
    """A guest that holds the keys."""
    with pool.lend(request.param) as lent:
        for size, _ in KEYS:
            lent.spawn(f"key {size}").wait_output(r"^ready")
        yield lent


def test_nothing_is_unexplained(guest):
    """Slabs and large blocks add up to what the kernel counts, which is what it tells itself."""
    for _ in range(8):
        guest.run("echo 1 >/proc/sys/vm/stat_refresh")
        kinds, readings = looked_at(guest, ["/proc/meminfo"], lambda: census(Program(guest)))
        [record], [total] = kinds["census_kernel"], kinds["census_total"]
        check_sums(record)
        assert record["slabs_memory"] >= total["memory"] and record["lost_memory"] == 0
        assert record["large_memory"] == sum(row["memory"] for row in kinds["census_large"])
        told = [counters(reading["/proc/meminfo"]) for reading in readings]
        if (record["reclaimable"], record["unreclaimable"]) in told and record["unexplained"] == 0:
            break
    assert (record["reclaimable"], record["unreclaimable"]) in told
    assert record["unexplained"] == 0 and "note" not in record


def find_keys(guest, symbols):
    """{address of the block: bytes of content} of the kernel's copies of the keys."""
    found = {}
    with Memory(guest, symbols) as memory:
        for at in memory.find(b"DILLKEY!"):
            size = memory.word(at + 8)
            if at % PAGE == 24 and size in dict(KEYS) and memory.word(at - 8) & 0xFFFF == size:
                found[memory.virtual(at - 24)] = size
    return found


def test_keys_are_large_blocks(guest, tmp_path):
    """Each of them in the census by its size, in an export, and for kfind: from the inside and by its content."""
    symbols = kallsyms(guest)
    guest.stop()
    try:
        dill = Program(guest)
        keys = find_keys(guest, symbols)
        assert sorted(keys.values()) == sorted(size for size, _ in KEYS)
        rows = census(dill, "large_kmalloc")["census_large"]
        assert {row["name"] for row in rows} == {"large_kmalloc"}
        for size in {block for _, block in KEYS}:
            [row] = [row for row in rows if row["size"] == size]
            assert row["blocks"] >= 2 and row["memory"] == row["blocks"] * size
        dill.json("export", tmp_path / "heap.db")
        with sqlite3.connect(tmp_path / "heap.db") as db:
            exported = dict(db.execute("SELECT address, size FROM large"))
        blocks = {address & (1 << 64) - 1: size for address, size in exported.items()}
        assert sum(blocks.values()) == sum(row["memory"] for row in rows)
        assert {address: blocks.get(address) for address in keys} == {address: dict(KEYS)[size] for address, size in keys.items()}
        *matches, _ = dill.json("kfind", "--string", "DILLKEY!", "large_kmalloc")
        assert {int(match["object"], 16) for match in matches if match["offset"] == 24} == set(keys)
        address = min(keys)
        target, *matches, _ = dill.json("kfind", "--ptr", f"{address + 5000:#x}")
        assert (int(target["object"], 16), target["cache"], target["size"]) == (address, "large_kmalloc", blocks[address])
        # struct key's payload, whose cache may be merged
        assert [match for match in matches if int(match["value"], 16) == address and not match["self"]]
    finally:
        guest.cont()


def test_diff_of_keys(guest, tmp_path):
    """Four more keys between two exports."""
    dill = Program(guest)
    dill.json("export", tmp_path / "before.db")
    for _ in range(4):
        guest.spawn("key 16000").wait_output(r"^ready")
    dill.json("export", tmp_path / "after.db")
    records = dill.lines(dill.run("diff", tmp_path / "before.db", tmp_path / "after.db", "--json"))
    [change] = [record for record in records if record.get("cache") == "large_kmalloc"]
    assert (change["change"], change["live_change"], change["memory_change"]) == ("grew", 4, 4 * 16384)
    # Slabs come and go meanwhile: the kernel counts them, too.
    assert abs(records[-1]["kernel_change"] - records[-1]["memory_change"]) <= 4 * 4096
    objects = dill.lines(dill.run("diff", tmp_path / "before.db", tmp_path / "after.db", "--objects", "--json"))
    assert [row["change"] for row in objects if row["cache"] == "large_kmalloc"] == ["appeared"] * 4


@pytest.mark.parametrize("case", on("nodes"), ids=str)
def test_nodes(case, pool):
    """Each node's counters are those that the kernel tells of it."""
    with pool.lend(case) as guest:
        for node in range(2):
            name = f"/sys/devices/system/node/node{node}/meminfo"
            for _ in range(8):
                guest.run("echo 1 >/proc/sys/vm/stat_refresh")
                kinds, readings = looked_at(guest, [name], lambda: census(Program(guest), "--by", "node"))
                assert [record["node"] for record in kinds["census_kernel"]] == [0, 1]
                record = kinds["census_kernel"][node]
                check_sums(record)
                ours, told = (record["reclaimable"], record["unreclaimable"]), [counters(reading[name]) for reading in readings]
                if ours in told and record["unexplained"] == 0:
                    break
            assert ours in told and record["unexplained"] == 0


@pytest.mark.parametrize("case", on("plain", series=("6.12",), spoils=True), ids=str)
def test_module_with_large_blocks(case, pool):
    """1,500 blocks of 64 KiB that a module holds."""
    with pool.lend(case) as guest:
        def blocks():
            rows = census(Program(guest), "large_kmalloc").get("census_large", [])
            return {row["size"]: row["blocks"] for row in rows}

        before = blocks()
        try:
            insert(guest, "heaptest", "large=1500")
        except ModuleUnavailable as reason:
            pytest.skip(str(reason))
        assert blocks()[65536] == before.get(65536, 0) + 1500
        [record] = census(Program(guest))["census_kernel"]
        assert record["large_memory"] >= 1500 * 65536 and abs(record["unexplained"]) <= 16 * PAGE
