# SPDX-License-Identifier: MIT
"""A kernel without KALLSYMS_ALL: what its own symbols lack comes from its file, and without one it is said what to do."""
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
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}", *options, "kcache", "kmalloc-64"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_refusals(bare, tmp_path):
    """Without the file, with one that has no more, and with one of another build."""
    for options, said in (((), "with --vmlinux or GDB's"), ((f"--vmlinux={bare.kernel.vmlinuz}",), "the file adds none")):
        done = look(bare, *options)
        assert done.returncode == 2 and "holds functions only" in done.stderr and said in done.stderr, done.stderr
    parts = symbol_file(bare).read_bytes().split(NOTE)
    other = NOTE.join([parts[0], *(bytes([part[0] ^ 1]) + part[1:] for part in parts[1:])])
    (tmp_path / "other").write_bytes(other)
    done = look(bare, f"--vmlinux={tmp_path / 'other'}")
    assert done.returncode == 2 and "is not the kernel that runs: another build" in done.stderr, done.stderr


def test_file_command(bare):
    """In GDB "file" brings the symbols, also behind a refusal; and without it they are gone again."""
    command = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{bare.gdb_port}", "-ex", f"source {ROOT}/build/dill.py"]
    for line in ("kcache kmalloc-64", f"file {symbol_file(bare)}", "kcache kmalloc-64", "file", "kcache kmalloc-64", "detach"):
        command += ["-ex", line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.stderr.count("holds functions only") == 2, done.stderr
    assert done.stdout.count("kmalloc-64  kmem_cache 0xffff") == 1, done.stdout


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
    done = look(bare)
    assert done.returncode == 2 and "no symbol table (kallsyms)" in done.stderr, done.stderr
    assert live_objects(bare) > before / 2
