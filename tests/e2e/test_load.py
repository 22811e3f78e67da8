# SPDX-License-Identifier: MIT
"""The heap of a guest that allocates on all CPUs, looked at in the middle of it."""
import random
import time

import pytest

from conftest import Program
from test_inspect import caches, parts_of, row, slabinfo
from tests.guest.snapshot import looked_at
from tests.matrix import on, times

PAUSES = times(20, 6)


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def busy(request, pool):
    """A guest under load on two CPUs."""
    with pool.lend(request.param) as guest:
        guest.spawn("load").wait_output(r"^ready")
        yield guest


def signal_load(guest, signal):
    """Send a signal to every process of the load, without starting another one. Some end meanwhile."""
    guest.run(f"for p in /proc/[0-9]*; do read n <$p/comm; case $n in load*) kill -{signal} ${{p#/proc/}};; esac; done 2>/dev/null; true")


def test_counters_when_the_load_is_frozen(busy):
    """Every cache's row against the guest's own, with the load stopped at random moments: a heap as it is left by it."""
    dill = Program(busy)
    dice = random.Random(1)
    for _ in range(PAUSES):
        signal_load(busy, "CONT")
        time.sleep(dice.uniform(0, 0.2))
        signal_load(busy, "STOP")
        still = None
        for _ in range(8):
            seen, readings = looked_at(busy, ["/proc/slabinfo"], lambda: caches(dill))
            tables = [slabinfo(reading["/proc/slabinfo"]) for reading in readings]
            still = set(seen) if still is None else still
            still -= {name for name in still if any(table[name] == row(seen[name]) for table in tables)}
            if not still:
                break
        assert {name: row(seen[name]) for name in still} == {name: tables[-1][name] for name in still}
    signal_load(busy, "CONT")


def test_sums_at_random_moments(busy):
    """All CPUs stopped wherever they are: states add up to the kernel's counter, and nothing is called broken."""
    dill = Program(busy)
    dice = random.Random(2)
    for _ in range(PAUSES):
        time.sleep(dice.uniform(0, 0.1))
        records = dill.json("kcache", "*")
        assert [record for record in records if record["record"] != "cache"] == []
        for record in records:
            cached, free, waiting = parts_of(record)
            assert (record["cached"], record["free"]) == (cached, free)
            assert record["waiting"] >= waiting
            assert record["unknown"] == 0
            assert record["live"] + cached + free + record["waiting"] == record["objects"]
