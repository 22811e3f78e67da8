"""Small kernels of configurations that Debian lacks, built from its linux-source packages.

Each is a row of BUILT, named like the series of kernels.py, which keeps them in the cache: a build
takes minutes. ``python3 -m tests.guest.kernels 6.12-kasan`` builds one and prints where it is.
"""

import contextlib
import dataclasses
import hashlib
import logging
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from .apt import AptError, Suite, version_key
from .cache import cache_dir, locked

log = logging.getLogger(__name__)

BUILD_TIMEOUT_S = 3600  # some minutes on a quiet machine
JOBS = 2
_TOOLS = {
    **{tool: tool for tool in ("make", "gcc", "ld", "bison", "flex", "bc", "perl", "python3", "lz4")},
    "pahole": "dwarves",
}
# A third of the source's bytes, which no kernel here is made of.
_LEFT_OUT = "*/drivers/gpu/drm/amd/*.h"


class BuildFailed(Exception):
    """A kernel could not be built; the text is a one-line reason."""


@dataclasses.dataclass(frozen=True)
class Build:
    """One kernel to build.

    @param covers      what is met with it
    @param source      where its source comes from: a key of _SOURCES
    @param options     words beyond those of _BASE, which they override: NAME means y, -NAME means
                       not set, NAME=VALUE anything else
    @param by_default  tested always; the others with $DILL_FULL=1 or by name
    """

    covers: str
    source: str
    options: str = ""
    by_default: bool = False

    def config(self) -> dict[str, str]:
        """Return option -> value, of what is not left to the kernel's own defaults."""
        config = {}
        for word in (*_BASE.split(), *self.options.split()):
            name, _, value = word.partition("=")
            config[name.removeprefix("-")] = "n" if name.startswith("-") else value or "y"
        return config

    def has(self, option: str) -> bool:
        """Return whether it is asked for."""
        return self.config().get(option) == "y"

    def fragment(self) -> str:
        """Return the configuration as the kernel's makefiles read it."""
        return "".join(f"CONFIG_{name}={value}\n" for name, value in self.config().items())


# Suites and the package's whole name as a regex; the newest match is taken.
_SOURCES = {
    "6.12": (("bookworm-security", "bookworm-backports"), r"linux-source-6\.12"),
    "7.2": (("sid",), r"linux-source-7[0-9.]*"),
}

# What the guests' user space needs (init, agent.c, msg.c and the others), and dill: symbols and types.
_BASE = """
    64BIT SMP NR_CPUS=8 EXPERT CC_OPTIMIZE_FOR_PERFORMANCE KERNEL_LZ4 RELOCATABLE RANDOMIZE_BASE
    RANDOMIZE_MEMORY SPARSEMEM_VMEMMAP PRINTK BUG DEBUG_KERNEL UNWINDER_ORC STACKTRACE HIGH_RES_TIMERS
    MULTIUSER BINFMT_ELF BINFMT_SCRIPT BLK_DEV_INITRD PROC_FS PROC_SYSCTL SYSFS SHMEM TMPFS DEVTMPFS DEBUG_FS
    TTY SERIAL_8250 SERIAL_8250_CONSOLE PCI FW_CFG_SYSFS NET UNIX
    SYSVIPC KEYS FUTEX EPOLL EVENTFD SIGNALFD TIMERFD POSIX_TIMERS MEMFD_CREATE
    KALLSYMS KALLSYMS_ALL CRASH_DUMP KEXEC BPF_SYSCALL DEBUG_INFO_DWARF4 DEBUG_INFO_BTF
    SLUB_DEBUG SLUB_CPU_PARTIAL SLAB_MERGE_DEFAULT
"""

_UP = "-SMP NR_CPUS=1 -SLUB_CPU_PARTIAL"

BUILT = {
    "6.12-kasan": Build(
        "KASAN: every access is checked; freed objects wait in its quarantine; without hardening",
        "6.12",
        "KASAN KASAN_GENERIC KASAN_INLINE KASAN_VMALLOC VMAP_STACK SLUB_RCU_DEBUG",
    ),
    "6.12-bare": Build(
        "no SLUB_DEBUG and no SYSFS: no red zones, no poison, no users, no files of caches",
        "6.12",
        "-SLUB_DEBUG -SYSFS -FW_CFG_SYSFS -DEBUG_FS",
    ),
    "7.2-tags": Build(
        "MEM_ALLOC_PROFILING, off until asked for; copies of the kmalloc caches, buckets, memory cgroups; hardened, shuffled",
        "7.2",
        "MEM_ALLOC_PROFILING -MEM_ALLOC_PROFILING_ENABLED_BY_DEFAULT KMALLOC_PARTITION_CACHES SLAB_BUCKETS"
        " CGROUPS MEMCG SLAB_FREELIST_HARDENED SLAB_FREELIST_RANDOM -SLUB_CPU_PARTIAL",
    ),
    "6.12-up": Build("no SMP: locks of no size, no per-CPU offsets, TINY_RCU", "6.12", _UP, by_default=True),
    "7.2-up": Build("the same with sheaves", "7.2", _UP),
    "6.12-tiny": Build(
        "one CPU: kfree_rcu() without batches (TINY_RCU); kallsyms has functions only; without hardening",
        "6.12",
        f"{_UP} -KALLSYMS_ALL",
    ),
    "7.2-tiny": Build(
        "SLUB_TINY: no CPU slabs, no sheaves, no debugging; kfree_rcu() by call_rcu()",
        "7.2",
        "SLUB_TINY -SLUB_DEBUG -SLUB_CPU_PARTIAL",
        by_default=True,
    ),
}


def folder_of(series: str) -> pathlib.Path:
    """Return where in the cache a row of BUILT is kept: another configuration has another place."""
    build = BUILT[series]
    key = hashlib.sha256(f"{build.source} {build.fragment()}".encode()).hexdigest()[:8]
    return cache_dir() / "kernels" / "built" / f"{series}-{key}"


def _archive(build: Build, refresh: bool) -> tuple[pathlib.Path, str]:
    """Return the source's archive in the cache and its package's version; AptError without any."""
    suites, pattern = _SOURCES[build.source]
    folder = cache_dir() / "sources"
    folder.mkdir(parents=True, exist_ok=True)

    def kept():
        names = (path.name.removesuffix(".tar.xz").split("_") for path in folder.glob("*.tar.xz"))
        return [(version, name) for name, version in names if re.fullmatch(pattern, name)]

    with locked(folder / ".lock"):
        if refresh or not kept():
            _download(suites, pattern, folder)
        version, name = max(kept(), key=lambda pair: version_key(pair[0]))
        return folder / f"{name}_{version}.tar.xz", version


def _download(suites, pattern: str, folder: pathlib.Path) -> None:
    """Bring the newest source into the cache; AptError if it cannot be had."""
    with contextlib.ExitStack() as stack:
        found, reasons = [], []
        for name in suites:
            try:
                suite = stack.enter_context(Suite(name))
                found += [(version, package, suite) for package, version in suite.versions(pattern)]
            except AptError as error:
                reasons.append(str(error))
        if not found:
            raise AptError("; ".join(reasons) or f"no package {pattern} in {', '.join(suites)}")
        version, package, suite = max(found, key=lambda row: version_key(row[0]))
        place = folder / f"{package}_{version}.tar.xz"
        if place.exists():
            return
        log.info("fetching %s %s, 150 MB", package, version)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            deb = suite.download(package, version, pathlib.Path(work))
            subprocess.run(["dpkg", "-x", deb, work], check=True)
            next(pathlib.Path(work).glob("usr/src/*.tar.xz")).rename(place)


def _missing_tools() -> list[str]:
    """Return the Debian packages of what this machine would need and does not have."""
    return [package for tool, package in _TOOLS.items() if not shutil.which(tool)]


def _make(source: pathlib.Path, work: pathlib.Path, *words: str) -> None:
    """Run make; BuildFailed with the first line that tells why."""
    log_path = work / "log"
    # Any user, host and time would do; the names of this machine are nobody's business.
    names = {"KBUILD_BUILD_USER": "dill", "KBUILD_BUILD_HOST": "dill"}
    command = ["nice", "make", "-s", f"-j{JOBS}", "-C", source, f"O={work}", "ARCH=x86", *words]
    with open(log_path, "wb") as output:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False,
                timeout=BUILD_TIMEOUT_S, env={**os.environ, **names},
            )
        except subprocess.TimeoutExpired:
            raise BuildFailed(f"the build took more than {BUILD_TIMEOUT_S} s") from None
    if done.returncode != 0:
        lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [line for line in lines if re.search("error|fatal|not found", line, re.IGNORECASE)]
        raise BuildFailed((told or lines or [f"make ended with status {done.returncode}"])[0])


def _configure(build: Build, source: pathlib.Path, work: pathlib.Path) -> None:
    """Write the configuration; BuildFailed when the kernel does not want it so."""
    fragment = work / "fragment"
    fragment.write_text(build.fragment(), encoding="ascii")
    _make(source, work, f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig")
    got = set((work / ".config").read_text(encoding="utf-8").splitlines())
    for name, value in build.config().items():
        is_so = f"CONFIG_{name}={value}" in got
        if not (is_so or value == "n" and not got & {f"CONFIG_{name}=y", f"CONFIG_{name}=m"}):
            raise BuildFailed(f"this source does not take CONFIG_{name}={value} with the others")


def build(series: str, older: str | None, refresh: bool, folder: pathlib.Path) -> dict[str, str] | None:
    """Build a row of BUILT into the empty *folder*, which gets the files of a cached kernel.

    Returns its release, version and package; None when the newest source is the *older* version.
    Raises BuildFailed or AptError.
    """
    row = BUILT[series]
    if missing := _missing_tools():
        raise BuildFailed(f"building needs {' '.join(missing)}: tools/install-deps.sh check")
    archive, version = _archive(row, refresh)
    if version == older:
        return None
    # One at a time: a second would only slow the first one down.
    with contextlib.ExitStack() as stack:
        stack.enter_context(locked(cache_dir() / "kernels" / "built" / ".lock"))
        work = stack.enter_context(tempfile.TemporaryDirectory(dir=folder.parent))
        source, made = pathlib.Path(work) / "source", pathlib.Path(work) / "made"
        source.mkdir()
        made.mkdir()
        log.info("building %s of %s, some minutes", series, archive.name)
        unpack = ["nice", "tar", "-xf", archive, "-C", source, "--strip-components=1"]
        subprocess.run([*unpack, f"--exclude={_LEFT_OUT}"], check=True)
        _configure(row, source, made)
        _make(source, made, "bzImage")
        _collect(made, folder)
        release = (made / "include/config/kernel.release").read_text(encoding="ascii").strip()
    return {"release": release, "version": version, "package": archive.name.split("_")[0]}


def _collect(made: pathlib.Path, folder: pathlib.Path) -> None:
    """Move a built kernel's files to where kernels.py expects them."""
    (folder / "modules").mkdir()
    for name, place in {
        "arch/x86/boot/bzImage": "vmlinuz",
        ".config": "config",
        "System.map": "System.map",
        "vmlinux": "vmlinux",
        "modules.builtin": "modules/modules.builtin",
    }.items():
        shutil.move(made / name, folder / place)
