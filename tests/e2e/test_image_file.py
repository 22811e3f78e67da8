# SPDX-License-Identifier: MIT
"""--vmlinux and GDB's file: kernels whose own symbols or types are gone, and files of other kernels."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import ROOT, Program
from test_inspect import compare_with_slabinfo
from tests.guest.kernels import SOURCES, KernelUnavailable, debug_vmlinux, kernel
from tests.guest.stub import Stub
from tests.matrix import on

SERIES = ("6.1", "6.12")
COMPARE = ROOT / "build/tests/unit/compare_btf_dwarf"
STRUCTS = ("task_struct", "kmem_cache", "kmem_cache_cpu", "kmem_cache_node", "slab", "page", "folio", "mm_struct", "cred")


class WithFile(Program):
    """The program with --vmlinux."""

    def __init__(self, guest, path):
        super().__init__(guest)
        self.path = path

    def run(self, *words):
        command = [ROOT / "build/dill", "--vmlinux", self.path, "-r", f":{self.guest.gdb_port}", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def gdb_with_file(guest, path, *commands):
    """The plugin in a gdb that has @path as its file: the finished process."""
    lines = [f"file {path}", f"target remote :{guest.gdb_port}", f"source {ROOT}/build/dill.py", *commands, "detach"]
    words = [word for line in lines for word in ("-ex", line)]
    command = ["gdb", "-q", "-nx", "-batch", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


class Robbed:
    """A guest that loses its own descriptions one after the other, and what it said of itself before."""

    def __init__(self, guest):
        self.guest = guest
        self.symbols = {}
        for line in guest.run("cat /proc/kallsyms").splitlines():
            address, _, name = line.split()[:3]
            self.symbols.setdefault(name, int(address, 16))
        self.iomem = guest.run("cat /proc/iomem")

    def _overwrite(self, address, size):
        self.guest.stop()
        with Stub(self.guest) as stub:
            stub.write(address, bytes(size))
        self.guest.cont()

    def lose_types(self):
        """Make the head of the BTF unreadable."""
        self._overwrite(self.symbols["__start_BTF"], 24)

    def lose_symbols(self):
        """Overwrite kallsyms' table of tokens, which is where the single digits stand one after the other."""
        line = next(line for line in self.iomem.splitlines() if line.strip().endswith(": Kernel rodata"))
        first, last = (int(word, 16) for word in line.split(":")[0].split("-"))
        code = next(line for line in self.iomem.splitlines() if line.strip().endswith(": Kernel code"))
        text = int(code.strip().split("-")[0], 16)
        with tempfile.NamedTemporaryFile() as dump:
            self.guest.save_physical(dump.name, first, last + 1 - first)
            rodata = Path(dump.name).read_bytes()
        digits = b"".join(b"%d\0" % digit for digit in range(10))
        # Tables of all characters have the colon behind them.
        at = re.search(re.escape(digits) + rb"(?!:\0)", rodata).start()
        self._overwrite(self.symbols["_text"] + first - text + at - 64, 256)


@pytest.fixture(scope="module", params=on("plain", series=SERIES, by_default=SERIES[-1:], spoils=True), ids=str)
def robbed(request, pool):
    """What is taken away cannot be given back."""
    with pool.lend(request.param) as lent:
        yield Robbed(lent)


def other_vmlinuz(guest):
    """The file of another kernel."""
    try:
        return kernel(next(series for series in SERIES if series != guest.kernel.series)).vmlinuz
    except KernelUnavailable as reason:
        return pytest.skip(str(reason))


def refused(done, reason):
    """One line that says @reason, and no answer."""
    assert done.returncode == 2 and done.stdout == ""
    assert reason in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def all_four(dill, robbed):
    """The four commands against what the guest says."""
    assert int(dill.json("kbase")[0]["base"], 16) == robbed.symbols["_text"]
    assert dill.json("ktask", "1")[0]["comm"] == robbed.guest.run("cat /proc/1/comm").strip()
    assert dill.json("kstruct", "list_head", "prev")[0]["offset"] == 8
    compare_with_slabinfo(dill, robbed.guest)


# The tests of one guest run in this order: whole, without types, then without symbols, too.


def test_right_file_changes_nothing(robbed):
    """On a kernel that describes itself the file is compared, and not needed."""
    vmlinuz = robbed.guest.kernel.vmlinuz
    all_four(WithFile(robbed.guest, vmlinuz), robbed)
    assert "target memory" in Program(robbed.guest).json("kbase")[0]["symbols_how"]


def test_wrong_files_are_refused(robbed, tmp_path):
    """One line each, needed or not."""
    guest = robbed.guest
    refused(WithFile(guest, other_vmlinuz(guest)).run("kbase"), "is not the kernel that runs: it is ")
    refused(WithFile(guest, "/bin/sh").run("kbase"), "it is no kernel")
    refused(WithFile(guest, tmp_path).run("kbase"), "is not a file")
    refused(WithFile(guest, tmp_path / "nothing").run("kbase"), "No such file")
    (tmp_path / "text").write_text("hello")
    refused(WithFile(guest, tmp_path / "text").run("kbase"), "it is no kernel")
    # GDB may have a program of the guest: no reason for a word.
    done = gdb_with_file(guest, "/bin/sh", "kbase")
    assert done.stdout.count("base ") and "dill" not in done.stderr, done.stderr


def test_types_of_the_file(robbed):
    """Without BTF of its own: refused without a file, right with one."""
    robbed.lose_types()
    guest = robbed.guest
    refused(Program(guest).run("kcache"), "BTF")
    assert int(Program(guest).json("kbase")[0]["base"], 16) == robbed.symbols["_text"]
    all_four(WithFile(guest, guest.kernel.vmlinuz), robbed)
    refused(WithFile(guest, other_vmlinuz(guest)).run("kcache"), "is not the kernel that runs")


def in_gdb(robbed, path):
    """All four commands and the typed functions in a GDB whose file is the kernel's: one process, it takes long to load."""
    done = gdb_with_file(
        robbed.guest, path, "kbase --json", "ktask 1 --json", "kstruct list_head prev --json", "kcache kmalloc-64 --json",
        'p $kcache("kmalloc-64")->object_size', "p $ktask(1)->comm",
    )
    found = {record["record"]: record for record in Program.lines(done)}
    assert int(found["kbase"]["base"], 16) == robbed.symbols["_text"], done.stderr
    assert found["task"]["comm"] == robbed.guest.run("cat /proc/1/comm").strip()
    assert found["member"]["offset"] == 8
    assert found["cache"]["object_size"] == 64
    assert re.search(r'^\$1 = 64\n\$2 = "agent\\000', done.stdout, re.MULTILINE), done.stdout[-300:]


def test_types_of_the_dwarf(robbed, tmp_path):
    """From a vmlinux with DWARF alone, through the program and in a GDB that has it as its file."""
    try:
        vmlinux = debug_vmlinux(robbed.guest.kernel)
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    robbed.lose_types()
    plain = tmp_path / "vmlinux"
    subprocess.run(["objcopy", "--rename-section", ".BTF=.hidden", vmlinux, plain], check=True)
    try:
        refused(Program(robbed.guest).run("kcache"), "BTF")
        all_four(WithFile(robbed.guest, plain), robbed)
        traced = WithFile(robbed.guest, plain).json("trace", "-n", "20", "-t", "20")
        assert not any("untraced" in record for record in traced)
        in_gdb(robbed, plain)
    finally:
        plain.unlink()


@pytest.mark.parametrize("series", SOURCES)
def test_dwarf_and_btf_agree(series, tmp_path):
    """Offsets, sizes and bits of the structs that dill reads, and prototypes of all functions that a trace may need."""
    try:
        vmlinux = debug_vmlinux(kernel(series))
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    btf = tmp_path / "btf"
    subprocess.run(["objcopy", "--dump-section", f".BTF={btf}", vmlinux, "/dev/null"], check=True)
    done = subprocess.run([COMPARE, btf, vmlinux, *STRUCTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    _, _, members, _, functions = done.stdout.replace(",", "").split()[:5]
    assert int(members) > 500 and int(functions) >= 10


def test_symbols_of_the_file(robbed):
    """Without kallsyms, too."""
    robbed.lose_symbols()
    guest = robbed.guest
    assert "no symbol table (kallsyms)" in Program(guest).json("kbase")[0]["symbols_how"]
    dill = WithFile(guest, guest.kernel.vmlinuz)
    assert "image file" in dill.json("kbase")[0]["symbols_how"]
    all_four(dill, robbed)
    refused(WithFile(guest, other_vmlinuz(guest)).run("kbase"), "is not the kernel that runs")


def test_failed_opens_leave_nothing(tmp_path):
    """A file that GDB's commands answer from has gone: each says so, and keeps nothing, however often it is tried."""
    program = tmp_path.joinpath(*["d" * 200] * 12, "vmlinux")  # its path is part of what a session is known by
    program.parent.mkdir(parents=True)
    program.write_bytes(Path("/bin/true").read_bytes())
    dump = tmp_path / "dump"
    dump.touch()
    os.truncate(dump, 256 << 20)
    words = []
    for command in (
        f"file {program}",
        f"source {ROOT}/build/dill.py",
        f"source {ROOT}/tests/data/gdb/memory.py",
        f"dill open {dump}",
        f"shell rm {dump}",
        f"left dill open {tmp_path}/none",
        "left dill kbase",
    ):
        words += ["-ex", command]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *words], capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout.splitlines()[-4:]
    assert said[::2] == [f"cannot open {path}: No such file or directory" for path in (tmp_path / "none", dump)], done
    assert all(int(line.removeprefix("left ")) < 100 * len(str(program)) for line in said[1::2]), said
