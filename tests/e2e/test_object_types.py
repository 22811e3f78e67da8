# SPDX-License-Identifier: MIT
"""What objects are: against what the code that has allocated them asks for, by the kernel's source (tests/allocation_sites.py)."""
import collections
import re

import pytest

from conftest import Program
from tests.allocation_sites import sites
from tests.matrix import MOST, on

# Files, pipes, processes: what a machine does.
LOAD = (
    "mount -t proc proc /proc 2>/dev/null; mount -t sysfs sysfs /sys 2>/dev/null; mkdir -p /tmp/many; "
    "for i in 1 2 3 4 5 6 7 8 9; do mkdir -p /tmp/many/$i; echo $i > /tmp/many/$i/file; cat /tmp/many/$i/file; done >/dev/null; "
    "cat /proc/self/mounts /proc/slabinfo | sort | uniq > /tmp/many/text"
)
# At least this part of kmalloc()'s objects and of all bytes must be named, and this part of the named be right.
KMALLOC, BYTES, RIGHT = 0.70, 0.78, 0.98


def plain(name):
    """A type without "struct" and the brackets of arrays."""
    return re.sub(r"^(struct|union) | (?=\*)|\[\]$", "", re.sub(r"\[\]$", "", name))


def objects(guest):
    """The guest's live objects with their types."""
    return Program(guest).json("kcensus", "--objects", "--types")


def is_named(row):
    """Whether its type is told, as a whole."""
    return "type" in row and row["type_trust"] != "begins"


@pytest.mark.parametrize("case", on("debug", by_default=MOST), ids=str)
def test_types_are_what_was_allocated(case, pool):
    """Most objects have a type, and those of sites that the test knows have the right one."""
    known, wrong = sites(), collections.Counter()
    with pool.lend(case) as guest:
        guest.run(LOAD)
        guest.stop()
        rows = [row for row in objects(guest) if row["record"] == "census_object"]
    named = [row for row in rows if is_named(row)]
    kmalloc = [row for row in rows if "kmalloc-" in row["cache"]]
    share = sum(map(is_named, kmalloc)) / len(kmalloc)
    share_of_bytes = sum(row["object_size"] for row in named) / sum(row["object_size"] for row in rows)
    judged = 0
    for row in named:
        function = re.split(r"[+.]", row.get("site", ""))[0]
        if function in known:
            judged += 1
            if plain(row["type"]) not in known[function]:
                wrong[function, row["type"], row["type_source"]] += 1
    right = 1 - sum(wrong.values()) / judged
    print(f"{case}: {share:.1%} of {len(kmalloc)} kmalloc objects and {share_of_bytes:.1%} of all bytes are named; "
          f"{right:.2%} of {judged} judged are right; wrong: {dict(wrong)}")
    assert judged > 10000 and right >= RIGHT
    assert share >= KMALLOC and share_of_bytes >= BYTES


@pytest.mark.parametrize("case", on("plain", by_default=("7.2",)), ids=str)
def test_kobj_says_what_an_object_is(case, pool):
    """Of a chain that each process has: task_struct.files and task_struct.signal."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Program(guest)
        task = dill.json("ktask", "1")[0]["task"]
        for member, name in (("files", "files_struct"), ("signal", "signal_struct")):
            rows = dill.json("kstruct", "task_struct", member, f"@{task}")
            address = next(row["value"] for row in rows if "value" in row)
            answer = dill.json("kobj", "--type", address)[0]
            assert answer["type"] == f"struct {name}" and answer["type_trust"] in ("certain", "likely"), answer
        answer = dill.json("kobj", "--type", f"{int(task, 16) + 8:#x}")[0]
        assert (answer["type"], answer["type_source"], answer["type_trust"]) == ("struct task_struct", "cache", "certain")
        # Without --type what the cache's name tells.
        assert dill.json("kobj", task)[0]["type"] == "struct task_struct"
        shown = dill.run("kobj", address, "--as", "auto").stdout
        assert "struct signal_struct at" in shown


@pytest.mark.parametrize("case", on("plain", by_default=("7.2",)), ids=str)
def test_wrong_words(case, pool):
    """One line, status 2."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Program(guest)
        for words, text in (
            (["kcensus", "--types"], "--types goes with --objects"),
            (["kobj", "jiffies", "--as", "auto"], "--as auto: it is not known what"),
        ):
            done = dill.run(*words)
            assert done.returncode == 2 and text in done.stderr and done.stderr.count("\n") == 1, done.stderr
