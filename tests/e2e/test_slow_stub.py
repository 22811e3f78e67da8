# SPDX-License-Identifier: MIT
"""Stubs behind a slow line, where every byte costs: what is read, and what is known from an earlier look or a file."""
import json
import os
import subprocess

import pytest

from conftest import ROOT
from tests.matrix import on
from tests.slow_stub import SlowStub

DILL = ROOT / "build/dill"
PACKETS_MAX = 500

pytestmark = pytest.mark.parametrize("guest", on("plain", series=("6.12",)), ids=str, indirect=True)


class Session:
    """dill at a stub, with a cache of its own."""

    def __init__(self, cache):
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        self.folder = cache / "dill/builds"
        self.said = ""

    def run(self, stub, *words):
        """The first record of an answer, and how many requests it took."""
        before = stub.packets
        done = subprocess.run(
            [DILL, "-r", f":{stub.port}", "--timeout", "120", "--json", *words],
            env=self._environment, capture_output=True, text=True, timeout=500, check=False,
        )
        self.said = done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[0]), stub.packets - before

    def kept(self):
        """Files of builds."""
        return sorted(self.folder.glob("*.build")) if self.folder.exists() else []


def is_right(guest, record):
    """kmalloc-64 as the guest's own files have it."""
    def says(name):
        return int(guest.run(f"cat /sys/kernel/slab/kmalloc-64/{name}").split()[0])

    assert record["name"] == "kmalloc-64"
    assert (record["object_size"], record["size"]) == (says("object_size"), says("slab_size"))
    assert (record["order"], record["objects_per_slab"]) == (says("order"), says("objs_per_slab"))
    assert record["slabs"] * record["objects_per_slab"] == record["objects"]
    assert sum(record[state] for state in ("live", "cached", "free", "waiting", "unknown")) == record["objects"]
    return True


def test_known_kernel(guest, tmp_path):
    """The first look reads symbols and types, the next one finds them kept; a damaged file is said, not used, and replaced."""
    session = Session(tmp_path)
    text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    # More than are kept, of somebody who used them long ago, and a folder's worth of what a kill leaves.
    session.folder.mkdir(parents=True, mode=0o700)
    for number in range(20):
        old = session.folder / f"{number:040x}.build"
        old.write_bytes(b"no build")
        old.chmod(0o600)
        os.utime(old, (number, number))
    (session.folder / "left.1.new").write_bytes(b"")
    (session.folder / "left.1.new").chmod(0o600)
    os.utime(session.folder / "left.1.new", (1, 1))
    with SlowStub(guest, 0x1000) as line:  # as slow, but sooner done with what has to be read once
        record, cold = session.run(line, "kcache", "kmalloc-64")
        assert is_right(guest, record) and cold > PACKETS_MAX
        assert session.said.count("is not used: ") == 20
    files = session.kept()
    mine = max(files, key=lambda file: file.stat().st_size)
    assert len(files) == 16 and not list(session.folder.glob("*.new"))
    assert mine.stat().st_mode & 0o777 == 0o600
    for file in files:
        if file != mine:
            file.unlink()
    with SlowStub(guest) as line:
        base, packets = session.run(line, "kbase")
        assert int(base["base"], 16) == text and packets < PACKETS_MAX
        record, packets = session.run(line, "kcache", "kmalloc-64")
        assert is_right(guest, record) and packets < PACKETS_MAX and not session.said
    data = bytearray(mine.read_bytes())
    data[len(data) // 2] ^= 1
    mine.write_bytes(data)
    with SlowStub(guest, 0x1000) as line:
        base, packets = session.run(line, "kbase")
        assert int(base["base"], 16) == text and packets > PACKETS_MAX
        assert session.said.count("is not used: it is damaged") == 1 and len(session.said.splitlines()) == 1
        session.run(line, "kbase")
        assert not session.said


def test_file_replaces_reads(guest, tmp_path):
    """The kernel's file has the symbols and types; with --no-cache nothing is kept."""
    session = Session(tmp_path)
    with SlowStub(guest) as line:
        record, packets = session.run(line, "--no-cache", "--vmlinux", str(guest.kernel.vmlinuz), "kcache", "kmalloc-64")
        assert is_right(guest, record) and packets < PACKETS_MAX
        assert set(line.asked) <= {b"q", b"g", b"m", b"D", b"H"}
    assert not session.kept() and not list(tmp_path.iterdir())


def test_gdb_on_a_slow_line(guest, tmp_path):
    """GDB's connection is as slow: the plugin reads as little over it, and keeps as much."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def run(stub, *commands):
        words = ["set architecture i386:x86-64", "set remotetimeout 120", f"target remote :{stub.port}", f"source {ROOT}/build/dill.py", *commands, "detach"]
        done = subprocess.run(
            ["gdb", "-q", "-nx", "-batch", *(word for line in words for word in ("-ex", line))],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500, check=False,
        )
        return done.stdout

    folder = tmp_path / "dill/builds"
    with SlowStub(guest, 0x1000) as line:
        assert "kmalloc-64" in run(line, "set dill cache off", "kcache kmalloc-64") and not folder.exists()
        assert "kmalloc-64" in run(line, "kcache kmalloc-64")
        assert len(list(folder.glob("*.build"))) == 1
    with SlowStub(guest) as line:
        run(line, "set dill cache on")
        gdbs_own = line.packets
        line.packets = 0
        assert "kmalloc-64" in run(line, "kcache kmalloc-64")
        assert line.packets - gdbs_own < PACKETS_MAX
