# SPDX-License-Identifier: MIT
"""The suite's matrix: kernels x boot options. Every guest of the end-to-end tests is a row of FLAVOURS on a series.

A series is a row of SOURCES in tests/guest/kernels.py, a kernel of Debian's; or one of BUILT in tests/guest/built.py, for
configurations that Debian lacks. Tests run on the latter only where they name them.

    @pytest.mark.parametrize("case", on("plain", "debug"), ids=str)
    @pytest.fixture(scope="module", params=on("nodes", series=("7.2",)), ids=str)
    @pytest.mark.parametrize("case", on("plain", series=("6.12-kasan",)), ids=str)

A fixture borrows the guest of a case from tests.pool. `pytest -k debug` runs one flavour, `--series 6.1` one kernel.

On which kernels a test runs by default: on FEW, unless its cases say otherwise (by_default), or a mark on the test does, which
is of use where a guest is shared: kernels(*ONE) for what is the same on every kernel, kernels(*SERIES) for what is short.
times() says how often a test does what is up to chance. All that is left out by default runs with FULL=1, and with a kernel
that is named; pytest ends with the number of these tests.

What no kernel of the table has is made up by the unit tests (tests/unit/heap_image.c): plain freelists, copies of the
kmalloc caches, both engines in one kernel.
"""
import dataclasses
import os
import warnings
from typing import NamedTuple

import pytest

from tests.guest.foreign import ForeignUnavailable, foreign
from tests.guest.built import BUILT
from tests.guest.kernels import ALL, SOURCES

MIB = 1 << 20

# make check FULL=1: every test on every kernel that has what it needs.
FULL = os.environ.get("DILL_FULL") == "1"
# What holds on machines that are not x86-64, by file: the others want dumps, traces or files for debuggers, which dill does not
# know there. By default a kernel of theirs runs what says most; the rest with FULL=1, or when it is named.
FOREIGN_FILES = ("test_inspect", "test_kmap", "test_knext", "test_kobj", "test_kfind")
FOREIGN_BY_DEFAULT = {"7.2-arm64": ("test_inspect",)}
# The two that have least in common stand for the others: struct page, slabs of CPUs, the old names of everything; and sheaves,
# caches of messages alone, KFENCE.
FEW = ("5.10", "7.2")
# Between them: struct slab, and slabs of CPUs.
MOST = ("5.10", "6.12", "7.2")
ONE = ("7.2",)


def debug_word(series):
    """The boot parameter that switches a cache's debugging on: its new name since 6.8, where the old one works too."""
    return "slub_debug" if series in ("5.10", "6.1") else "slab_debug"


def message_cache(series, size_class):
    """The cache of System V messages: of their own in the newer kernels, so that nobody else allocates there."""
    if series in BUILT:
        has = BUILT[series].has
        return ("msg_msg-{}" if has("SLAB_BUCKETS") else "kmalloc-cg-{}" if has("MEMCG") else "kmalloc-{}").format(size_class)
    return {"5.10": "kmalloc-{}", "6.1": "kmalloc-cg-{}"}.get(series, "msg_msg-{}").format(size_class)


def checks_requested_size(series):
    """Whether slub_debug keeps a red zone behind the bytes that were asked for, too (since 6.2)."""
    return series not in ("5.10", "6.1")


@dataclasses.dataclass(frozen=True)
class Flavour:
    """How a guest is booted, and what it stands for.

    @param covers   what is met with it
    @param append   kernel parameters; {debug} is debug_word(), {messages} the cache of messages of up to 1 KiB
    @param memory   in MiB; where the test reads all of it, it lies below 3 GiB
    @param prepare  shell command that is run once it has booted
    @param suite    of Debian, whose QEMU it runs in when that can be had; empty: this machine's
    @param needs    build option without which the flavour makes no sense
    @param lacking  the series that do not have it; test_matrix.py compares
    """

    covers: str
    append: str = ""
    memory: int = 256
    cpus: int = 2
    nodes: int | None = None
    cpu: str | None = None
    modules: tuple[str, ...] = ()
    vmcoreinfo: bool = False
    prepare: str = ""
    suite: str = ""
    needs: str = ""
    lacking: tuple[str, ...] = ()
    in_file: bool = False

    def options(self, series):
        """The arguments of tests.guest.vm.Guest for a kernel of this series."""
        append = self.append.format(debug=debug_word(series), messages=message_cache(series, "1k"))
        return {
            "append": append, "memory": f"{self.memory}M", "smp": self.cpus, "numa": self.nodes, "cpu": self.cpu,
            "modules": self.modules, "vmcoreinfo": self.vmcoreinfo, "in_file": self.in_file, **self._qemu(),
        }

    def _qemu(self):
        """The argument for QEMU, none for this machine's."""
        if not self.suite:
            return {}
        try:
            return {"qemu": foreign("qemu", self.suite).command}
        except ForeignUnavailable as reason:
            warnings.warn(f"{reason}: in this machine's QEMU, which is slower", stacklevel=3)
            return {}


# Files whose inodes and dentries come from the CPU that goes away.
_USE_CPU_2 = "taskset 4 sh -c 'for i in $(seq 300); do : >/root/f$i; done'"
# 6 MiB are left in larger blocks, and what lies in the CPUs' own lists: exhaust_large_blocks() takes that. The kernel keeps back
# more than that unless told.
_MAKE_HOLES = (
    "echo 1024 >/proc/sys/vm/min_free_kbytes;"
    "echo 0 >/proc/sys/vm/compact_unevictable_allowed; echo 0 >/proc/sys/vm/compaction_proactiveness;"
    " holes 6 >/root/holes & until grep ready /root/holes; do sleep 0.1; kill -0 $! || exit 1; done"
)

# So often that knext is certain of none, and so seldom that what stays does not fill the pool: sample_messages().
KFENCE_MS = 1000

FLAVOURS = {
    "plain": Flavour(
        "KASLR; merged caches; freelists as the kernel has them: hardened and shuffled in all of these; page-table isolation;"
        " several CPUs; a module, which tells QEMU where VMCOREINFO lies",
        append="pti=on", vmcoreinfo=True,
    ),
    "single": Flavour("a single CPU: what a tracer stops is all there is", append="pti=on", cpus=1),
    "swift": Flavour(
        "as plain, in a QEMU that does not translate its code anew at each breakpoint: ten times the events a second",
        append="pti=on", vmcoreinfo=True, suite="sid",
    ),
    "swift-single": Flavour("the same with a single CPU", append="pti=on", cpus=1, suite="sid"),
    "debug": Flavour("red zones, poison and users in all caches; no CPU slabs, no sheaves", append="{debug}=FZPU"),
    "debug-one": Flavour(
        "debugging of one cache among ordinary ones; no merged caches", append="{debug}=FZPU,{messages} slab_nomerge"
    ),
    "offline": Flavour(
        "no KASLR; a CPU that has gone offline and left its objects", append="nokaslr", cpus=3,
        prepare=f"{_USE_CPU_2}; echo 0 >/sys/devices/system/cpu/cpu2/online",
    ),
    "nodes": Flavour("two NUMA nodes with a CPU each", memory=512, nodes=2),
    "high": Flavour(
        "memory above 4 GiB, in a file without the hole below it; page tables of five levels, which 5.10 was built without",
        append="kaslr", memory=5 * 1024, cpu="max", in_file=True,
    ),
    "kfence": Flavour(
        "allocations that are served from KFENCE's pool",
        append=f"kfence.sample_interval={KFENCE_MS} kfence.skip_covered_thresh=100 no_hash_pointers", needs="KFENCE", lacking=("5.10", "6.1"),
    ),
    "profiling": Flavour(
        "allocation profiling that can be switched off", append="sysctl.vm.mem_profiling=1",
        needs="MEM_ALLOC_PROFILING", lacking=tuple(SOURCES),
    ),
    "tight": Flavour(
        "free memory in single pages, so that caches of a higher order get slabs of the smallest", memory=192,
        prepare=_MAKE_HOLES,
    ),
}


class Case(NamedTuple):
    """One guest of the matrix, as a test's parameter.

    @param spoils      the test leaves a guest that nobody else can use: it gets it after all others, and it is ended then
    @param by_default  or with FULL=1 alone, or when its series is named
    """

    series: str
    flavour: str
    spoils: bool = False
    by_default: bool = True

    def __str__(self):
        return f"{self.series}-{self.flavour}"

    @property
    def place(self):
        """Where it stands in the matrix, for sorting."""
        return list(FLAVOURS).index(self.flavour), ALL.index(self.series), self.spoils


def on(*flavours, series=None, by_default=None, spoils=False):
    """The cases of these flavours, on every kernel that can have them.

    @param series      those that make sense; None: all of Debian's
    @param by_default  those without FULL=1; None: all that are named by @series, or FEW
    """
    by_default = by_default or series or FEW
    return [
        Case(one, name, spoils, one in by_default)
        for name in flavours for one in series or SOURCES if one not in FLAVOURS[name].lacking
    ]


def kernels(*series):
    """Mark a test: whatever the cases of its guest say, it runs on these by default; on none without any."""
    return pytest.mark.kernels(*series)


def times(full, default):
    """How often a test does again what is up to chance."""
    return full if FULL else default


# Where tests with many breakpoints are done in this machine's QEMU, too, with fewer events.
SLOW = Case("6.12", "plain")


def quick(*flavours, by_default=FEW, spoils=False):
    """The cases for tests with many breakpoints: in the QEMU that is quick at them."""
    return on(*({"plain": "swift", "single": "swift-single"}[name] for name in flavours), by_default=by_default, spoils=spoils)


def tracing(*flavours, by_default=FEW, spoils=False):
    """The same, but for SLOW."""
    slow = SLOW._replace(spoils=spoils)
    cases = quick(*flavours, by_default=by_default, spoils=spoils)
    return [slow if (case.series, case.flavour) == (SLOW.series, "swift") else case for case in cases]
