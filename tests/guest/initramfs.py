"""Build the guests' initramfs: busybox, the C programs of this folder, init and modules.

Results are cached by a hash of everything that goes in.
"""

import hashlib
import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

from .apt import AptError, Suite
from .cache import cache_dir, locked
from .kernels import Kernel

HERE = pathlib.Path(__file__).parent
# By Debian's name of the architecture.
COMPILERS = {"amd64": "gcc", "arm64": "aarch64-linux-gnu-gcc"}
FLAGS = ("-static", "-O2", "-Wall", "-Wextra", "-s", "-pthread")
# Where another architecture's busybox comes from.
BUSYBOX_SUITE = "bookworm"
DIRECTORIES = ("bin", "dev", "modules", "proc", "root", "sys", "tmp")


class BuildError(Exception):
    """Something needed on this machine is missing, or a guest program does not compile."""


def _run(command: list, what: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BuildError(f"{what}: {command[0]} is not installed") from None
    if done.returncode != 0:
        raise BuildError(f"{what}: {done.stderr.strip()}")
    return done.stdout


class _Cpio:
    """An archive in cpio's "newc" format, as the kernel unpacks it; owner root, time zero."""

    def __init__(self):
        self._parts = []
        self._inode = 0

    def add(self, name: str, mode: int, data: bytes = b"") -> None:
        """Add one entry; *mode* is a complete st_mode, *data* a file's bytes or a link's target."""
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        for part in (header, data):
            self._parts += [part, bytes(-len(part) % 4)]

    def finish(self) -> bytes:
        """Return the whole archive."""
        self.add("TRAILER!!!", 0)
        return b"".join(self._parts)


def _fetch_busybox(architecture: str, place: pathlib.Path) -> None:
    """Bring the busybox of another architecture into the cache."""
    with Suite(BUSYBOX_SUITE, architecture) as suite, tempfile.TemporaryDirectory(dir=place.parent) as work:
        folder = pathlib.Path(work)
        versions = suite.versions("busybox-static")
        if not versions:
            raise AptError(f"suite {suite.name}: no busybox-static for {architecture}")
        deb = suite.download(*versions[0], folder)
        subprocess.run(["dpkg", "-x", deb, folder / "unpacked"], check=True)
        (found,) = (path for path in (folder / "unpacked").rglob("bin/busybox") if not path.is_symlink())
        os.replace(found, place)


def _foreign_busybox(architecture: str) -> bytes:
    """Return the static busybox of another architecture, from the cache if it is there."""
    place = cache_dir() / "programs" / f"busybox-{architecture}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_name(f".{place.name}.lock")):
        if not place.exists():
            try:
                _fetch_busybox(architecture, place)
            except (AptError, OSError, ValueError, subprocess.SubprocessError) as error:
                raise BuildError(f"busybox of {architecture}: {error}") from None
    return place.read_bytes()


def _busybox(architecture: str) -> tuple[bytes, list[str]]:
    """Return a static busybox and the names of its commands: all of Debian's have the same."""
    path = shutil.which("busybox")
    if not path:
        raise BuildError("busybox: not installed (Debian package busybox-static)")
    names = _run([path, "--list"], "busybox").split()
    return pathlib.Path(path).read_bytes() if architecture == "amd64" else _foreign_busybox(architecture), names


def _programs(architecture: str) -> dict[str, bytes]:
    """Return name -> static executable of every C program in this folder, compiled if needed."""
    compile_it = (COMPILERS[architecture], *FLAGS)
    programs = {}
    for source in sorted(HERE.glob("*.c")):
        key = hashlib.sha256(repr(compile_it).encode() + source.read_bytes()).hexdigest()[:16]
        binary = cache_dir() / "programs" / f"{source.stem}-{key}"
        if not binary.exists():
            binary.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=binary.parent) as work:
                new = pathlib.Path(work) / source.stem
                _run([*compile_it, "-o", str(new), str(source)], source.name)
                os.replace(new, binary)
        programs[source.stem] = binary.read_bytes()
    return programs


def _module_file(kernel: Kernel, name: str) -> tuple[str, bytes]:
    """Return the name and uncompressed content of a module; "-" and "_" mean the same."""
    pattern = re.sub("[-_]", "[-_]", name)
    paths = list(kernel.modules.rglob(f"{pattern}.ko*"))
    if len(paths) != 1:
        raise BuildError(f"module {name}: {len(paths)} files in {kernel.release}")
    data = paths[0].read_bytes()
    if paths[0].suffix == ".xz":
        data = lzma.decompress(data)
    elif paths[0].suffix != ".ko":
        raise BuildError(f"module {name}: compression {paths[0].suffix} is not supported")
    return name.replace("-", "_"), data


def _modules(kernel: Kernel, names) -> dict[str, bytes]:
    """Return name -> content of the modules and all they depend on, in loading order."""
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        if _is_builtin(kernel, name):
            return
        name, data = _module_file(kernel, name)
        if name in ordered:
            return
        # The .modinfo section is a row of NUL-terminated key=value strings.
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in depends.group(1).decode().split(",") if depends else ():
            if other:
                add(other)
        ordered[name] = data

    for name in names:
        add(name)
    return ordered


def _is_builtin(kernel: Kernel, name: str) -> bool:
    listing = (kernel.modules / "modules.builtin").read_text(encoding="ascii")
    stems = {pathlib.PurePath(line).stem.replace("-", "_") for line in listing.splitlines()}
    return name.replace("-", "_") in stems


def _archive(kernel: Kernel, modules) -> bytes:
    """Return the initramfs as bytes."""
    busybox, commands = _busybox(kernel.architecture)
    programs = _programs(kernel.architecture)
    loaded = _modules(kernel, modules)
    cpio = _Cpio()
    for name in DIRECTORIES:
        cpio.add(name, stat.S_IFDIR | 0o755)
    cpio.add("init", stat.S_IFREG | 0o755, (HERE / "init").read_bytes())
    cpio.add("bin/busybox", stat.S_IFREG | 0o755, busybox)
    for name in sorted(set(commands) - set(programs) - {"busybox"}):
        cpio.add(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox")
    for name, data in programs.items():
        cpio.add(f"bin/{name}", stat.S_IFREG | 0o755, data)
    for name, data in loaded.items():
        cpio.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, data)
    order = "".join(f"{name}\n" for name in loaded)
    cpio.add("modules/order", stat.S_IFREG | 0o644, order.encode())
    return cpio.finish()


def build(kernel: Kernel, modules=()) -> pathlib.Path:
    """Return the path of an initramfs with these *modules* of *kernel* (names without .ko).

    Modules built into the kernel are skipped, what a module depends on is added. The archive is
    not compressed: unpacking in an emulated guest costs more than the bytes do.

    Raises BuildError, with a reason, if gcc, busybox or a module is missing.
    """
    folder = cache_dir() / "initramfs"
    with locked(folder / ".lock"):
        archive = _archive(kernel, modules)
        path = folder / f"{hashlib.sha256(archive).hexdigest()[:16]}.cpio"
        if not path.exists():
            with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new:
                new.write(archive)
            os.replace(new.name, path)
    return path
