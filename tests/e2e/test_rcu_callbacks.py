# SPDX-License-Identifier: MIT
"""kfree_rcu() without batches: each object is a callback of RCU, in lists that the test walks itself.

Debian's kernels have batches. But the function that frees these objects elsewhere, kvfree_rcu_cb(), is in the newer ones, too,
and does with an inode what its own callback would: the test puts it in the place of that. A kernel without SMP (TINY_RCU) has one
list for all, and before that function came it took the distance of the callback in its object for one.
"""
import random
import struct
import time

import pytest

from conftest import Program
from test_types import dill_members
from tests.guest.memory import kallsyms
from tests.guest.stub import Stub
from tests.matrix import on

ENOUGH = 20
PATIENCE_S = 300
CALLBACKS_MAX = 100_000
# A guest that its monitor has stopped runs on behind a look in a new QEMU.
STAY = ("--leave-stopped",)
# Inodes and more go to call_rcu() all the time.
BUSY = "while :; do for i in $(seq 50); do : >/tmp/busy$i; done; rm /tmp/busy*; done"


def walk(stub, pointer):
    """Head and function of each callback on the list of a stopped guest."""
    [head] = struct.unpack("<Q", stub.read(pointer, 8))
    for _ in range(CALLBACKS_MAX):
        if not head:
            return
        following, function = struct.unpack("<2Q", stub.read(head, 16))
        yield head, function
        head = following
    raise AssertionError("a list of callbacks has no end")


def find_callbacks(guest, symbols, first, function):
    """Head of each callback with this function -> its CPU and place on the list there, which begins at *first* in rcu_data."""
    found = {}
    with Stub(guest) as stub:
        for cpu, offset in enumerate(struct.unpack("<2Q", stub.read(symbols["__per_cpu_offset"], 16))):
            own = (offset + symbols["rcu_data"] + first) % (1 << 64)
            for place, (head, called) in enumerate(walk(stub, own)):
                if called == function:
                    found[head] = cpu, place
    return found


def find_on_percpu_lists(guest, symbols, function):
    """As find_callbacks()."""
    first = dill_members(guest, "rcu_data")["cblist"][0] + dill_members(guest, "rcu_segcblist")["head"][0]
    return find_callbacks(guest, symbols, first, function)


def find_on_only_list(guest, symbols, function):
    """Head of each callback with this function -> its place on the list of TINY_RCU."""
    with Stub(guest) as stub:
        callbacks = enumerate(walk(stub, symbols["rcu_ctrlblk"]))
        return {head: place for place, (head, called) in callbacks if called == function}


def stop_with_callbacks(guest, symbols, function, find=find_on_percpu_lists):
    """Stop a busy guest when enough callbacks have this function; what @find says of them."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        # Time to run: a guest that goes on between two stops at once hardly moves on a busy machine.
        time.sleep(random.uniform(0.05, 1))
        guest.stop()
        heads = find(guest, symbols, function)
        if len(heads) >= ENOUGH:
            return heads
        guest.cont()
    raise AssertionError(f"there were never {ENOUGH} callbacks at once")


def set_functions(guest, heads, function):
    """What the callbacks are, in the memory of the stopped guest."""
    with Stub(guest) as stub:
        for head in heads:
            stub.write(head + 8, struct.pack("<Q", function))


def objects_of(guest, heads):
    """Head -> the record of the object that it lies in."""
    done = Program(guest).run(*STAY, "kobj", *(f"{head:#x}" for head in heads), "--json")
    assert done.returncode == 0, done.stderr
    return dict(zip(heads, (record for record in Program.lines(done) if record["record"] == "object"), strict=True))


def census(dill):
    """kcensus's sum of all caches; a stopped CPU may be amid a list, which is a finding then."""
    [total] = [record for record in dill.json(*STAY, "kcensus") if record["record"] == "census_total"]
    return total


def distances(heads, records):
    """Head -> how far it lies in its object."""
    return {head: head - int(records[head]["object"], 16) for head in heads}


@pytest.mark.parametrize("case", on("plain", series=("6.12-up", "7.2-up"), by_default=("6.12-up",)), ids=str)
def test_objects_of_the_only_list(case, pool):
    """The same on the list of the only CPU, whose head has no other name; the kernel takes them for what they then are."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        busy = guest.spawn(f"sh -c '{BUSY}'")
        heads = stop_with_callbacks(guest, symbols, symbols["i_callback"], find_on_only_list)
        before = objects_of(guest, heads)
        assert {record["state"] for record in before.values()} == {"live"}
        total = census(Program(guest))
        by_function = symbols.get("kvfree_rcu_cb")
        for head, distance in distances(heads, before).items():
            set_functions(guest, [head], by_function or distance)
        after = objects_of(guest, heads)
        for head, record in after.items():
            assert (record["state"], record["place"], record["place_position"]) == ("waiting", "kfree_rcu_callback", heads[head]), record
        now = census(Program(guest))
        assert now["waiting"] - total["waiting"] == total["live"] - now["live"] == len(heads)
        guest.cont()
        busy.kill()
        guest.run("sleep 2; dmesg | (! grep -E 'BUG|WARNING')")


@pytest.mark.parametrize("case", on("swift", series=("7.2", "7.2-tiny")), ids=str)
def test_objects_wait_and_are_freed(case, pool):
    """All of them are waiting, where the test found them, are counted so, and a trace sees how each is freed."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        busy = guest.spawn(f"sh -c '{BUSY}'")
        heads = stop_with_callbacks(guest, symbols, symbols["i_callback"])
        dill = Program(guest)
        before = objects_of(guest, heads)
        assert {record["state"] for record in before.values()} == {"live"}
        total = census(dill)
        set_functions(guest, heads, symbols["kvfree_rcu_cb"])
        after = objects_of(guest, heads)
        for head, record in after.items():
            assert (record["state"], record["place"]) == ("waiting", "kfree_rcu_callback"), record
            assert (record["place_cpu"], record["place_position"]) == heads[head]
        now = census(dill)
        assert now["waiting"] - total["waiting"] == total["live"] - now["live"] == len(heads)
        done = dill.run(*STAY, "kcheck")
        assert done.returncode == 0, done.stdout
        events = dill.json("trace", "-t", "20", "--cache", next(iter(after.values()))["cache"])
        busy.kill()
    freed = [event["object"] for event in events if event["record"] == "trace_event" and event["event"] == "free"]
    assert all(freed.count(record["object"]) >= 1 for record in after.values())
