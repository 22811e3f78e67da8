# SPDX-License-Identifier: MIT
"""--types and `set dill types`: types of a file, right ones, and others, which the guest contradicts."""
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, Program
from test_image_file import refused
from test_inspect import compare_with_slabinfo
from tests.btf import Btf
from tests.guest.kernels import KernelUnavailable, kernel


class WithTypes(Program):
    """The program without the kernel's own types."""

    def __init__(self, guest, path):
        super().__init__(guest)
        self.path = path

    def run(self, *words):
        command = [ROOT / "build/dill", "--hide=types", f"--types={self.path}", "-r", f":{self.guest.gdb_port}", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def blob(guest):
    """The BTF of the guest's kernel."""
    return guest.read_file("/sys/kernel/btf/vmlinux")


@pytest.fixture(scope="module")
def btf(blob, tmp_path_factory):
    """A copy of it, as people take one."""
    path = tmp_path_factory.mktemp("btf") / "vmlinux.btf"
    path.write_bytes(blob)
    return path


def all_right(dill, guest):
    """The heap and the tasks as the guest has them."""
    assert dill.json("ktask", "1")[0]["comm"] == guest.run("cat /proc/1/comm").strip()
    compare_with_slabinfo(dill, guest)


def test_types_of_this_kernel(guest, btf):
    """All is as with the kernel's own; info says whose they are, and what was tried."""
    dill = WithTypes(guest, btf)
    all_right(dill, guest)
    info = dill.json("info")[0]
    assert info["types_source"] == "file" and info["types"].startswith(f"{btf}, BTF of a file")
    tried = re.search(r"checked on the target: (\d+) members of the heap fit .*, and tasks$", info["types"])
    assert int(tried[1]) > 30
    assert Program(guest).json("info")[0]["types_source"] == "target"
    assert dill.json("kstruct", "kmem_cache", "object_size")[0]["offset"] == Btf(btf.read_bytes()).offset("kmem_cache", "object_size")


def test_refusals_say_what_helps(guest):
    """Without types there is a way out."""
    command = [ROOT / "build/dill", "--hide=types", "-r", f":{guest.gdb_port}"]
    done = subprocess.run([*command, "kstruct", "list_head"], capture_output=True, text=True, timeout=300, check=False)
    refused(done, "built without CONFIG_DEBUG_INFO_BTF; a bzImage brings no types; give --types FILE, or a vmlinux with debug")
    done = subprocess.run([*command, "ktask"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0 and "--types FILE gives it" in done.stderr, done


def test_types_of_another_kernel(guest):
    """Taken out of a bzImage; the members that are elsewhere are named."""
    other = "7.2" if guest.kernel.series != "7.2" else "5.10"
    try:
        dill = WithTypes(guest, kernel(other).vmlinuz)
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    refused(dill.run("kcache"), "does not describe the kernel that runs: kmem_cache.")
    refused(dill.run("kstruct", "list_head"), "does not describe the kernel that runs: kmem_cache.")
    refused(dill.run("ktask"), "does not describe the kernel that runs: task_struct.tasks.next at ")


# Members whose neighbours have another value in every guest: real_cred, for one, lies in front of cred.
HEAP = {
    "kmem_cache": "name list object_size size min inuse align offset refcount flags useroffset usersize random node per_node"
    " cpu_slab cpu_sheaves sheaf_capacity",
    "kmem_cache_node": "partial nr_slabs total_objects full",
    "kmem_cache_cpu": "freelist slab page",
    "slub_percpu_sheaves": "main",
    "slab_sheaf": "cache size",
    "slab": "slab_cache freelist inuse objects",
    "page": "slab_cache freelist inuse objects",
}
TASKS = {"task_struct": "tasks comm pid tgid stack signal"}


@pytest.mark.parametrize("members, words", [(HEAP, ["kcache", "kmalloc-64"]), (TASKS, ["ktask", "1"])], ids=("heap", "tasks"))
def test_moved_members(stopped, blob, tmp_path, members, words):
    """A single member is 8 bytes further: it is named, with its place."""
    types, path = Btf(blob), tmp_path / "moved.btf"
    dill, tried = WithTypes(stopped, path), 0
    for name, paths in members.items():
        for member in paths.split():
            if (moved := types.moved(name, member, 8)) is None or name == "page" and types.size("slab"):
                continue
            path.write_bytes(moved)
            done = dill.run(*words)
            refused(done, "does not describe the kernel that runs: ")
            assert f"{name}.{member}" in done.stderr, done.stderr
            tried += 1
    assert tried >= (6 if members is TASKS else 22)


# --- structs that are compiled by hand ---

# C types of the members, by the structs that have them; "slab" stands for struct page before 5.17.
STRUCTS = {
    "list_head": {"next": "void *", "prev": "void *"},
    "callback_head": {"next": "void *", "func": "void *"},
    "kmem_cache": {
        "flags": "unsigned", "min_partial": "unsigned long", "size": "unsigned", "object_size": "unsigned", "offset": "unsigned",
        "oo": "struct { unsigned x; }", "min": "struct { unsigned x; }", "refcount": "int", "ctor": "void *", "inuse": "unsigned",
        "align": "unsigned", "red_left_pad": "unsigned", "name": "char *", "list": "struct list_head", "random": "unsigned long",
        "cpu_slab": "void *", "cpu_partial": "unsigned", "cpu_sheaves": "void *", "sheaf_capacity": "unsigned",
        "node": "void *[1]", "per_node": "struct { void *barn, *node; }[1]",
    },
    "kmem_cache_cpu": {"freelist": "void *", "slab": "void *", "page": "void *", "partial": "void *"},
    "kmem_cache_node": {
        "nr_partial": "unsigned long", "partial": "struct list_head", "nr_slabs": "long", "total_objects": "long",
        "full": "struct list_head",
    },
    "slab": {"slab_cache": "void *", "slab_list": "struct list_head", "next": "void *", "freelist": "void *"},
    "page": {
        "flags": "unsigned long", "page_type": "unsigned", "slab_cache": "void *", "slab_list": "struct list_head",
        "next": "void *", "freelist": "void *", "compound_head": "unsigned long", "compound_info": "unsigned long",
    },
    "slub_percpu_sheaves": {"main": "void *", "spare": "void *", "rcu_free": "void *"},
    "slab_sheaf": {
        "barn_list": "struct list_head", "rcu_head": "struct callback_head", "callback_head": "struct callback_head",
        "cache": "void *", "size": "unsigned", "objects": "void *[0]",
    },
    "node_barn": {
        "sheaves_full": "struct list_head", "sheaves_empty": "struct list_head", "nr_full": "unsigned", "nr_empty": "unsigned",
    },
    "cred": {"uid": "struct { unsigned val; }"},
    "task_struct": {
        "tasks": "struct list_head", "pid": "int", "tgid": "int", "comm": "char[16]", "real_parent": "void *",
        "__state": "unsigned", "state": "long", "exit_state": "int", "stack": "void *", "mm": "void *", "real_cred": "void *",
    },
}
COUNTERS = ("inuse", "unsigned inuse : 16, objects : 15, frozen : 1")


def declared(kind, name):
    """`kind name`, with the length of an array where C wants it."""
    base, bracket, length = kind.partition("[")
    return f"{base.strip()} {name}{bracket}{length}"


def struct_file(types):
    """The structs in C, each member at its own place."""
    lines = [f"enum {{ {name} = {types.enumerator(name)} }};" for name in ("PG_slab", "PGTY_slab") if types.enumerator(name) is not None]
    lines = [line.replace("{ ", f"made_{number} {{ ", 1) for number, line in enumerate(lines)]
    for name, members in STRUCTS.items():
        if not types.size(name):
            continue
        places = [(types.offset(name, member), declared(kind, member)) for member, kind in members.items()]
        if name in ("slab", "page"):
            places.append((types.offset(name, COUNTERS[0]), COUNTERS[1]))
        lines.append(f"struct {name} {{ union {{ char all[{types.size(name)}];")
        for number, (offset, text) in enumerate(place for place in places if place[0] is not None):
            pad = f"char pad_{number}[{offset}]; " if offset else ""
            lines.append(f"  struct {{ {pad}{text}; }} __attribute__((packed));")
        lines.append("}; };")
    uses = [f"struct {name} use_{name};" for name in STRUCTS if types.size(name)]
    uses += [f"enum made_{number} use_made_{number};" for number in range(sum("enum" in line for line in lines))]
    return "\n".join([*lines, *uses, ""])


def compiled(text, path, *options):
    """The object file of a C source."""
    subprocess.run(["gcc", *options, "-c", "-o", path, "-x", "c", "-"], input=text, text=True, check=True)
    return path


def test_struct_file(guest, blob, tmp_path):
    """A few structs, compiled with debug information, are enough; one that is wrong is named."""
    if not shutil.which("gcc"):
        pytest.skip("needs gcc")
    source = struct_file(Btf(blob))
    all_right(WithTypes(guest, compiled(source, tmp_path / "structs.o", "-g")), guest)
    wrong = compiled(source.replace("char * name;", "char nothing[8], * name;"), tmp_path / "wrong.o", "-g")
    refused(WithTypes(guest, wrong).run("kcache"), "does not describe the kernel that runs: kmem_cache.name at ")
    partial = compiled("struct list_head { void *next, *prev; } v;", tmp_path / "partial.o", "-g")
    refused(WithTypes(guest, partial).run("kcache"), f"{partial} has no struct kmem_cache with a member flags")
    done = WithTypes(guest, partial).run("kstruct", "list_head", "prev")
    assert "offset 8" in done.stdout and "could not be checked" in done.stderr


def test_set_dill_types(guest, btf, tmp_path):
    """In GDB; what is wrong is said by each command, and a file that is mended is read anew."""
    path = tmp_path / "types"
    path.write_text("hello")
    lines = [
        f"target remote :{guest.gdb_port}", f"source {ROOT}/build/dill.py", "show dill types", f"set dill types {path}", "kbase",
        f"shell cp {btf} {path}", "kstruct list_head prev", "dill info", "show dill types", "set dill types", "dill info", "detach",
    ]
    words = [word for line in lines for word in ("-ex", line)]
    done = subprocess.run(["gdb", "-q", "-nx", "-batch", *words], capture_output=True, text=True, timeout=300, check=False)
    assert f"{path}: it is neither BTF" in done.stderr, done.stderr
    assert "list_head.prev: offset 8" in done.stdout
    said = [line for line in done.stdout.splitlines() if line.startswith(("The kernel's types", "types from"))]
    assert said[0] == "The kernel's types come from the kernel."
    assert f"{path}, BTF of a file that was given" in said[1]
    assert said[2] == f'The kernel\'s types come from the file "{path}".'
    assert "target memory" in said[3]


def test_files_without_types(guest, tmp_path, btf):
    """One line each."""
    def gives(name, data):
        (tmp_path / name).write_bytes(data)
        return WithTypes(guest, tmp_path / name).run("kbase")

    blob = btf.read_bytes()
    refused(gives("empty", b""), "empty is empty")
    refused(gives("garbage", b"\x01\x02" * 500), "it is neither BTF")
    refused(gives("short", blob[:100000]), "it is cut short")
    refused(gives("head", blob[:10]), "has no header")
    refused(gives("packed.xz", b"\xfd7zXZ\0" + bytes(50)), "it is packed with xz: unpack it")
    refused(gives("elf", b"\x7fELF" + bytes(20)), "it is cut short: 24 bytes of an ELF")
    refused(WithTypes(guest, tmp_path).run("kbase"), "is not a file")
    refused(WithTypes(guest, tmp_path / "none").run("kbase"), "No such file")
    refused(WithTypes(guest, "").run("kbase"), "the name of a file is empty")
    if shutil.which("gcc"):
        bare = compiled("int x;", tmp_path / "bare.o")
        refused(WithTypes(guest, bare).run("kbase"), "it holds neither BTF nor DWARF: build it with debug information (-g)")
        cut = tmp_path / "cut.o"
        cut.write_bytes(bare.read_bytes()[:-100])
        refused(WithTypes(guest, cut).run("kbase"), "it is cut short: its sections")
