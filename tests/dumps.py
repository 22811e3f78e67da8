# SPDX-License-Identifier: MIT
"""Dumps of a stopped guest in every format that the tools of this machine can write.

    dumps = Dumps(guest, folder)
    with dumps.file("makedumpfile -l") as path: ...

A dump is made when it is asked for, and removed behind the with block; the ELF dump, from which others are made, stays.
"""
import contextlib
import mmap
import os
import shutil
import struct
import subprocess

from tests.dump_writers import PAGE, registers_of, write_avml, write_lime, write_raw, write_vmss
from tests.guest.monitor import MonitorError

# Offsets in Elf64_Ehdr.
E_PHOFF, E_SHOFF, E_EHSIZE, E_PHNUM, E_SHENTSIZE = 32, 40, 52, 56, 58
EHDR_SIZE, PHDR_SIZE = 64, 56
PT_LOAD = 1
# What a large machine's dump has, and where that begins.
LARGE, FAR = 40 << 30, 16 << 30
# Notes lie in front of everything else.
NOTES_MAX = 1 << 16


class CannotWrite(Exception):
    """A tool of this machine does not write this format; the text is a one-line reason."""


def put_headers_where_they_were(path):
    """Move an ELF dump's program headers behind its ELF header.

    QEMU 7.2 puts section headers there, and says that its ELF header has 8 bytes: dill does not mind, makedumpfile does.
    """
    with open(path, "r+b") as file:
        head = bytearray(file.read(NOTES_MAX))
        offset, count = struct.unpack_from("<Q", head, E_PHOFF)[0], struct.unpack_from("<H", head, E_PHNUM)[0]
        head[EHDR_SIZE : EHDR_SIZE + count * PHDR_SIZE] = head[offset : offset + count * PHDR_SIZE]
        struct.pack_into("<QQ", head, E_PHOFF, EHDR_SIZE, 0)
        struct.pack_into("<H", head, E_EHSIZE, EHDR_SIZE)
        struct.pack_into("<HHH", head, E_SHENTSIZE, 0, 0, 0)
        file.seek(0)
        file.write(head)


def add_empty_memory(path, size=LARGE):
    """Give an ELF dump a further segment of zeros, far behind its memory: a hole in the file, as large dumps are made of them.

    The program headers move behind all that was there, so that there is room for one more.
    """
    with open(path, "r+b") as file:
        head = bytearray(file.read(EHDR_SIZE))
        offset, count = struct.unpack_from("<Q", head, E_PHOFF)[0], struct.unpack_from("<H", head, E_PHNUM)[0]
        file.seek(offset)
        table = file.read(count * PHDR_SIZE)
        place = file.seek(0, 2) + 7 & ~7
        start = place + len(table) + PHDR_SIZE + 4095 & ~4095
        file.seek(place)
        file.write(table + struct.pack("<IIQQQQQQ", PT_LOAD, 0, start, 0, FAR, size, size, 0))
        file.truncate(start + size)
        struct.pack_into("<Q", head, E_PHOFF, place)
        struct.pack_into("<H", head, E_PHNUM, count + 1)
        file.seek(0)
        file.write(head)


def rename_notes(path, *names):
    """Make a dump's notes of these owners somebody else's: what other writers do not write."""
    with open(path, "r+b") as file:
        head = file.read(NOTES_MAX)
        for name in names:
            old = name.encode() + b"\0"
            assert old in head, f"{path} has no note of {name}"
            head = head.replace(old, b"x" + old[1:])
        file.seek(0)
        file.write(head)


class Dumps:
    """The dumps of one stopped guest.

    @param guest   a stopped Guest
    @param folder  existing folder for them
    @param ram     system_ram() of its /proc/iomem; for dumps of ranges
    """

    def __init__(self, guest, folder, ram=()):
        self._guest = guest
        self._folder = folder
        self._ram = ram
        self.elf = folder / "elf"
        self._qemu("elf", self.elf)

    def _qemu(self, form, path, **options):
        try:
            self._guest.dump(path, form, **options)
        except MonitorError as error:
            raise CannotWrite(str(error)) from None
        path.chmod(0o600)

    def _without(self, path, *names):
        shutil.copyfile(self.elf, path)
        rename_notes(path, *names)

    def _makedumpfile(self, options, path, *more):
        fixed = self._folder / "fixed"
        if not fixed.exists():
            shutil.copyfile(self.elf, fixed)
            put_headers_where_they_were(fixed)
        flattened = "-F" in options
        with open(path, "wb") if flattened else contextlib.nullcontext(subprocess.PIPE) as out:
            command = ["makedumpfile", *options, fixed, *([] if flattened else [path, *more])]
            path.unlink(missing_ok=True) if not flattened else None
            done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, done.stderr[-500:]
        if "is disabled" in done.stderr + (done.stdout or ""):
            raise CannotWrite(f"makedumpfile was built without what {' '.join(options)} needs")

    def _ranges(self, writer, path):
        whole = self._folder / "whole"
        self._guest.save_physical(whole, 0, self._guest.memory_bytes)
        with open(whole, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
            whole.unlink()
            writer(path, memory, self._ram)

    def _vmware(self, path):
        """Memory in a .vmem, in two regions the other way round, and what tells of it beside it."""
        half = self._guest.memory_bytes // 2
        with open(path.with_suffix(".vmem"), "wb") as vmem:
            for first in (half, 0):
                self._guest.save_physical(path, first, half)
                vmem.write(path.read_bytes())
        text = self._guest.monitor.command("human-monitor-command", **{"command-line": "info registers -a"})
        pages = half // PAGE
        write_vmss(path, [(0, pages, pages), (pages, 0, pages)], registers_of(text))

    def _split(self, path):
        names = [path, *(path.with_name(f"split-{i}") for i in range(2))]
        self._makedumpfile(["--split", "-l"], *names)

    def _write(self, form, path):
        writer, *options = form.split()
        if form in RANGES:
            self._ranges(RANGES[form], path)
        elif writer == "vmware":
            self._vmware(path)
        elif writer == "split":
            self._split(path)
        elif writer == "makedumpfile":
            self._makedumpfile(options, path)
        elif writer == "raw":
            self._guest.save_physical(path, 0, self._guest.memory_bytes)
            if "large" in options:
                os.truncate(path, LARGE)
        elif form == "elf large":
            shutil.copyfile(self.elf, path)
            add_empty_memory(path)
        elif writer == "without":
            self._without(path, *options)
        elif form == "elf paging":
            self._qemu("elf", path, paging=True)
        else:
            self._qemu(form, path)

    @contextlib.contextmanager
    def file(self, form):
        """A dump in one of the FORMS. CannotWrite."""
        if form == "elf":
            yield self.elf
            return
        path = self._folder / (form.replace(" ", "") + (".vmss" if form == "vmware" else ""))
        try:
            self._write(form, path)
            yield path
        finally:
            for one in (path, path.with_suffix(".vmem"), *self._folder.glob("split-*")):
                one.unlink(missing_ok=True)


RANGES = {"lime": write_lime, "avml": write_avml, "lime raw": write_raw}

FORMS = (
    "elf",
    "elf paging",
    "kdump-zlib",
    "kdump-lzo",
    "kdump-snappy",
    "raw",
    "elf large",
    "raw large",
    *RANGES,
    "vmware",
    "split",
    "without QEMU",  # as kdump's own, with VMCOREINFO and registers without control registers
    "without QEMU VMCOREINFO CORE",
    "makedumpfile -c",
    "makedumpfile -l",
    "makedumpfile -p",
    "makedumpfile -z",
    "makedumpfile -c -d 1",
    "makedumpfile -l -d 31",
    "makedumpfile -E -d 31",
    "makedumpfile -F -l -d 31",
    "makedumpfile -F -E -d 31",
)
