"""Kernel modules of the folder module/, built for a cached kernel and kept in the cache.

What a build needs, Debian's headers of that very kernel (16 MB), is fetched through apt once and kept, too.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from .apt import AptError, Suite
from .cache import cache_dir, locked
from .kernels import SOURCES, Kernel

HERE = pathlib.Path(__file__).parent / "module"
FLAVOUR = "-cloud-amd64"
BUILD_TIMEOUT_S = 600


class ModuleUnavailable(Exception):
    """A module could not be built here; the text is a one-line reason."""


def _fetch_headers(kernel: Kernel, place: pathlib.Path) -> None:
    """Unpack the headers of a kernel and the programs that its build runs to *place*."""
    abi = kernel.release.removesuffix(FLAVOUR)
    packages = (f"linux-headers-{kernel.release}", f"linux-headers-{abi}-common", f"linux-kbuild-{abi}")
    reasons = []
    for name in SOURCES[kernel.series].suites:
        try:
            with Suite(name) as suite, tempfile.TemporaryDirectory(dir=place.parent) as work:
                root = pathlib.Path(work) / "root"
                for package in packages:
                    deb = suite.download(package, kernel.version, pathlib.Path(work))
                    subprocess.run(["dpkg", "-x", deb, root], check=True)
                root.rename(place)
                return
        except (AptError, OSError, subprocess.CalledProcessError) as error:
            reasons.append(str(error))
    raise ModuleUnavailable(f"headers of {kernel.release}: {'; '.join(reasons)}")


def _build(kernel: Kernel, headers: pathlib.Path, source: pathlib.Path, place: pathlib.Path) -> None:
    """Build one module out of its source to *place*."""
    abi = kernel.release.removesuffix(FLAVOUR)
    folder = headers / "usr/src"
    compiler = shutil.which("gcc-12") or "gcc"  # what Debian 12's kernels are built with
    with tempfile.TemporaryDirectory(dir=place.parent) as work:
        shutil.copy(source, work)
        (pathlib.Path(work) / "Makefile").write_text(f"obj-m := {source.stem}.o\n", encoding="ascii")
        command = ["make", "-C", folder / f"linux-headers-{abi}-common", f"O={folder / f'linux-headers-{kernel.release}'}"]
        command += [f"M={work}", f"CC={compiler}", "modules"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=BUILD_TIMEOUT_S)
        except FileNotFoundError:
            raise ModuleUnavailable(f"module {source.stem}: make is not installed") from None
        built = pathlib.Path(work) / f"{source.stem}.ko"
        if done.returncode != 0 or not built.exists():
            last = (done.stderr.strip().splitlines() or ["it made no .ko file"])[-1]
            raise ModuleUnavailable(f"module {source.stem} for {kernel.release}: {last}")
        os.replace(built, place)


def module(kernel: Kernel, name: str) -> pathlib.Path:
    """Return the .ko file of module/NAME.c for a kernel, built unless it is in the cache.

    Raises ModuleUnavailable, with a one-line reason.
    """
    source = HERE / f"{name}.c"
    key = hashlib.sha256(kernel.version.encode() + source.read_bytes()).hexdigest()[:16]
    folder = cache_dir() / "modules"
    with locked(folder / ".lock"):
        place = folder / f"{name}-{key}.ko"
        if not place.exists():
            headers = folder / f"headers-{kernel.version}"
            if not headers.exists():
                _fetch_headers(kernel, headers)
            _build(kernel, headers, source, place)
    return place


def insert(guest, name: str, parameters: str = "") -> None:
    """Load a module of this folder into a running guest; raise ModuleUnavailable."""
    path = f"/tmp/{name}.ko"
    guest.write_file(path, module(guest.kernel, name).read_bytes())
    guest.run(f"insmod {path} {parameters}")
