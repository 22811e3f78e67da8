# SPDX-License-Identifier: MIT
"""A dump with a large heap, and what the plain loop needs to know of it."""
import contextlib
import json
import pathlib
import sqlite3
import struct
import subprocess
import tempfile

from tests.guest.vm import Guest

MEMORY = "2560M"
FILES, EVERY = 600_000, 3


@contextlib.contextmanager
def large_dump(which):
    """(folder, path) of an ELF dump of a guest that made 600,000 files in tmpfs and removed every third."""
    with tempfile.TemporaryDirectory(prefix="dill-bench-") as folder:
        path = pathlib.Path(folder) / "dump.elf"
        with Guest(which, memory=MEMORY, smp=2) as guest:
            guest.run("mkdir /big && mount -t tmpfs -o nr_inodes=0,size=2000M none /big")
            guest.run(f"files /big {FILES} {EVERY}", timeout=600)
            guest.dump(path)
        yield pathlib.Path(folder), path


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


def free_pointers(folder, path):
    """Write the offsets in the dump of every free pointer that a census follows; returns (bytes of struct pages, the file)."""
    database, words = folder / "heap.db", folder / "words"
    subprocess.run(["build/dill", "-c", path, "export", str(database)], check=True, stdout=subprocess.DEVNULL, timeout=120)
    offsets = {row["name"]: row["freelist_offset"] for row in _json("-c", path, "kcache", "*", "--counts") if row["record"] == "cache"}
    segments = list(_segments(path))
    pages = sum(size for _, _, size in segments) // 4096 * 64
    with sqlite3.connect(database) as db, open(words, "wb") as file:
        base, = db.execute("SELECT value FROM meta WHERE key = 'direct_map'").fetchone()
        query = (
            "SELECT p.object, c.name FROM free_place p JOIN place_kind k ON k.id = p.kind JOIN slab l ON l.id = p.slab JOIN cache c"
            " ON c.id = l.cache WHERE k.name IN ('cpu_freelist', 'cpu_slab', 'cpu_partial', 'node_partial', 'node_full')"
        )
        for address, name in db.execute(query):
            phys = address - base + offsets[name]
            start, offset, _ = next(segment for segment in segments if segment[0] <= phys < segment[0] + segment[2])
            file.write(struct.pack("<Q", phys - start + offset))
    database.unlink()
    return pages, words
