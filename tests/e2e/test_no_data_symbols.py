# SPDX-License-Identifier: MIT
"""A kernel without KALLSYMS_ALL, or without any kallsyms: what its symbols lack comes from its file, or is found in memory."""
import json
import subprocess

import pytest

from conftest import ROOT, Program, symbol_file
from tests.guest.stub import Stub
from tests.matrix import on

NOTE = b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0"  # of a build id, which follows


@pytest.fixture(scope="module", params=on("plain", series=("6.12-tiny",), spoils=True), ids=str)
def bare(request, pool):
    with pool.lend(request.param) as lent:
        yield lent


def look(guest, *options):
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}", *options, "kcache", "kmalloc-64", "--json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def row(done):
    """What kcache says of the cache."""
    assert done.returncode == 0, done.stderr
    record = next(json.loads(line) for line in done.stdout.splitlines() if '"record":"cache"' in line)
    return {key: record[key] for key in ("address", "object_size", "size", "objects", "slabs", "freelist_encoding")}


def test_with_any_file(bare, tmp_path):
    """The same without a file, with one that has no more than the target, and with the vmlinux; not with another build's."""
    bare.stop()
    try:
        rows = [row(look(bare, *options)) for options in ((), (f"--vmlinux={bare.kernel.vmlinuz}",), (f"--vmlinux={symbol_file(bare)}",))]
    finally:
        bare.cont()
    assert rows[0] == rows[1] == rows[2]
    parts = symbol_file(bare).read_bytes().split(NOTE)
    other = NOTE.join([parts[0], *(bytes([part[0] ^ 1]) + part[1:] for part in parts[1:])])
    (tmp_path / "other").write_bytes(other)
    done = look(bare, f"--vmlinux={tmp_path / 'other'}")
    assert done.returncode == 2 and "is not the kernel that runs: another build" in done.stderr, done.stderr


def test_file_command(bare):
    """In GDB "file" brings symbols that the target has not, and without it they are gone again."""
    command = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{bare.gdb_port}", "-ex", f"source {ROOT}/build/dill.py"]
    for line in ("kbase", f"file {symbol_file(bare)}", "kbase", "file", "kbase", "detach"):
        command += ["-ex", line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    symbols = [line for line in done.stdout.splitlines() if line.startswith("symbols ")]
    assert ["image file" in line for line in symbols] == [False, True, False], done
    assert all("functions only" in line for line in symbols), done


def live_objects(guest):
    """Of all caches."""
    return next(record["live"] for record in Program(guest).json("kcensus") if record["record"] == "census_total")


def test_without_kallsyms(bare):
    """As if it were built without any: its tables are gone from memory. Last, as they do not come back."""
    lines = [line.split() for line in bare.kernel.system_map.read_text("ascii").splitlines()]
    linked = {name: int(address, 16) for address, _, name in lines}
    slide = int(bare.run("grep ' _stext$' /proc/kallsyms").split()[0], 16) - linked["_stext"]
    before = live_objects(bare)
    bare.stop()
    with Stub(bare) as stub:
        stub.write(linked["kallsyms_token_table"] + slide, bytes(1024))  # a packet of QEMU's holds no more
    assert row(look(bare))["objects"]
    base = subprocess.run([ROOT / "build/dill", "-r", f":{bare.gdb_port}", "kbase"], capture_output=True, text=True, check=True).stdout
    assert "no symbol table (kallsyms)" in base and "Linux version 6.12" in base, base
    assert live_objects(bare) > before / 2
