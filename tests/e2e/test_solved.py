# SPDX-License-Identifier: MIT
"""A kernel without types: the layout of its heap is solved from memory, and each member is where the kernel's BTF has it.

The same without symbols of data, as in a kernel that lacks CONFIG_KALLSYMS_ALL, and without any symbols: where the list of
caches is, the CPUs' areas, direct map and memory map are found as well.
"""
import functools
import re
import subprocess

import pytest

from conftest import ROOT, Program
from test_inspect import compare_with_slabinfo
from test_types import pahole_members
from tests.guest.stub import Stub
from tests.matrix import on

# What an answer needs, and what is found on every kernel that has it; others may be left open.
SURE = {
    "cache_name", "cache_list", "cache_size", "cache_object_size", "cache_oo", "cache_min", "cache_offset", "cache_inuse",
    "node_partial", "node_nr_partial", "node_nr_slabs", "node_total_objects",
    "slab_cache", "slab_list", "slab_freelist", "slab_inuse", "slab_objects",
}  # fmt: skip
NO_COUNTERS = {"node_nr_slabs", "node_total_objects"}  # without SLUB_DEBUG
# Found besides, as the kernel has sheaves or slabs of CPUs; not where all caches have debugging, or there are none.
SHEAVES = {
    "cache_cpu_sheaves", "cache_sheaf_capacity", "pcs_main", "pcs_spare", "pcs_rcu_free",
    "sheaf_cache", "sheaf_link", "sheaf_rcu", "sheaf_size", "sheaf_objects", "barn_full", "barn_empty",
}  # fmt: skip
CPU_SLABS = {"cache_cpu_slab", "cpu_slab", "cpu_freelist"}
# What dill says of a cache with types and without. Of its flags since 6.9 some have numbers that only types tell.
SAME = ("name", "objects", "active", "free", "object_size", "size", "objects_per_slab", "order", "slabs", "partial_slabs")
# Without symbols of data it is not known where freed objects wait, and so none to be live.
STATES = ("live", "cached", "waiting", "unknown")

# What is hidden of the kernel.
HIDDEN = ("types", "types,data", "types,symbols")

# Structs that an array's elements are, which pahole does not show in place.
ARRAYS = {("kmem_cache", "per_node"): "kmem_cache_per_node_ptrs"}


class Hidden(Program):
    """The program, which must do without something of the kernel."""

    def __init__(self, guest, what):
        super().__init__(guest)
        self._what = what

    def run(self, *words):
        return super().run(f"--hide={self._what}", *words)

    def caches(self):
        """As kcache lists them."""
        done = self.run("kcache", "--json")
        assert done.returncode == 0, done.stderr
        return {record["name"]: record for record in self.lines(done) if record["record"] == "cache"}


@pytest.fixture(scope="module", params=[*on("plain", "debug"), *on("plain", series=("6.12-up", "7.2-tiny"))], ids=str)
def row(request):
    """A row of the matrix: also a kernel without SMP, and SLUB_TINY."""
    return request.param


@pytest.fixture(scope="module")
def still(row, pool):
    """A guest that stands still."""
    with pool.lend(row) as lent:
        lent.run("true")
        yield lent


@pytest.fixture(scope="module")
def btf(still, tmp_path_factory):
    """File with the BTF of the guest's kernel."""
    path = tmp_path_factory.mktemp("btf") / "vmlinux.btf"
    path.write_bytes(still.read_file("/sys/kernel/btf/vmlinux"))
    return path


@functools.cache
def listing(btf, name):
    """pahole's of a struct as {path: (offset, bit, size)}; empty where the kernel has none, or pahole cannot read it."""
    done = subprocess.run(["pahole", "-C", name, btf], capture_output=True, text=True, check=False)
    if not done.stdout:
        return {}
    members = pahole_members(done.stdout)
    # Members of a struct that is named, but no member's type: struct freelist_counters of 6.18.
    for unnamed, offset in re.findall(r"^\s*struct (\w+) ;\s*/\*\s*(\d+)", done.stdout, re.MULTILINE):
        members.update({path: (int(offset) + place[0], *place[1:]) for path, place in listing(btf, unnamed).items()})
    return members


def place_of(btf, name, path):
    """Byte at which a member begins, a bit-field's first bit in it."""
    members = listing(btf, name)
    first, _, rest = path.partition("[0].")
    if rest:  # an element of an array of structs
        return members[first][0] + place_of(btf, ARRAYS[name, first], rest) if first in members else None
    # pahole names a struct within, but not its members: all that are asked for are its first.
    place = members.get(path) or members.get(path.rpartition(".")[0]) or members.get(path.removesuffix("[0]"))
    return place[0] + (place[1] or 0) // 8 if place else None


def offsets(btf, structs, paths):
    """Of a member as pahole has it: the first of its names that this kernel knows; None where it has none."""
    found = (place_of(btf, name, path) for name in structs.split("|") for path in paths.split("|"))
    return next((offset for offset in found if offset is not None), None)


@pytest.mark.parametrize("what", HIDDEN)
def test_members_are_where_btf_has_them(row, still, btf, what):
    """None is wrong; few are left open."""
    still.stop()
    try:
        records = Hidden(still, what).json("info")
    finally:
        still.cont()
    solved = [record for record in records if record["record"] == "solved_member"]
    if not subprocess.run(["pahole", "-C", "list_head", btf], capture_output=True, check=False).stdout:
        pytest.skip("this machine's pahole cannot read the BTF of this kernel")
    wrong = {}
    for record in solved:
        if record["found"]:
            kernel = offsets(btf, record["struct"], record["path"])
            if kernel != record["offset"]:
                wrong[record["member"]] = record["offset"], kernel
    assert not wrong
    found = {record["member"] for record in solved if record["found"]}
    assert found >= SURE - (NO_COUNTERS if row.series == "7.2-tiny" else set())
    if row.flavour == "plain" and row.series != "7.2-tiny":
        assert found >= (SHEAVES if listing(btf, "slub_percpu_sheaves") else CPU_SLABS)
    # Each member of the heap's has its line, found or not.
    assert {record["member"] for record in solved} >= {"cache_flags", "track_addr", "kfence_state", "krc_head"}


def same(caches, what):
    """What does not depend on what is hidden."""
    keys = (*SAME, *STATES) if what == "types" else SAME
    return {name: {key: cache.get(key) for key in keys} for name, cache in caches.items()}


def test_answers_are_those_with_types(still):
    """Sizes, slabs and free objects of every cache."""
    still.stop()
    try:
        theirs = {r["name"]: r for r in Program(still).json("kcache") if r["record"] == "cache"}
        ours = {what: Hidden(still, what).caches() for what in HIDDEN}
    finally:
        still.cont()
    for what, caches in ours.items():
        assert same(caches, what) == same(theirs, what), what


@pytest.mark.parametrize("what", HIDDEN[1:])
def test_counters_are_the_kernels_own(row, still, what):
    """Every row of /proc/slabinfo."""
    if row.series == "7.2-tiny":
        pytest.skip("this kernel does not count slabs and objects")
    compare_with_slabinfo(Hidden(still, what), still)


def test_where_the_kernel_is(still):
    """The image, the slide, the banner, the CPUs and the memory are those that the symbols tell."""
    still.stop()
    try:
        known = Program(still).json("kbase")[0], Program(still).json("info")[0]
        found = [(Hidden(still, what).json("kbase")[0], Hidden(still, what).json("info")[0]) for what in HIDDEN[1:]]
    finally:
        still.cont()
    for base, info in found:
        for key in ("base", "slide", "physical_base", "size", "paging_levels", "banner"):
            assert base[key] == known[0][key], key
        for key in ("memory", "cpus", "cpus_online", "nodes", "caches"):
            assert info[key] == known[1][key], key
        assert "text" in base["banner_how"]


# What memory tells of a process without types.
TASK = ("task", "pid", "tgid", "comm", "parent", "parent_pid")


def test_processes(still):
    """Names, numbers and parents, in order."""
    still.stop()
    try:
        tasks = {what: Hidden(still, what).json("ktask") for what in HIDDEN}
        init = Hidden(still, HIDDEN[-1]).json("ktask", "1")
        known = Program(still).json("ktask")
    finally:
        still.cont()
    for what, found in tasks.items():
        assert [[task.get(key) for key in TASK] for task in found] == [[task.get(key) for key in TASK] for task in known], what
    assert [init[0][key] for key in TASK] == [next(task for task in known if task["pid"] == 1)[key] for key in TASK]


@pytest.mark.parametrize("registers", ("with", "without"))
def test_dump(still, registers, tmp_path):
    """A dump answers as the guest does, one without registers as well."""
    still.stop()
    try:
        theirs = {r["name"]: r for r in Program(still).json("kcache") if r["record"] == "cache"}
        path = tmp_path / "memory"
        if registers == "with":
            still.dump(path)
        else:
            still.save_physical(path, 0, still.memory_bytes)
    finally:
        still.cont()
    for what in HIDDEN[1:]:
        command = [ROOT / "build/dill", f"--hide={what}", "-c", path, "kcache", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found = {r["name"]: r for r in Program.lines(done) if r["record"] == "cache"}
        assert same(found, what) == same(theirs, what), what


# What is asked of the heap of a kernel that tells nothing of itself.
COMMANDS = (
    "kbase", "info", "ktask", "kcache", "kcache kmalloc-64", "kmap kmalloc-64", "knext kmalloc-64", "kcheck", "kcensus",
    "kfind 00 kmalloc-64",
)  # fmt: skip


def test_every_command_answers(still, tmp_path):
    """Or says in one line what it lacks."""
    still.stop()
    try:
        dill = Hidden(still, "types,symbols")
        slab = next(r for r in dill.json("kmap", "kmalloc-64") if r["record"] == "slab_map")["base"]
        for command in (*COMMANDS, f"kslab {slab}", f"kobj {slab}", f"export {tmp_path}/heap.db"):
            done = dill.run(*command.split())
            lines = done.stderr.splitlines()
            lacks = done.returncode == 2 and len(lines) == 1 and "could not be found in memory" in lines[0]
            assert done.returncode == 0 or lacks, (command, done)
    finally:
        still.cont()


@pytest.mark.parametrize("case", on("plain", spoils=True), ids=str)
def test_damaged_cache(case, pool):
    """A cache that has lost its size, or its name, is outvoted: the others are as before."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Hidden(guest, "types")
        before = dill.caches()
        victim = max((name for name in before if not name.startswith("kmalloc")), key=lambda name: before[name]["slabs"])
        place = int(before[victim]["address"], 16)
        for member, size in (("size", 4), ("name", 8)):
            at = place + Program(guest).json("kstruct", "kmem_cache", member)[0]["offset"]
            with Stub(guest) as stub:
                was = stub.read(at, size)
                stub.write(at, bytes(size))
            done = dill.run("kcache", "--json")
            with Stub(guest) as stub:
                stub.write(at, was)
            assert done.returncode in (0, 1), done
            after = {record["name"]: record for record in dill.lines(done) if record["record"] == "cache"}
            others = before.keys() - {victim}
            assert {name: after[name]["size"] for name in others} == {name: before[name]["size"] for name in others}
