# SPDX-License-Identifier: MIT
"""Dumps with a large heap, and what the plain loops need to know of them."""
import contextlib
import dataclasses
import json
import pathlib
import re
import shutil
import sqlite3
import struct
import subprocess
import tempfile

from tests.dumps import add_empty_memory, put_headers_where_they_were
from tests.guest.vm import Guest

MEMORY = "2560M"
FILES, EVERY = 600_000, 3
PAGE, HUGE_PAGE = 4096, 2 << 20
STRUCT_PAGE = 64
# In the header of a compressed dump: struct disk_dump_header of makedumpfile's diskdump_mod.h.
BLOCK_SIZE_AT = 428


@dataclasses.dataclass(frozen=True)
class HeapDump:
    """A dump of a guest with many files.

    `path` is the ELF dump; `frames` are the numbers of the page frames in which the kernel has its struct pages.
    """

    folder: pathlib.Path
    path: pathlib.Path
    frames: range | list


def _struct_page_frames(guest):
    """Where the kernel's struct pages lie: they are mapped by large pages."""
    symbol = guest.run("grep ' vmemmap_base$' /proc/kallsyms").split()[0]
    guest.stop()
    base = int(guest.monitor.hmp(f"x /1gx 0x{symbol}").split(":")[1], 16)
    frames = []
    for at in range(0, guest.memory_bytes // PAGE * STRUCT_PAGE, HUGE_PAGE):
        found = re.search(r"gpa: (0x[0-9a-f]+)", guest.monitor.hmp(f"gva2gpa {base + at:#x}"))
        start = int(found[1], 16) // PAGE
        frames += range(start, start + HUGE_PAGE // PAGE)
    return frames


@contextlib.contextmanager
def large_dump(which, files=FILES):
    """The HeapDump of a guest that made so many files in tmpfs and removed every third."""
    with tempfile.TemporaryDirectory(prefix="dill-bench-") as folder:
        path = pathlib.Path(folder) / "dump.elf"
        with Guest(which, memory=MEMORY, smp=2) as guest:
            guest.run("mkdir /big && mount -t tmpfs -o nr_inodes=0,size=2000M none /big")
            guest.run(f"files /big {files} {EVERY}", timeout=600)
            frames = _struct_page_frames(guest)
            guest.dump(path)
        yield HeapDump(pathlib.Path(folder), path, frames)


def sparse_copy(dump):
    """The same as a dump of 40 GB more, all of it zeros."""
    path = dump.folder / "sparse.elf"
    shutil.copyfile(dump.path, path)
    add_empty_memory(path)
    return path


def compressed_copy(dump):
    """The same as makedumpfile writes it with zlib."""
    path, fixed = dump.folder / "dump.kdump", dump.folder / "fixed.elf"
    shutil.copyfile(dump.path, fixed)
    put_headers_where_they_were(fixed)
    subprocess.run(["makedumpfile", "-c", fixed, path], check=True, capture_output=True, timeout=600)
    fixed.unlink()
    return path


def _segments(path):
    """(physical address, offset, size) of an ELF dump's memory."""
    with open(path, "rb") as file:
        header = file.read(64)
        table, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        file.seek(table)
        data = file.read(size * count)
    for at in range(0, len(data), size):
        kind, _, offset, _, phys, bytes_in_file = struct.unpack_from("<IIQQQQ", data, at)
        if kind == 1:
            yield phys, offset, bytes_in_file


def _json(*words):
    done = subprocess.run(["build/dill", *words, "--json"], capture_output=True, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def free_pointers(dump):
    """Physical addresses of every free pointer that a census follows."""
    database = dump.folder / "heap.db"
    subprocess.run(["build/dill", "-c", dump.path, "export", str(database)], check=True, stdout=subprocess.DEVNULL, timeout=120)
    rows = _json("-c", dump.path, "kcache", "*", "--counts")
    offsets = {row["name"]: row["freelist_offset"] for row in rows if row["record"] == "cache"}
    with contextlib.closing(sqlite3.connect(database)) as db:
        base, = db.execute("SELECT value FROM meta WHERE key = 'direct_map'").fetchone()
        query = (
            "SELECT p.object, c.name FROM free_place p JOIN place_kind k ON k.id = p.kind JOIN slab l ON l.id = p.slab JOIN cache c"
            " ON c.id = l.cache WHERE k.name IN ('cpu_freelist', 'cpu_slab', 'cpu_partial', 'node_partial', 'node_full')"
        )
        found = [address - base + offsets[name] for address, name in db.execute(query)]
    database.unlink()
    return found


def write_words(dump, pointers):
    """The list for read_words of where in the ELF dump they are; its path."""
    segments, words = list(_segments(dump.path)), dump.folder / "words"
    with open(words, "wb") as file:
        for phys in pointers:
            start, offset, _ = next(segment for segment in segments if segment[0] <= phys < segment[0] + segment[2])
            file.write(struct.pack("<Q", phys - start + offset))
    return words


def write_pages(dump, compressed, pointers):
    """The list for inflate_pages of the pages with struct pages and free pointers, each once; its path."""
    wanted = {*dump.frames, *(phys // PAGE for phys in pointers)}
    data, pages = compressed.read_bytes(), dump.folder / "pages"
    block, header_blocks, bitmap_blocks = struct.unpack_from("<III", data, BLOCK_SIZE_AT)
    start, half = (1 + header_blocks) * block, bitmap_blocks * block // 2
    kept, descriptor = data[start + half : start + 2 * half], start + 2 * half
    with open(pages, "wb") as file:
        for frame in range(len(kept) * 8):
            if kept[frame // 8] >> frame % 8 & 1:
                if frame in wanted:
                    file.write(struct.pack("<QQ", *struct.unpack_from("<QI", data, descriptor)))
                descriptor += 24
    return pages
