# SPDX-License-Identifier: MIT
"""Why objects are unknown is said by every command: here because one list of kfree_rcu() cannot be read."""
import struct

import pytest

from conftest import Program
from test_types import dill_members
from tests.guest.memory import Memory, kallsyms
from tests.guest.stub import Stub
from tests.matrix import on

NOWHERE = 0xFFFFDEAD00000000
WHY = "CPU 0's list of kfree_rcu()"


def gap(records):
    """The one gap among them, and what it says."""
    [record] = [record for record in records if record["record"] == "gap"]
    assert record["why"] == WHY and WHY in record["text"]
    return record


@pytest.mark.parametrize("case", on("plain", series=("6.12", "7.2"), spoils=True), ids=str)
def test_unreadable_list(case, pool, tmp_path):
    """A page that the answer needs is missing, as in a dump without it: states are unknown, for a reason."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        guest.stop()
        dill = Program(guest)
        members = dill_members(guest, "kfree_rcu_cpu")
        dill.json("export", tmp_path / "before.db")
        with Memory(guest, symbols) as memory, Stub(guest) as stub:
            stub.write(memory.per_cpu[0] + symbols["krc"] + members["head"][0], struct.pack("<Q", NOWHERE))
        done = dill.run("kcensus", "--json")
        rows = dill.lines(done)
        gap(rows)
        [total] = [row for row in rows if row["record"] == "census_total"]
        assert total["live"] == 0 and total["unknown"] > 1000
        objects = dill.lines(dill.run("kcensus", "dentry", "--objects", "--rows", "1", "--json"))
        gap(objects)
        for words in (["kcache"], ["kcache", "dentry", "--counts"], ["kmap", "dentry"], ["kslab", objects[0]["object"]],
                      ["kfind", "--string", "nowhere", "dentry"], ["export", tmp_path / "after.db"]):
            gap(dill.lines(dill.run(*words, "--json")))
            assert f"? objects on no list are unknown, as they may be live, or freed and in {WHY}" in dill.run(*words).stdout, words
        words = ("diff", tmp_path / "before.db", tmp_path / "after.db", "--json")
        assert gap(dill.lines(dill.run(*words)))["file"] == str(tmp_path / "after.db")
        assert dill.lines(dill.run("kobj", objects[0]["object"], "--json"))[0]["state"] == "unknown"
