"""Programs of other Debian suites, for tests that dill works with older and newer ones.

A program is unpacked with everything that it depends on into a folder of the cache and started
through the C library's loader that lies there: nothing is installed, nobody need be root.
``python3 -m tests.guest.foreign`` fetches all of them.
"""

import dataclasses
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from .apt import AptError, Suite
from .cache import cache_dir, locked

log = logging.getLogger(__name__)

# What dill's plugin links besides the C library, so that GDB's process finds it. Where a suite has another version of
# the library than the one that the plugin was built with, this machine's own is found: it runs on a newer C library.
_PLUGIN_LIBRARIES = ("libarchive13", "libdw1", "libelf1", "libexpat1", "libjansson4", "libsqlite3-0")
PACKAGES = {
    "gdb": ("gdb", *_PLUGIN_LIBRARIES),
    "qemu": ("qemu-system-x86",),
    "qemu-arm": ("qemu-system-arm",),
}
_MORE_PACKAGES = {("gdb", "bullseye"): ("libcapstone4",)}
SUITES = {
    # GDB 10.1 with Python 3.9 on glibc 2.31, 16.x with 3.13, and the ones of the day
    "gdb": ("bullseye", "trixie", "sid"),
    # QEMU 5.2, 10.0 and the one of the day
    "qemu": ("bullseye", "trixie", "sid"),
    # Machines that dill does not know; with registers that older ones do not have.
    "qemu-arm": ("sid",),
}
_LIBRARY_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib")


class ForeignUnavailable(Exception):
    """A program could not be had; the text is a one-line reason."""


@dataclasses.dataclass(frozen=True)
class Foreign:
    """An unpacked program: `command` starts it, its own arguments follow."""

    program: str
    suite: str
    version: str
    command: tuple[str, ...]


def _packages(program: str, suite: str) -> tuple[str, ...]:
    """Return what is unpacked, besides what it depends on."""
    return (*PACKAGES[program], *_MORE_PACKAGES.get((program, suite), ()))


def _loader(folder: pathlib.Path, program: str) -> pathlib.Path:
    """Return the C library's loader under the program's name, which /proc/PID/exe then says."""
    return folder / f"{program}-loader"


def _command(program: str, folder: pathlib.Path) -> tuple[str, ...]:
    """Return how the program in *folder* is started."""
    libraries = ":".join(str(folder / name) for name in _LIBRARY_FOLDERS)
    start = (str(_loader(folder, program)), "--library-path", libraries)
    share = folder / "usr/share"
    if program == "gdb":
        python_home = f"PYTHONHOME={folder / 'usr'}"
        data = ("-data-directory", str(share / "gdb"))
        return ("env", python_home, *start, str(folder / "usr/bin/gdb"), *data)
    firmware = (argument for name in ("qemu", "seabios") for argument in ("-L", str(share / name)))
    machine = "aarch64" if program == "qemu-arm" else "x86_64"
    return (*start, str(folder / f"usr/bin/qemu-system-{machine}"), *firmware)


def _load(program: str, suite: str) -> Foreign | None:
    """Return the cached program, None if there is none."""
    folder = cache_dir() / "foreign" / f"{program}-{suite}"
    try:
        version = (folder / "version").read_text(encoding="utf-8").strip()
        packages = (folder / "packages").read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return None
    if packages != list(_packages(program, suite)):
        return None
    return Foreign(program, suite, version, _command(program, folder))


def _unpack(suite: Suite, program: str, folder: pathlib.Path) -> None:
    """Download and unpack a program into the new folder *folder*."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as archives:
        debs = suite.download_with_depends(_packages(program, suite.name), pathlib.Path(archives))
        for deb in debs:
            subprocess.run(["dpkg", "-x", deb, folder], check=True)
    loaders = [folder / name / "ld-linux-x86-64.so.2" for name in _LIBRARY_FOLDERS]
    found = [path for path in loaders if path.exists()]
    if not found:
        raise AptError(f"suite {suite.name}: {program} came without a C library")
    shutil.copyfile(found[0], _loader(folder, program))
    _loader(folder, program).chmod(0o755)


def _ask_version(program: str, folder: pathlib.Path) -> str:
    """Return the first line of what the unpacked program says to --version: it does run."""
    command = (*_command(program, folder), "--version")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0 or not done.stdout:
        raise AptError(f"unpacked {program} does not run: {done.stderr.strip()[:200]}")
    return done.stdout.splitlines()[0]


def _fetch(program: str, suite: str) -> None:
    """Bring a program into the cache, replacing the older one; raise AptError or OSError."""
    place = cache_dir() / "foreign" / f"{program}-{suite}"
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as work:
        folder = pathlib.Path(work) / "unpacked"
        folder.mkdir()
        with Suite(suite) as packages:
            log.info("fetching %s of %s", program, suite)
            _unpack(packages, program, folder)
        version = _ask_version(program, folder)
        (folder / "version").write_text(version + "\n", encoding="utf-8")
        (folder / "packages").write_text("\n".join(_packages(program, suite)) + "\n", encoding="utf-8")
        if place.exists():
            place.rename(pathlib.Path(work) / "replaced")
        folder.rename(place)


def foreign(program: str, suite: str) -> Foreign:
    """Return a program of another suite, from the cache if it is there, else from the mirror.

    $DILL_REFRESH=1 fetches anew; if that fails the cached one is used, with a warning in the log.
    Raises ForeignUnavailable, with a one-line reason, when it cannot be had.
    """
    with locked(cache_dir() / "foreign" / f".{program}-{suite}.lock"):
        cached = _load(program, suite)
        if cached and os.environ.get("DILL_REFRESH") != "1":
            return cached
        try:
            _fetch(program, suite)
        except (AptError, OSError, subprocess.SubprocessError) as error:
            if not cached:
                raise ForeignUnavailable(f"{program} of {suite}: {error}") from None
            log.warning("%s of %s: %s; using the cached one", program, suite, error)
        return _load(program, suite)


def main() -> int:
    """Fetch every program and print its version."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    status = 0
    for program, suites in SUITES.items():
        for suite in suites:
            try:
                print(f"{suite}: {foreign(program, suite).version}")
            except ForeignUnavailable as error:
                print(f"unavailable: {error}", file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
