# SPDX-License-Identifier: MIT
"""Crash dumps as targets: the answers are those got from the same stopped guest through its gdbstub."""
import json
import shutil
import subprocess

import pytest

from conftest import ROOT, Program
from bench.measure import measure
from tests.dump_writers import system_ram
from tests.dumps import FORMS, RANGES, CannotWrite, Dumps, rename_notes
from tests.guest.kernels import KernelUnavailable, debug_vmlinux
from tests.matrix import ONE, kernels, on

# Caches whose slabs are compared, and from which objects are taken.
CACHES = ("dentry", "kmalloc-64", "task_struct")
# What "kmap" draws for objects that are the caller's, and for those that wait to be freed.
LIVE, WAITING = "#", "rgkdx"
# Of dill, what it has mapped of the dump included.
MEMORY_MAX_MB = 200
# Formats in which it matters what kernel wrote its VMCOREINFO, or what makedumpfile knows of it. The others know nothing of kernels.
OF_KERNELS = ("elf", "raw", "without QEMU VMCOREINFO CORE", "makedumpfile -l -d 31")
# Slabs of each of them whose objects are asked for one by one.
SLABS = 8


class Dump(Program):
    """The program on a dump."""

    def __init__(self, path, *options):
        super().__init__(None)
        self.path = path
        self.options = options

    def run(self, *words):
        command = [ROOT / "build/dill", "-c", self.path, *self.options, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def input_lines(program, lines):
    """The records of several commands in one run, which must answer."""
    done = subprocess.run(
        [*program, "--json"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode in (0, 1), done.stderr + done.stdout[-500:]
    return done


def some_objects(live):
    """Addresses in objects of several caches: the first, one in the middle and the last of some slabs of each."""
    addresses = []
    for cache in CACHES:
        slabs = [record for record in live.json("kmap", cache) if record["record"] == "slab_map"]
        for slab in slabs[:: max(1, len(slabs) // SLABS)]:
            addresses += [int(slab["first"], 16) + slab["size"] * i for i in (0, slab["objects"] // 2, slab["objects"] - 1)]
    return addresses


class Paused:
    """A stopped guest: its dumps, and what its stub answers."""

    def __init__(self, guest, folder):
        self.guest = guest
        guest.run("for i in $(seq 3000); do : >/tmp/f$i; done; rm /tmp/f*[2357]")
        ram = system_ram(guest.run("cat /proc/iomem"))
        guest.stop()
        self.live = Program(guest)
        self.dumps = Dumps(guest, folder, ram)
        addresses = some_objects(self.live)
        self.lines = ["kcache *", "kcache", "ktask", *(f"kmap {cache}" for cache in CACHES)]
        self.lines += [f"kobj {address:#x}" for address in addresses]
        answer = self.ask("-r", f":{guest.gdb_port}")
        assert answer.returncode == 0 and not answer.stderr
        self.answers = answer.stdout
        assert self.answers.count('"record":"object"') == len(addresses) > len(CACHES)

    def ask(self, *target):
        """What all the commands print."""
        return input_lines([ROOT / "build/dill", *target], self.lines)


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def paused(request, pool, tmp_path_factory):
    """A guest that stands still while it is dumped and asked."""
    folder = tmp_path_factory.mktemp("dumps")
    with pool.lend(request.param) as guest:
        yield Paused(guest, folder)
    shutil.rmtree(folder)


def how_found(path):
    """How the kernel was found in a dump."""
    return Dump(path).json("kbase")[0]["base_how"]


def caches_in_detail(records):
    """{name: record} of what "kcache GLOB" prints; without aliases, which are read in sysfs."""
    return {record["name"]: record | {"aliases": None} for record in records if record["record"] == "cache" and "nodes" in record}


def compare_incomplete(paused, done):
    """What makedumpfile has left out is unreadable, never corrupt; every cache without such pages is as in the guest.

    makedumpfile 1.7 takes slabs of kernels since 6.10, which mark them in another way, for pages of users.
    """
    assert paused.guest.kernel.series not in ("5.10", "6.1")
    assert done.returncode == 1 and "left out when it was written" in done.stderr and "damaged" not in done.stderr
    findings = [record for record in Program.lines(done) if record["record"] == "finding"]
    assert findings
    # A list of tasks whose next one was left out ends there, which ktask cannot tell from a stray pointer.
    assert not [one for one in findings if one["kind"] != "unreadable" and "list of" not in one["text"]]
    whole = caches_in_detail(map(json.loads, paused.answers.splitlines()))
    touched = {record.get("cache") for record in findings}
    untouched = {name: record for name, record in caches_in_detail(Program.lines(done)).items() if name in whole and name not in touched}
    assert len(untouched) > len(whole) / 4
    for name, record in untouched.items():
        if record["unknown"]:  # a list on which its objects may wait cannot be read
            assert all(record[key] == whole[name][key] for key in ("address", "active", "objects", "slabs", "size"))
        else:
            assert record == whole[name]


@pytest.mark.parametrize("form", [form if form in OF_KERNELS else pytest.param(form, marks=kernels(*ONE)) for form in FORMS])
def test_dump_answers_as_the_guest(paused, form):
    """Every cache with all its lists, tasks, every slab of some caches, objects: the same bytes."""
    try:
        with paused.dumps.file(form) as path:
            done = paused.ask("-c", path)
            how = how_found(path)
    except CannotWrite as reason:
        pytest.skip(str(reason))
    if done.stdout != paused.answers and "-d 31" in form:
        compare_incomplete(paused, done)
    else:
        assert done.stdout == paused.answers
        assert not done.stderr or ("-d 31" in form and "left out when it was written" in done.stderr)
    if "raw" in form or "VMCOREINFO" in form or form == "lime":
        assert how == "page tables, by a VMCOREINFO found in physical memory"
    elif form in RANGES:  # which is not looked through for a text alone
        assert how == "page tables, found in physical memory"
    elif form == "without QEMU":
        assert how == "page tables, by the target's VMCOREINFO"
    else:
        assert how == "page tables: first mapping of the kernel's window"


@kernels(*ONE)
@pytest.mark.parametrize("form", ("elf large", "raw large", "makedumpfile -l"))
def test_memory(paused, form, tmp_path):
    """Whatever the dump's size, less than 200 MB."""
    with paused.dumps.file(form) as path:
        for words in (["kcensus"], ["kcensus", "--objects", "--json"], ["export", tmp_path / "heap.db"], ["kfind", "--string", "f1"]):
            # By a small process: what a forked one had before counts, too.
            assert measure([ROOT / "build/dill", "-c", path, *words]).peak < MEMORY_MAX_MB, words


def gdb(*commands):
    """The plugin in a GDB without a target: what it prints on both streams."""
    words = [word for line in (f"source {ROOT}/build/dill.py", *commands) for word in ("-ex", line)]
    return subprocess.run(["gdb", "-q", "-nx", "-batch", *words], capture_output=True, text=True, timeout=300, check=False)


@kernels(*ONE)
def test_dump_in_gdb(paused):
    """`dill open` until `dill close`, commands and values; a wrong file leaves what was open."""
    base = paused.live.json("kbase")[0]["base"]
    rows = paused.live.run("kcache", "kmalloc-64", "--json").stdout
    with paused.dumps.file("makedumpfile -l -d 1") as path:
        done = gdb(f"dill open {path}", "kcache kmalloc-64 --json", "p/x $kbase()", "p (char)$kcache(\"dentry\")")
        assert rows in done.stdout and f"compressed dump {path}" in done.stdout
        assert done.stderr == ""
        assert f"$1 = {int(base, 16) & 0xFFFFFFFF:#x}" in done.stdout or f"$1 = {base}" in done.stdout
        done = gdb(f"dill open {path}", "dill close", "kbase")
        assert "no target" in done.stderr and base not in done.stdout
        done = gdb(f"dill open {path}", "python\ntry: gdb.execute('dill open /dev/null')\nexcept gdb.error as e: print(e)\nend")
        assert "/dev/null is not a file" in done.stdout + done.stderr
        assert "nothing can be traced" in gdb(f"dill open {path}", "dill run").stderr


@kernels(*ONE)
@pytest.mark.parametrize("form", ("elf", "elf paging"))
def test_core_of_gdb(paused, form):
    """`target core`: GDB's own view of the file has no physical addresses; dill reads the file."""
    rows = paused.live.run("kcache", "kmalloc-64", "--json").stdout
    with paused.dumps.file(form) as path:
        done = gdb(f"target core {path}", "kcache kmalloc-64 --json", "p/x $kbase()")
        assert rows in done.stdout, done.stderr


@kernels(*ONE)
def test_cut_off(paused, tmp_path):
    """A dump whose end is missing: what is there is answered, and what is not is said; no dump is taken for a whole one."""
    for form, mode in (("elf", "ELF"), ("makedumpfile -l", "compressed"), ("kdump-zlib", "flattened")):
        with paused.dumps.file(form) as path:
            size = path.stat().st_size
            for part in (0.999, 0.7, 0.3, 0.001):
                cut = tmp_path / "cut"
                with open(path, "rb") as whole:
                    cut.write_bytes(whole.read(int(size * part)))
                done = Dump(cut).run("kcache", "*", "--json")
                lines = done.stderr.splitlines()
                if done.returncode == 0:
                    assert done.stdout in paused.answers
                else:
                    assert lines and all(line.startswith("dill: ") for line in lines), (mode, part, done.stderr[-300:])
                    assert "cut off" in done.stderr, (mode, part, done.stderr[-300:])


@pytest.mark.parametrize("case", on("high"), ids=str)
def test_found_without_registers(case, pool, tmp_path):
    """More than 4 GiB, and page tables of five levels where the kernel has them: by registers, VMCOREINFO, search."""
    with pool.lend(case) as guest:
        guest.stop()
        live = Program(guest).run("kcache", "*", "--json")
        assert live.returncode == 0
        base = Program(guest).json("kbase")[0]
        path = tmp_path / "dump"
        guest.dump(path, "kdump-zlib")
        path.chmod(0o600)
        for notes, how in (((), "first mapping"), (("QEMU",), "found in physical memory")):
            rename_notes(path, *notes)
            found = Dump(path).json("kbase")[0]
            assert how in found["base_how"]
            assert [found[key] for key in ("base", "physical_base", "paging_levels")] == [
                base[key] for key in ("base", "physical_base", "paging_levels")
            ]
            assert Dump(path).run("kcache", "*", "--json").stdout == live.stdout


@pytest.mark.parametrize("case", on("high"), ids=str)
def test_memory_without_its_hole(case, pool):
    """What a hypervisor keeps a guest's memory in lacks the hole below 4 GiB: the memory says so itself, or the user does."""
    with pool.lend(case) as guest:
        ranges = system_ram(guest.run("cat /proc/iomem"))
        guest.stop()
        live = Program(guest).run("kcache", "*", "--json")
        assert live.returncode == 0
        target = next(record for record in Dump(guest.memory_path).json("info") if record["record"] == "info")["target"]
        assert "e820" in target
        assert Dump(guest.memory_path).run("kcache", "*", "--json").stdout == live.stdout
        low = guest.memory_bytes - (ranges[-1][1] - (4 << 30))
        given = Dump(guest.memory_path, "--memory-map", f"0:{low},4G:{guest.memory_bytes - low}")
        assert given.run("kcache", "*", "--json").stdout == live.stdout
        wrong = Dump(guest.memory_path, "--memory-map", "0:6G").run("kcache")
        assert wrong.returncode == 2 and "which has 0x140000000 bytes" in wrong.stderr


@kernels(*ONE)
def test_in_pieces(paused, tmp_path):
    """A dump that was cut, whose pieces do not end at pages, in the program and in GDB."""
    with paused.dumps.file("elf") as path:
        subprocess.run(["split", "-n", "3", path, tmp_path / "piece."], check=True)
    pieces = sorted(tmp_path.glob("piece.*"))
    done = paused.ask(*(word for piece in pieces for word in ("-c", piece)))
    assert done.stdout == paused.answers and not done.stderr
    rows = paused.live.run("kcache", "kmalloc-64", "--json").stdout
    assert rows in gdb(f"dill open {' '.join(map(str, pieces))}", "kcache kmalloc-64 --json").stdout
    assert "cut off" in Dump(pieces[0]).run("kcache", "*").stderr


# --- other readers of dumps, which need the kernel's debug information ---

DRGN = """
import drgn, json, sys
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_for_each_allocated_object
program = drgn.Program()
program.set_core_dump(sys.argv[1])
program.load_debug_info([sys.argv[2]])
for cache in for_each_slab_cache(program):
    if cache.name.string_().decode() in sys.argv[3:]:
        objects = [address.value_() for address in slab_cache_for_each_allocated_object(cache, "void")]
        print(json.dumps([cache.name.string_().decode(), sorted(objects)]))
"""


def crash_counts(path, vmlinux):
    """{cache: (allocated, total, slabs)} of crash's "kmem -s", or what it says instead."""
    done = subprocess.run(
        ["crash", "-s", vmlinux, path], input="kmem -s\nquit\n", capture_output=True, text=True, timeout=300, check=False
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    counts = {row[6]: tuple(map(int, row[2:5])) for row in rows if len(row) == 7 and all(map(str.isdigit, row[1:5]))}
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    complaints = [line for line in said if line.startswith("crash: ")]
    return counts or (complaints or said or [f"it ends with {done.returncode}"])[-1]


def allocated_objects(dill, cache):
    """Addresses of a cache's objects that are the caller's, or wait to be freed."""
    found = set()
    for record in dill.json("kmap", cache):
        if record["record"] == "slab_map":
            first, size = int(record["first"], 16), record["size"]
            found |= {first + size * i for i, state in enumerate(record["map"]) if state in LIVE + WAITING}
    return found


@pytest.fixture(scope="module")
def vmlinux(paused):
    """The guest's vmlinux with debug information."""
    try:
        return debug_vmlinux(paused.guest.kernel)
    except KernelUnavailable as reason:
        return pytest.skip(str(reason))


def test_counts_of_crash(paused, vmlinux):
    """Objects and slabs of every cache as crash counts them."""
    if not shutil.which("crash"):
        pytest.skip("crash is not installed")
    with paused.dumps.file("makedumpfile -c") as path:
        theirs = crash_counts(path, vmlinux)
        if isinstance(theirs, str):
            pytest.skip(f"crash cannot read it: {theirs}")
        ours = {
            record["name"]: (record["live"] + record["waiting"], record["objects"], record["slabs"])
            for record in Dump(path).json("kcache")
            if record["record"] == "cache"
        }
    assert len(theirs) > len(ours) / 2
    assert {name: ours[name] for name in theirs} == theirs


def test_objects_of_drgn(paused, vmlinux):
    """The allocated objects of some caches, one by one."""
    with paused.dumps.file("makedumpfile -c") as path:
        done = subprocess.run(
            ["/usr/bin/python3", "-c", DRGN, path, vmlinux, *CACHES], capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            pytest.skip(f"drgn cannot read it: {done.stderr.strip().splitlines()[-1]}")
        theirs = {name: set(objects) for name, objects in map(json.loads, done.stdout.splitlines())}
        ours = {name: allocated_objects(Dump(path), name) for name in CACHES}
    assert theirs == ours


@kernels(*ONE)
def test_cut_short_meanwhile(paused, tmp_path):
    """A line that says so, and an error; neither the program nor GDB dies of it."""
    path, cut = tmp_path / "dump", "truncate -s 1M {}".format
    with paused.dumps.file("elf") as whole:
        shutil.copyfile(whole, path)
    with subprocess.Popen(
        [ROOT / "build/dill", "-c", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as dill:
        dill.stdin.write("kbase\n")
        dill.stdin.flush()
        assert "0xf" in dill.stdout.readline()
        subprocess.run(cut(path).split(), check=True)
        _, said = dill.communicate("kmap dentry\n", timeout=300)
    assert dill.returncode == 2 and "was the file cut short" in said.splitlines()[-1], said
    with paused.dumps.file("elf") as whole:
        shutil.copyfile(whole, path)
    done = gdb(f"dill open {path}", "kbase", f"shell {cut(path)}", "kmap dentry", "dill close", "print 6 * 7")
    assert "was the file cut short" in done.stderr and "$1 = 42" in done.stdout, done


def test_refused(tmp_path):
    """What is no dump: one line that says what it is, and status 2."""
    zeros = tmp_path / "zeros"
    zeros.touch()
    for what, content, reason in (
        ("text", b"no dump\n" * 100, "no dump"),
        ("empty", b"", "is empty"),
        ("gzip", b"\x1f\x8b\x08" + bytes(100), "unpack it first"),
        ("elf", b"\x7fELF" + bytes(100), "ELF"),
        ("kdump", b"KDUMP   " + bytes(100), "cut off"),
        ("flat", b"makedumpfile".ljust(24, b"\0") + bytes(5000), "flattened"),
        ("raw", bytes(16 << 20), "none of them is a page table"),
    ):
        path = tmp_path / what
        path.write_bytes(content)
        done = Dump(path).run("kcache")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
        assert reason in done.stderr, (what, done.stderr)
    done = Dump("/bin/true").run("kcache")
    assert done.returncode == 2 and "no dump of memory" in done.stderr
