# SPDX-License-Identifier: MIT
"""The inspection commands against the guest's own word."""
import re

import pytest


def slabinfo(guest):
    """/proc/slabinfo as {name: (active, objects, size, objects_per_slab, pages, slabs)}."""
    rows = {}
    for line in guest.run("cat /proc/slabinfo").splitlines()[2:]:
        word = line.split()
        rows[word[0]] = (*map(int, word[1:6]), int(word[14]))
    return rows


def row(record):
    """A cache's record in the terms of /proc/slabinfo."""
    return (
        record["active"],
        record["objects"],
        record["size"],
        record["objects_per_slab"],
        1 << record["order"],
        record["slabs"],
    )


def caches(dill):
    """All caches by name."""
    return {record["name"]: record for record in dill.json("kcache") if record["record"] == "cache"}


def test_every_cache_is_in_slabinfo(dill, guest):
    """Names and sizes are equal; counters are, of every cache that the guest did not use in between."""
    before, seen, after = slabinfo(guest), caches(dill), slabinfo(guest)
    assert list(seen) == list(before)
    quiet = [name for name in before if before[name] == after[name]]
    assert len(quiet) > len(before) / 2
    assert {name: row(seen[name]) for name in quiet} == {name: before[name] for name in quiet}
    for name, expected in before.items():
        assert row(seen[name])[2:5] == expected[2:5]


@pytest.mark.parametrize("name", ("kmalloc-64", "dentry", "kmem_cache"))
def test_sums_of_a_cache_agree_with_sysfs(dill, guest, name):
    """The slabs on CPUs and nodes are what /sys/kernel/slab counts."""
    def sysfs(file):
        return int(guest.run(f"cat /sys/kernel/slab/{name}/{file}").split()[0])

    record = dill.json("kcache", name)[0]
    assert record["object_size"] == sysfs("object_size")
    assert record["size"] == sysfs("slab_size")
    assert record["order"] == sysfs("order")
    on_cpus = sum(len(cpu["active_slab"]) + cpu["partial_slabs"] for cpu in record["cpus"])
    assert record["cpu_slabs"] == on_cpus
    for node in record["nodes"]:
        assert len(node["partial"]) == node["nr_partial"]
        for slab in node["partial"]:
            assert slab["freelist_count"] == slab["objects"] - slab["inuse"]


def test_kbase_agrees_with_kallsyms(dill, guest):
    """_text and the banner."""
    record = dill.json("kbase")[0]
    assert int(record["base"], 16) == int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    assert record["banner"].startswith(guest.run("cat /proc/version").strip()[:60])
    assert int(record["base"], 16) - int(record["slide"], 16) == 0xFFFFFFFF81000000


def test_ktask_agrees_with_proc(dill, guest):
    """Every process of the guest, but for those that came or went."""
    def processes():
        text = guest.run("for p in /proc/[0-9]*; do grep -HE '^(Name|Tgid|PPid):' $p/status; done 2>/dev/null; true")
        found = {}
        for pid, key, value in re.findall(r"/proc/(\d+)/status:(\w+):\t(.*)", text):
            found.setdefault(int(pid), {})[key] = value
        return found

    before = processes()
    seen = {record["pid"]: record for record in dill.json("ktask") if record["record"] == "task"}
    lasting = set(before) & set(processes())
    assert len(lasting) > 20
    assert lasting <= set(seen)
    for pid in lasting:
        assert seen[pid]["tgid"] == int(before[pid]["Tgid"])
        assert seen[pid]["parent_pid"] == int(before[pid]["PPid"])
        # status adds what a kernel worker does to its name
        assert before[pid]["Name"].startswith(seen[pid]["comm"].rstrip("+-")) or seen[pid]["comm"] in before[pid]["Name"]


def test_kstruct_member(dill):
    """The offsets of a struct that no kernel changes."""
    record = dill.json("kstruct", "list_head", "prev")[0]
    assert (record["type"], record["member"]) == ("struct list_head", "prev") or record["member"] == "prev"
    assert (record["offset"], record["size"]) == (8, 8)


@pytest.mark.parametrize(
    "words",
    (("kcache", "kmalloc-46"), ("kstruct", "task_strct"), ("kstruct", "task_struct", "nothing"), ("ktask", "99999999"),
     ("kcache", "--cpu", "77", "kmalloc-64"), ("kcache", "--nonsense")),
)
def test_wrong_input_is_one_line(dill, words):
    """One clear line, and a status that is not 0."""
    done = dill.run(*words)
    # gdb without a program remarks on that first
    remark = "warning: No executable has been specified and target does not support\ndetermining executable automatically."
    said = done.stderr.replace(remark + '  Try using the "file" command.\n', "").strip()
    assert len(said.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr and "Python" not in done.stderr
    if type(dill).__name__ == "Program":
        assert done.returncode == 2


def test_guest_runs_afterwards(dill, guest):
    """A guest that ran runs, one that was stopped stays stopped."""
    dill.run("kbase")
    assert guest.is_running()
    if type(dill).__name__ == "Program":
        guest.stop()
        dill.run("kbase")
        assert not guest.is_running()
        guest.cont()
