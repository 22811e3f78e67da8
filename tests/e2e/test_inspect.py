# SPDX-License-Identifier: MIT
"""The inspection commands against the guest's own word."""
import collections
import json
import re
import subprocess

import pytest

from conftest import ROOT, Program
from tests.guest.kernels import SERIES
from tests.guest.snapshot import looked_at
from tests.matrix import ONE, kernels, on

pytestmark = kernels(*SERIES)

# What free objects wait in; all later kernels have sheaves alone.
ENGINES = {**dict.fromkeys(("5.10", "6.1", "6.12", "6.12-arm64"), "per-CPU slabs"), "6.18": "sheaves over per-CPU slabs"}


# Where the kernel is linked, CONFIG_PHYSICAL_START and KIMAGE_VADDR.
LINKED = {"amd64": 0xFFFFFFFF81000000, "arm64": 0xFFFF800080000000}


def slabinfo(text):
    """/proc/slabinfo as {name: (active, objects, size, objects_per_slab, pages, slabs)}."""
    rows = {}
    for line in text.splitlines()[2:]:
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


def compare_with_slabinfo(dill, guest):
    """Every cache's row is exactly what the guest itself counts, in one of a few looks.

    A cache counts when dill's row is one of those that the guest read around the look; a kernel thread may change one
    in between, so the others are looked at again.
    """
    still = None
    for _ in range(8):
        seen, readings = looked_at(guest, ["/proc/slabinfo"], lambda: caches(dill))
        tables = [slabinfo(reading["/proc/slabinfo"]) for reading in readings]
        assert tables
        if still is None:
            assert list(seen) == list(tables[-1])
            still = set(seen)
        still -= {name for name in still if any(table[name] == row(seen[name]) for table in tables)}
        if not still:
            return
    assert {name: row(seen[name]) for name in still} == {name: tables[-1][name] for name in still}


def test_every_cache_is_in_slabinfo(dill, guest):
    """Names in order, sizes and counters."""
    compare_with_slabinfo(dill, guest)


# File in /sys/kernel/slab/NAME -> dill's field. Since 7.0 CPUs have no slabs: the file says 0, dill says nothing.
SYSFS = {
    "object_size": "object_size",
    "slab_size": "size",
    "order": "order",
    "objs_per_slab": "objects_per_slab",
    "slabs": "slabs",
    "total_objects": "objects",
    "objects": "active",
    "partial": "partial_slabs",
    "cpu_slabs": "cpu_slabs",
}


def sysfs_row(reading, name):
    """A cache's counters as /sys/kernel/slab has them; behind the total stands what each node has."""
    return tuple(int(reading[f"/sys/kernel/slab/{name}/{file}"].split()[0]) for file in SYSFS)


def test_empty_cache(dill, guest):
    """What its objects are is said in words, not left open."""
    empty = [name for name, (_, objects, *_) in slabinfo(guest.run("cat /proc/slabinfo")).items() if objects == 0]
    text = dill.run("kcache", empty[0]).stdout
    assert re.search(r"^  objects are +none: the cache is empty$", text, re.MULTILINE), text


def test_every_cache_is_in_sysfs(dill, guest):
    """Sizes, slabs, objects, partial slabs and slabs on CPUs of every cache."""
    names = [name for name in guest.run("cut -d' ' -f1 /proc/slabinfo").split("\n")[2:] if name]
    paths = ["/proc/version", *(f"/sys/kernel/slab/{name}/{file}" for name in names for file in SYSFS)]
    still = set(names)
    for _ in range(8):
        records, readings = looked_at(guest, paths, lambda: dill.json("kcache", "*", "--counts"))
        found = {record["name"]: record for record in records if record["record"] == "cache"}
        seen = {name: tuple(record.get(field, 0) for field in SYSFS.values()) for name, record in found.items()}
        still -= {name for name in still if any(sysfs_row(reading, name) == seen[name] for reading in readings)}
        if not still:
            return
    assert {name: seen[name] for name in still} == {name: sysfs_row(readings[-1], name) for name in still}


def parts_of(record):
    """Objects of a cache by state, added up from its parts; those that wait outside the CPUs' sheaves are not among them."""
    cached = free = waiting = 0
    for cpu in record["cpus"]:
        cached += cpu.get("freelist_count", 0)
        free += sum(slab["freelist_count"] for slab in cpu.get("active_slab", []) + cpu.get("partial", []))
        cached += sum(sheaf["size"] for sheaf in cpu.get("main", []) + cpu.get("spare", []))
        waiting += sum(sheaf["size"] for sheaf in cpu.get("rcu_free", []))
    for node in record["nodes"]:
        free += sum(slab["freelist_count"] for slab in node.get("partial", []))
        cached += sum(sheaf["size"] for sheaf in node.get("barn_full", []) + node.get("barn_empty", []))
    return cached, free, waiting


def test_parts_of_every_cache_agree(dill):
    """What is shown slab by slab and sheaf by sheaf adds up to the counters, for every cache."""
    for record in dill.json("kcache", "*"):
        assert record["record"] == "cache", record
        cached, free, waiting = parts_of(record)
        assert (record["cached"], record["free"]) == (cached, free)
        assert record["waiting"] >= waiting
        states = ("live", "cached", "free", "waiting", "unknown")
        assert sum(record[state] for state in states) == record["objects"]
        assert record["unknown"] == 0
        if "cpu_slabs" in record:
            assert record["cpu_slabs"] == sum(len(cpu["active_slab"]) + cpu["partial_slabs"] for cpu in record["cpus"])
        for node in record["nodes"]:
            assert len(node["partial"]) == node["nr_partial"]
            for slab in node["partial"]:
                assert slab["freelist_count"] == slab["objects"] - slab["inuse"] == len(set(slab["freelist"]))


def test_symbols_agree_with_kallsyms(guest):
    """Addresses of some hundred symbols, picked evenly over the whole kernel."""
    lines = [line.split() for line in guest.run("cat /proc/kallsyms").splitlines()]
    times = collections.Counter(word[2] for word in lines)
    # Of several symbols with one name dill takes the lowest; modules' symbols are in other tables.
    plain = [word for word in lines if word[1] in "tTdDbBrR" and times[word[2]] == 1 and len(word) == 3]
    chosen = plain[:: len(plain) // 400]
    names = [name for _, _, name in chosen]
    script = "".join(f"kobj {' '.join(names[at:at + 30])} --json\n" for at in range(0, len(names), 30))
    done = subprocess.run([ROOT / "build/dill", "-r", f":{guest.gdb_port}"], input=script, capture_output=True, text=True, check=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    seen = [int(record["address"], 16) for record in records if record["record"] == "object"]
    assert len(chosen) >= 400
    assert seen == [int(address, 16) for address, _, _ in chosen], done.stderr


def test_kbase_agrees_with_kallsyms(dill, guest):
    """_text and the banner."""
    record = dill.json("kbase")[0]
    assert int(record["base"], 16) == int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    assert record["banner"].startswith(guest.run("cat /proc/version").strip()[:60])
    assert int(record["base"], 16) - int(record["slide"], 16) == LINKED[guest.kernel.architecture]


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


def test_kstruct_string_literal(dill):
    """A text is shown as such; no symbol is made responsible for what has none, and functions have theirs."""
    records = dill.json("kstruct", "file_system_type", "@sock_fs_type")
    members = {record["name"]: record for record in records if record.get("name")}
    assert members["name"]["string"] == "sockfs" and "symbol" not in members["name"]
    assert members["kill_sb"]["symbol"] == "kill_anon_super"
    literal = dill.json("kobj", members["name"]["value"])[0]
    assert literal["section"] == ".rodata" and "kallsyms" not in literal.get("symbol", "")


def test_kstruct_member(dill):
    """The offsets of a struct that no kernel changes."""
    record = dill.json("kstruct", "list_head", "prev")[0]
    assert (record["type"], record["member"]) == ("struct list_head", "prev") or record["member"] == "prev"
    assert (record["offset"], record["size"]) == (8, 8)


@pytest.mark.parametrize(
    "words",
    (("kcache", "kmalloc-46"), ("kstruct", "task_strct"), ("kstruct", "task_struct", "nothing"), ("ktask", "99999999"),
     ("kcache", "--cpu", "77", "kmalloc-64"), ("kcache", "--nonsense"), ("kstruct", "list_head", "@0x10"),
     ("kobj", "0xffff_nonsense"), ("kslab", "0x10"), ("knext", "no-such-cache"), ("kcheck", "no-such-cache")),
)
@kernels(*ONE)
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


def test_guest_is_left_stopped(guest):
    """With --leave-stopped it stays stopped, after an answer and after an error; it runs on when it is told to."""
    program = Program(guest)
    for words in (("kbase",), ("kcache", "nope")):
        assert guest.is_running()
        program.run("--leave-stopped", *words)
        assert not guest.is_running()
        assert program.run("--leave-stopped", "ktask", "1").returncode == 0
        assert not guest.is_running()
        guest.cont()
    assert guest.run("echo alive") == "alive\n"


def uses_kfence(guest):
    """Whether KFENCE was started: Debian's kernels have it compiled in, and do not start it."""
    return guest.run("cat /sys/module/kfence/parameters/sample_interval 2>/dev/null || echo 0") != "0\n"


@pytest.mark.parametrize("case", on("debug", "kfence", series=("6.12", "7.2")), ids=str)
def test_info_tells_what_is_used(case, pool):
    """Not what the kernel's types would allow: with debugging of all caches nothing is cached per CPU."""
    with pool.lend(case) as guest:
        records = Program(guest).json("info")
        features = {record["feature"]: record["present"] for record in records if record["record"] == "feature"}
        if case.flavour == "debug":
            assert records[0]["engine"].startswith("slabs alone")
            assert not any(features[name] for name in ("cpu_partial", "rcu_sheaves", "refill_in_order", "per_node_barns"))
        assert features["kfence"] == uses_kfence(guest) == (case.flavour == "kfence")


def test_info(dill, guest):
    """What is there, and every check of dill's understanding passes."""
    records = dill.json("info")
    info = records[0]
    assert info["banner"].startswith("Linux version " + guest.kernel.release)
    assert (info["cpus"], info["cpus_online"]) == (2, 2)
    assert info["caches"] == len(guest.run("cat /proc/slabinfo").splitlines()) - 2
    assert info["engine"].startswith(ENGINES.get(guest.kernel.series.removesuffix("-rt"), "per-CPU sheaves"))
    assert info["locks"] == "say themselves whether they are held"
    checks = {record["check"]: record["result"] for record in records if record["record"] == "self_check"}
    assert len(checks) == 6
    assert set(checks.values()) == {"passed"}, records
    features = {record["feature"]: record["present"] for record in records if record["record"] == "feature"}
    assert features["freelist_hardened"] == guest.kernel.has_config("SLAB_FREELIST_HARDENED")
    assert features["freelist_random"] == guest.kernel.has_config("SLAB_FREELIST_RANDOM")
    assert features["kfence"] == uses_kfence(guest)
    assert features["slab_counters"] == guest.kernel.has_config("SLUB_DEBUG")
