# SPDX-License-Identifier: MIT
"""kobj's turn of every free object against knext's lists of the same stopped guest: whatever hands the objects out."""
import json
import subprocess

import pytest

from conftest import ROOT
from tests.guest.messages import Messages
from tests.matrix import MOST, ONE, message_cache, on

BATCH = 30
OBJECTS_MAX = 300  # of a cache, from all over its lists
CASES = [
    *on("plain", by_default=MOST), *on("debug", "nodes"),
    *on("single", "debug-one", "offline", "high", series=("6.12", "7.2"), by_default=ONE),
    *on("plain", series=("7.2-tiny",)),  # SLUB_TINY: no CPU takes a slab
]


def ask(guest, lines):
    """The records that these lines print, through one connection."""
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}"]
    done = subprocess.run(command, input="".join(lines), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def orders(guest, cache, cpus):
    """CPU -> object -> (position, certain, engine), as knext lists them."""
    lists = {}
    for cpu in cpus:
        records = ask(guest, [f"knext --json {cache} -n 100000 -c {cpu}\n"])
        engine = next(record["engine"] for record in records if record["record"] == "knext")
        lists[cpu] = {}
        for record in records:
            if record["record"] == "next":
                lists[cpu].setdefault(record["object"], (record["position"], record["certain"], engine))
    return lists


def answers(guest, objects):
    """Object -> what kobj says of it."""
    lines = [f"kobj --json {' '.join(objects[i : i + BATCH])}\n" for i in range(0, len(objects), BATCH)]
    return {record["address"]: record for record in ask(guest, lines) if record["record"] == "object"}


def check(record, lists, alone):
    """One object's turn is the position in the list of the CPU that is named, and no list has it where none is told."""
    object_, having = record["address"], [cpu for cpu in lists if record["address"] in lists[cpu]]
    if "ahead" not in record:
        assert record["ahead_why"]
        assert not having or record["place_text"].startswith("CPU") and "offline" in record["ahead_why"], record
        return
    position, certain, engine = lists[record["ahead_cpu"]][object_]
    assert record["ahead"] == position, record
    shared = record["place"] in ("barn", "node_partial") or engine == "sheaves_on_cpu_slabs" and "sheaf" not in record["place"]
    if certain and (alone or engine == "slabs" or not shared):
        assert record["ahead_exact"], record
        return
    assert not record["ahead_exact"] and record["ahead_why"], record
    if not shared:
        return
    # Of those that can get it, the one that it is nearest to; what is certain before what is not.
    assert (not certain, position) == min((not lists[cpu][object_][1], lists[cpu][object_][0]) for cpu in having), record


@pytest.mark.parametrize("case", CASES, ids=str)
def test_turns_are_the_positions_of_knext(case, pool):
    """Whichever engine hands them out, on however many CPUs and nodes."""
    with pool.lend(case) as guest:
        Messages(guest, (140, 400), (900, 120), free_every=3)
        cpus = [int(line.split()[-1]) for line in guest.run("grep ^processor /proc/cpuinfo").splitlines()]
        guest.stop()
        turns = 0
        # Without sysfs a merged cache has the name of the other one.
        named = {record["name"] for record in ask(guest, ["kcache --json\n"]) if record["record"] == "cache"}
        others = [name for name in ("kmalloc-64", "dentry", "kmem_cache_node") if name in named]
        for cache in (message_cache(case.series, "192"), message_cache(case.series, "1k"), *others):
            lists = orders(guest, cache, cpus)
            free = list(dict.fromkeys(object_ for cpu in cpus for object_ in lists[cpu]))
            free = free[:: len(free) // OBJECTS_MAX + 1]
            found = answers(guest, free)
            assert set(found) == set(free)
            for record in found.values():
                check(record, lists, len(cpus) == 1)
            turns += sum("ahead" in record for record in found.values())
        assert turns >= 100
