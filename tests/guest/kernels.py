"""Kernels for the test guests, kept in the cache folder: unmodified ones of Debian, and built.py's.

``python3 -m tests.guest.kernels 6.1 6.12`` fetches the named series (all without arguments) and
prints where their files are.
"""

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from .apt import AptError, Suite, version_key
from .built import BUILT, BuildFailed, build, folder_of
from .cache import cache_dir, locked

log = logging.getLogger(__name__)

# Debian ships a System.map of one line that says where the real one is.
MIN_SYSTEM_MAP_BYTES = 4096
# Superseded packages vanish from a pool before they vanish from its index: how many to try.
MAX_CANDIDATES = 8


class KernelUnavailable(Exception):
    """A kernel series could not be had; the text is a one-line reason."""


@dataclasses.dataclass(frozen=True)
class _Source:
    """Where a series is published: suites to look in and a regex for the package's whole name.

    `companions` are further packages that hold parts of the kernel; their names are the package's
    with "binary" replaced.
    """

    suites: tuple[str, ...]
    package: str
    companions: tuple[str, ...] = ()
    architecture: str = "amd64"


_IMAGE = r"linux-image-{}[0-9.+a-z-]*-cloud-amd64-unsigned"
_BINARY = r"linux-binary-{}[0-9.+a-z~-]*-cloud-amd64"
_REALTIME = r"linux-{}[0-9.+a-z~-]*-rt-amd64"
_ARM64 = r"linux-{}[0-9.+a-z~-]*-cloud-arm64"

SOURCES = {
    "5.10": _Source(
        ("bullseye-security", "bullseye-updates", "bullseye"), _IMAGE.format(r"5\.10\.")
    ),
    "6.1": _Source(("bookworm-security", "bookworm-updates", "bookworm"), _IMAGE.format(r"6\.1\.")),
    "6.12": _Source(("bookworm-security",), _IMAGE.format(r"6\.12\.")),
    # The kernel of the day of a moving suite, named after the release it was first added with.
    "7.2": _Source(("sid",), _BINARY.format("7"), ("base", "modules")),
    "7.3": _Source(("experimental",), _BINARY.format(r"7\.3"), ("base", "modules")),
    "6.18": _Source(("trixie-backports",), r"linux-image-6\.18\.[0-9.+a-z~-]*-cloud-amd64"),
    # PREEMPT_RT. No cloud kernels: these have drivers for everything, 100 MB.
    "6.12-rt": _Source(("bookworm-security",), _REALTIME.format(r"image-6\.12\.") + "-unsigned"),
    "7.2-rt": _Source(("sid",), _REALTIME.format("binary-7"), ("base", "modules")),
    # Another architecture: pages of 4 KiB.
    "6.12-arm64": _Source(("bookworm-security",), _ARM64.format(r"image-6\.12\.") + "-unsigned", architecture="arm64"),
    "7.2-arm64": _Source(("sid",), _ARM64.format("binary-7"), ("base", "modules"), architecture="arm64"),
}
# What is tested only when it is named: no Debian release has it. 6.18 has CPU slabs and sheaves.
FURTHER = ("6.18",)
# With $DILL_FULL=1 too.
REALTIME = ("6.12-rt", "7.2-rt")
# Machines that are not x86-64.
FOREIGN = tuple(series for series, source in SOURCES.items() if source.architecture != "amd64")
SERIES = tuple(series for series in SOURCES if series not in (*FURTHER, *REALTIME, *FOREIGN))
# All that can be named, in the order of the matrix.
ALL = (*SOURCES, *BUILT)


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel in the cache. `release` is what uname -r says, `version` the package version."""

    series: str
    release: str
    version: str
    package: str
    vmlinuz: pathlib.Path
    config: pathlib.Path
    system_map: pathlib.Path | None
    modules: pathlib.Path

    @property
    def architecture(self) -> str:
        """Return Debian's name of the machine that it is for."""
        return SOURCES[self.series].architecture if self.series in SOURCES else "amd64"

    def has_config(self, option: str) -> bool:
        """Return whether the build configuration has CONFIG_<option> as y or m."""
        lines = self.config.read_text(encoding="utf-8").splitlines()
        return bool({f"CONFIG_{option}=y", f"CONFIG_{option}=m"} & set(lines))


def _folder(series: str) -> pathlib.Path:
    """Return where in the cache a series is kept."""
    return folder_of(series) if series in BUILT else cache_dir() / "kernels" / series


def cached(series: str) -> Kernel | None:
    """Return the cached kernel of a series, None if there is none."""
    folder = _folder(series)
    try:
        about = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    system_map = folder / "System.map"
    return Kernel(
        series=series,
        release=about["release"],
        version=about["version"],
        package=about["package"],
        vmlinuz=folder / "vmlinuz",
        config=folder / "config",
        system_map=system_map if system_map.exists() else None,
        modules=folder / "modules",
    )


def _only(paths, what: str) -> pathlib.Path:
    """Return the one path of an iterable; raise AptError if there is none or more."""
    found = list(paths)
    if len(found) != 1:
        raise AptError(f"{len(found)} files instead of one for {what}")
    return found[0]


def _collect(unpacked: pathlib.Path, folder: pathlib.Path) -> str:
    """Move the parts of an unpacked kernel package into *folder*; return the kernel release.

    Older packages have boot/vmlinuz-RELEASE and lib/modules/RELEASE, newer ones have everything in
    usr/lib/modules/RELEASE.
    """
    modules = _only(
        [*unpacked.glob("lib/modules/*"), *unpacked.glob("usr/lib/modules/*")], "modules folder"
    )
    release = modules.name
    boot = unpacked / "boot"
    for name in ("vmlinuz", "config", "System.map"):
        places = [path for path in (boot / f"{name}-{release}", modules / name) if path.exists()]
        if name == "System.map":
            places = [path for path in places if path.stat().st_size >= MIN_SYSTEM_MAP_BYTES]
            if not places:
                continue
        shutil.move(_only(places, name), folder / name)
    shutil.move(modules, folder / "modules")
    return release


def _install(suite: Suite, package: str, version: str, series: str) -> None:
    """Download one kernel and put it into the cache, replacing the series' older one."""
    kernels = cache_dir() / "kernels"
    names = [package]
    for part in SOURCES[series].companions:
        names.append(package.replace("linux-binary-", f"linux-{part}-", 1))
    with tempfile.TemporaryDirectory(dir=kernels, prefix=f".{series}.") as work:
        unpacked = pathlib.Path(work) / "unpacked"
        folder = pathlib.Path(work) / "kernel"
        folder.mkdir()
        for name in names:
            deb = suite.download(name, version, pathlib.Path(work))
            subprocess.run(["dpkg", "-x", deb, unpacked], check=True)
        about = {
            "release": _collect(unpacked, folder),
            "version": version,
            "package": package,
            "suite": suite.name,
        }
        _put(folder, about, pathlib.Path(work), kernels / series)


def _put(folder: pathlib.Path, about: dict, work: pathlib.Path, place: pathlib.Path) -> None:
    """Move a kernel's files to their place in the cache; what was there ends with the folder *work*."""
    (folder / "kernel.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    if place.exists():
        place.rename(work / "replaced")
    folder.rename(place)


def _fetch(series: str, older: Kernel | None) -> None:
    """Bring the newest kernel of a series into the cache; raise KernelUnavailable."""
    source = SOURCES[series]
    reasons = []
    with contextlib.ExitStack() as stack:
        candidates = []
        for name in source.suites:
            try:
                suite = stack.enter_context(Suite(name, source.architecture))
                found = suite.versions(source.package)
            except AptError as error:
                reasons.append(str(error))
                continue
            candidates += [(suite, package, version) for package, version in found]
        candidates.sort(key=lambda candidate: version_key(candidate[2]), reverse=True)
        for suite, package, version in candidates[:MAX_CANDIDATES]:
            if older and older.version == version:
                return
            log.info("%s: fetching %s %s from %s", series, package, version, suite.name)
            try:
                _install(suite, package, version, series)
                return
            except (AptError, OSError, subprocess.CalledProcessError) as error:
                reasons.append(f"{package} {version}: {error}")
    if not reasons:
        reasons.append(f"no package {source.package} in {', '.join(source.suites)}")
    raise KernelUnavailable(f"{series}: {'; '.join(reasons)}")


def _build(series: str, older: Kernel | None, refresh: bool) -> None:
    """Bring a row of BUILT into the cache; raise KernelUnavailable."""
    place = folder_of(series)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{series}.") as work:
            folder = pathlib.Path(work) / "kernel"
            folder.mkdir()
            about = build(series, older.version if older else None, refresh, folder)
            if about:
                _put(folder, about, pathlib.Path(work), place)
    except (BuildFailed, AptError, OSError, subprocess.CalledProcessError) as error:
        raise KernelUnavailable(f"{series}: {error}") from None


def kernel(series: str, refresh: bool = False) -> Kernel:
    """Return the kernel of a series, from the cache if it is there, else from the mirror.

    A row of BUILT is built then, which takes minutes. With *refresh* or $DILL_REFRESH=1 a newer
    package replaces the cached one; if that fails the cached one is used, with a warning in the
    log.

    Raises KernelUnavailable, with a one-line reason, when the series cannot be had.
    """
    if series not in ALL:
        raise KernelUnavailable(f"{series}: unknown series, known are {', '.join(ALL)}")
    refresh = refresh or os.environ.get("DILL_REFRESH") == "1"
    with locked(cache_dir() / "kernels" / f".{series}.lock"):
        older = cached(series)
        if older and not refresh:
            return older
        try:
            if series in BUILT:
                _build(series, older, refresh)
            else:
                _fetch(series, older)
        except KernelUnavailable as error:
            if not older:
                raise
            log.warning("%s; using the cached %s", error, older.version)
        return cached(series)


def debug_vmlinux(kernel: Kernel) -> pathlib.Path:
    """Return the kernel's vmlinux with its debug information.

    Its package has 300 MB, so that it is fetched only with $DILL_DEBUG_KERNELS=1; once it is in the
    cache it is used. A kernel of built.py has its own. Raises KernelUnavailable, with a one-line
    reason.
    """
    if kernel.series in BUILT:
        return _folder(kernel.series) / "vmlinux"
    place = cache_dir() / "kernels" / f"{kernel.series}-debug" / f"vmlinux-{kernel.version}"
    with locked(cache_dir() / "kernels" / f".{kernel.series}-debug.lock"):
        if not place.exists():
            if os.environ.get("DILL_DEBUG_KERNELS") != "1":
                raise KernelUnavailable(
                    f"{kernel.series}: its debug information, 300 MB, is fetched with"
                    " DILL_DEBUG_KERNELS=1"
                )
            _fetch_debug(kernel, place)
    return place


def _fetch_debug(kernel: Kernel, place: pathlib.Path) -> None:
    """Bring the debug information of a cached kernel into the cache, for that of older ones."""
    package = f"linux-image-{kernel.release}-dbg"
    folder = place.parent
    reasons = []
    for name in SOURCES[kernel.series].suites:
        try:
            with Suite(name, kernel.architecture) as suite, tempfile.TemporaryDirectory(dir=folder.parent) as work:
                deb = suite.download(package, kernel.version, pathlib.Path(work))
                found = _unpack_vmlinux(deb, pathlib.Path(work))
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                found.rename(place)
                return
        except (AptError, OSError, subprocess.CalledProcessError) as error:
            reasons.append(str(error))
    raise KernelUnavailable(f"{kernel.series}: {package} {kernel.version}: {'; '.join(reasons)}")


def _unpack_vmlinux(deb: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    """Unpack the vmlinux of a debug package alone: the modules' part is three times as large."""
    with subprocess.Popen(["dpkg", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as tar:
        select = ("--wildcards", "./usr/lib/debug/*/vmlinux*")
        subprocess.run(["tar", "-x", "-C", work, *select], stdin=tar.stdout, check=True)
    # In boot/ to 6.12, beside the modules since, with a link from one place to the other.
    return _only((path for path in work.rglob("vmlinux*") if not path.is_symlink()), "vmlinux")


def main() -> int:
    """Fetch the series named on the command line and print their files."""
    parser = argparse.ArgumentParser(prog="tests.guest.kernels", description=main.__doc__)
    parser.add_argument("series", nargs="*", default=SERIES, help="for example 6.12; all if none")
    parser.add_argument("--refresh", action="store_true", help="look for a newer package")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    status = 0
    for series in arguments.series:
        try:
            found = kernel(series, refresh=arguments.refresh)
        except KernelUnavailable as error:
            print(f"unavailable: {error}", file=sys.stderr)
            status = 1
            continue
        print(f"{series}: {found.release} ({found.version})")
        for name in ("vmlinuz", "config", "system_map", "modules"):
            print(f"  {name}: {getattr(found, name)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
