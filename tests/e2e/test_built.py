# SPDX-License-Identifier: MIT
"""Kernels of configurations that Debian lacks (tests/guest/built.py): what every one of them must pass."""
import pytest

from conftest import Gdb, Program
from test_inspect import compare_with_slabinfo
from tests.guest.built import BUILT
from tests.matrix import on


# VMCOREINFO takes /sys/firmware.
CASES = [
    case for series, build in BUILT.items() for case in on("plain" if build.has("FW_CFG_SYSFS") else "single", series=(series,))
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_built(case, pool):
    """kbase and every cache against the guest, through both doors; nothing in a healthy heap is broken."""
    with pool.lend(case) as guest:
        text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
        if guest.kernel.has_config("SLUB_DEBUG"):  # which /proc/slabinfo comes with
            compare_with_slabinfo(Program(guest), guest)
        for dill in (Program(guest), Gdb(guest)):
            assert int(dill.json("kbase")[0]["base"], 16) == text
            (states,) = (record for record in dill.json("kcensus") if record["record"] == "census_total")
            assert states["live"] > 1000 and states["unknown"] == 0
        [info, *records] = Program(guest).json("info")
        assert info["locks"].startswith("say themselves" if guest.kernel.has_config("SMP") else "have no bytes")
        if guest.kernel.has_config("SLUB_TINY"):  # types of sheaves are there, and nothing uses them
            assert info["engine"].startswith("slabs alone")
            features = {record["feature"]: record["present"] for record in records if record["record"] == "feature"}
            assert not any(features[name] for name in ("cpu_partial", "rcu_sheaves", "refill_in_order", "per_node_barns"))
            assert features["kfree_rcu_callbacks"] and not features["kfree_rcu_batches"]
        done = Program(guest).run("kcheck")
        assert done.returncode == 0, done.stdout
