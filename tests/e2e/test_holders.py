# SPDX-License-Identifier: MIT
"""Who holds objects, and which are lost: against chains that every process has, and what a module loses."""
import pytest

from conftest import Program
from tests.guest.modules import ModuleUnavailable, insert
from tests.matrix import on

LOST = 2000


def member(dill, task, name):
    """A pointer of a task_struct, as kstruct reads it."""
    return next(row["value"] for row in dill.json("kstruct", "task_struct", name, f"@{task}") if "value" in row)


@pytest.mark.parametrize("case", on("plain", by_default=("7.2",)), ids=str)
def test_the_way_to_a_processs_files(case, pool):
    """files_struct of process 1: the task that points to it, in the member of that name, and a way without a gap."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Program(guest)
        task = dill.json("ktask", "1")[0]["task"]
        files = member(dill, task, "files")
        held, *rows = dill.json("kwhy", str(files), "--all")
        assert (held["type"], held["reached"], held["state"]) == ("struct files_struct", True, "live")
        direct = [row for row in rows if "step" not in row]
        assert held["holders"] == len(direct) and held["retained_objects"] >= 1
        assert any((row.get("holder"), row.get("type"), row.get("member")) == (task, "struct task_struct", "files") for row in direct)
        way = [row for row in rows if "step" in row]
        assert [row["step"] for row in way] == list(range(len(way)))
        assert "holder" not in way[0] and way[0]["kind"] != "object"
        for before, after in zip(way, way[1:]):
            assert before["to"] == after["holder"]
        assert way[-1]["to"] == files
        assert len(dill.json("kwhy", files, "--depth", "1")) == min(len(way), 1) + 1
        # init_task is a variable, from which all tasks can be reached.
        [held, first, *_] = dill.json("kwhy", task)
        assert held["type"] == "struct task_struct" and first["kind"] in ("symbol", "percpu", "module")


@pytest.mark.parametrize("case", on("plain", by_default=("7.2",)), ids=str)
def test_nothing_is_lost_on_an_idle_guest(case, pool):
    """No more than one object of a thousand, and none beyond doubt."""
    with pool.lend(case) as guest:
        guest.stop()
        done = Program(guest).run("kleak", "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        total = Program.lines(done)[-1]
        print(f"{case}: {total['lost']} of {total['objects']} objects are not reached")
        assert total["objects"] > 10000 and total["lost"] <= total["objects"] / 1000 and not total["certain"]
        assert total["unreadable"] == 0


@pytest.mark.parametrize("case", on("plain", series=("6.12",), spoils=True), ids=str)
def test_what_a_module_loses(case, pool):
    """rmmod of a module that keeps no pointer to its objects: nearly all of them are lost, and nothing else is certain."""
    with pool.lend(case) as guest:
        try:
            insert(guest, "heaptest", f"leaked={LOST}")
        except ModuleUnavailable as reason:
            pytest.skip(str(reason))
        guest.run("rmmod heaptest")
        guest.stop()
        done = Program(guest).run("kleak", "--json")
        assert done.returncode == 1, done.stderr + done.stdout
        *rows, total = Program.lines(done)
        [row] = [row for row in rows if row["cache"].endswith("heaptest")]
        print(f"{case}: {row['objects']} of {LOST} are found, and {total['lost'] - row['objects']} others")
        assert row["objects"] >= LOST * 0.99 and row["sure"] == "certain" and row["object_size"] == 112
        assert total["certain"] == row["objects"] and total["lost"] - row["objects"] <= total["objects"] / 1000
        held = Program(guest).json("kwhy", row["object"])
        assert len(held) == 1 and not held[0]["reached"]


@pytest.mark.parametrize("case", on("plain", by_default=("7.2",)), ids=str)
def test_no_object(case, pool):
    """One line, status 2."""
    with pool.lend(case) as guest:
        guest.stop()
        done = Program(guest).run("kwhy", "jiffies")
        assert done.returncode == 2 and "lies in no object of the heap" in done.stderr and done.stderr.count("\n") == 1
