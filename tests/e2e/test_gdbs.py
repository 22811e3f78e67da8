# SPDX-License-Identifier: MIT
"""One build of the plugin in the GDBs of other distributions: bullseye's (10), trixie's (16, not by default) and sid's (of the day)."""
import json
import re
import subprocess

import pytest

from conftest import ROOT
from tests.guest.foreign import SUITES, ForeignUnavailable, foreign
from tests.matrix import kernels, on

MODULE = ROOT / "build/src/gdb/dill.abi3.so"
MARK = "@@ next @@"
JEALOUS = ROOT / "tests/data/gdb/jealous.py"
# glibc of the oldest GDB that must load the module: Ubuntu 20.04's and bullseye's.
GLIBC_MAX = (2, 31)
# glibc of Debian 12, where releases are built. A newer one brings newer symbols of its own.
GLIBC_BUILD = (2, 36)

pytestmark = pytest.mark.parametrize("guest", on("plain", series=("6.12",)), ids=str, indirect=True)


# Between GDB's pipe and the stub: a connection that the plugin cannot borrow.
RELAY = """
import os, select, socket, sys
stub = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stub.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while True:
    for ready in select.select([0, stub], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else stub.recv(65536)
        if not data:
            sys.exit()
        os.write(stub.fileno() if ready == 0 else 1, data)
"""


class ForeignGdb:
    """A GDB of another suite that is connected to a guest, with the plugin loaded or not."""

    def __init__(self, found, guest):
        self.command = [*found.command, "-q", "-nx", "-batch", "-ex", "set pagination off", "-ex", "set width 0"]
        self.remote = f":{guest.gdb_port}"
        self.first = ()  # commands in place of "target remote"
        flush = "flushregs" if found.suite == "bullseye" else "maintenance flush register-cache"
        # GDB's own copy would hide that the stub's selected thread is another.
        self.registers = (flush, "info registers")

    def run(self, *commands, load=True):
        """What each command prints, errors too."""
        script = [*(self.first or [f"target remote {self.remote}"]), *([f"source {ROOT}/build/dill.py"] if load else [])]
        for command in commands:
            script += [f"echo \\n{MARK}\\n", command]
        script += [f"echo \\n{MARK}\\n", "detach"]
        words = [word for line in script for word in ("-ex", line)]
        # Bound at once, a function that this Python does not have is found even if no test calls it. And of a suite that
        # a shell runs in the background Ctrl-C is ignored: GDB 10 and its Python would do so, too.
        done = subprocess.run(
            ["env", "--default-signal=INT", "LD_BIND_NOW=1", *self.command, *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
        )
        parts = [part.strip("\n") for part in done.stdout.split(MARK)]
        assert len(parts) == len(commands) + 2, done.stdout
        assert "Traceback" not in done.stdout and "Python Exception" not in done.stdout
        return parts[1:-1]


@pytest.fixture(params=[pytest.param(suite, marks=kernels()) if suite == "trixie" else suite for suite in SUITES["gdb"]])
def gdb(request, guest):
    """Each GDB that can be had."""
    try:
        found = foreign("gdb", request.param)
    except ForeignUnavailable as reason:
        pytest.skip(str(reason))
    return ForeignGdb(found, guest)


def records(text):
    """JSON lines of a command's output."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_answers_are_the_guests(gdb, guest):
    """Each command and function against the guest's own word."""
    kbase, ktask, prefixed, kstruct, kcache, base, task, cache = gdb.run(
        "kbase --json", "ktask 1 --json", "dill ktask agent --json", "kstruct list_head prev --json", "kcache --json",
        "p/x $kbase()", "p/x $ktask(1)", 'p/x $kcache("kmalloc-64")',
    )
    text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    assert int(records(kbase)[0]["base"], 16) == text
    assert int(base.split("=")[1], 16) == text
    assert records(ktask)[0]["comm"] == guest.run("cat /proc/1/comm").strip()
    assert records(prefixed)[0]["task"] == records(ktask)[0]["task"] == task.split()[-1]
    assert (records(kstruct)[0]["offset"], records(kstruct)[0]["size"]) == (8, 8)
    sizes = {line.split()[0]: int(line.split()[3]) for line in guest.run("cat /proc/slabinfo").splitlines()[2:]}
    caches = {record["name"]: record for record in records(kcache) if record["record"] == "cache"}
    assert {name: record["size"] for name, record in caches.items()} == sizes
    assert caches["kmalloc-64"]["address"] == cache.split()[-1]


def test_dump(gdb, guest, tmp_path):
    """`dill open` beside a connection, and `target core` in its place: answers from the file."""
    path = tmp_path / "dump"
    guest.dump(path)
    path.chmod(0o600)
    text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    opened, found, info, closed, stub, _, _, core, core_info = gdb.run(
        f"dill open {path}", "kbase --json", "dill info --json", "dill close", "dill info --json",
        "detach", f"target core {path}", "kbase --json", "dill info --json",
    )
    assert f"ELF dump {path}" in opened and "target that GDB has" in closed
    assert int(records(found)[0]["base"], 16) == int(records(core)[0]["base"], 16) == text
    assert str(path) in records(info)[0]["target"] and str(path) in records(core_info)[0]["target"]
    assert str(path) not in records(stub)[0]["target"]


@pytest.mark.parametrize("direct", ("auto", "off"))
def test_view_stays(gdb, direct):
    """Registers, selected thread and frame, breakpoints and memory are the same before and after."""
    view = (
        *gdb.registers, "info threads", "thread", "info breakpoints", "x/2xg $rsp", "maintenance packet qqemu.PhyMemMode",
    )
    work = ("kbase", "kcache kmalloc-64", "kstruct list_head @init_task.tasks", "ktask --threads", "p $ktask(1)", "kcache nope")
    shown = gdb.run("thread 2", "hbreak *0xffffffff81000000", f"set dill direct {direct}", *view, *work, *view, "stepi", "kbase")
    before, after = shown[3 : 3 + len(view)], shown[3 + len(view) + len(work) : 3 + 2 * len(view) + len(work)]
    assert before == after
    assert "rip" in before[1] and "hw breakpoint" in before[4]
    # Whatever was borrowed has been given back: GDB goes on with its target, and dill with GDB's.
    assert "0x" in shown[-2] and "error" not in shown[-2].lower()
    assert shown[-1].startswith("base")


@pytest.mark.parametrize("gdb", SUITES["gdb"][:1], indirect=True)
def test_through_gdbs_own_functions(gdb, guest, tmp_path):
    """Where GDB's connection cannot be borrowed, as in every GDB before 10, its functions read the target."""
    relay = tmp_path / "relay.py"
    relay.write_text(RELAY)
    gdb.remote = f"| env -u PYTHONHOME /usr/bin/python3 {relay} {guest.gdb_port}"
    view = (*gdb.registers, "thread", "maintenance packet qqemu.PhyMemMode")
    work = ("kbase --json", "kcache kmalloc-64 --counts --json")
    shown = gdb.run("thread 2", "set dill direct on", *view, *work, *view)
    before, (kbase, kcache), after = shown[2:6], shown[6:8], shown[8:]
    assert before == after
    assert int(records(kbase)[0]["base"], 16) == int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
    # What "on" says when it cannot be done, once.
    assert kbase.startswith("dill: ") and "dill: " not in kcache
    assert records(kcache)[0]["object_size"] == int(guest.run("cat /sys/kernel/slab/kmalloc-64/object_size"))


def test_words(gdb):
    """Completion, help, and one line for wrong input."""
    names, prefixed, types, usage, *wrong = gdb.run(
        "complete kcache kmalloc-6", "complete dill k", "complete kstruct list_hea", "help kcache",
        "kcache kmalloc-46", "kstruct task_strct", "ktask 99999999", "kcache --cpu 77 kmalloc-64", "dill nothing",
        'p $kcache("nope")', "kcache --nonsense",
    )
    assert "kcache kmalloc-64" in names.splitlines()
    assert {"dill kbase", "dill kcache", "dill kstruct", "dill ktask"} <= set(prefixed.splitlines())
    assert "kstruct list_head" in types.splitlines()
    assert "Usage: kcache" in usage
    for text in wrong:
        assert len(text.splitlines()) == 1, text


def test_interrupted(gdb, guest, tmp_path):
    """Ctrl-C in the middle of an answer ends it, and everything is as before."""
    script = tmp_path / "endless.gdb"
    # Another way to the memory is another session: each answer reads the target anew.
    answers = "".join(f"set dill direct {way}\nkcache '*'\n" for way in ("off", "auto"))
    script.write_text(f"while 1\n{answers}end\n")
    # As a person would: pressed again when nothing came of it, for GDB 10 loses one between two commands of a loop.
    ended = tmp_path / "ended"
    press = f"shell (until sleep 1; [ -e {ended} ]; do kill -INT $PPID; sleep 4; done) &"
    shown = gdb.run(*gdb.registers, press, f"source {script}", f"shell touch {ended}", *gdb.registers, "kbase")
    before, stopped, after, base = shown[:2], shown[3], shown[5:7], shown[7]
    assert stopped.splitlines()[-1].strip() == "Quit", stopped[-300:]
    assert before == after and "rip" in before[1]
    assert base.startswith("base")
    assert guest.is_running()


def test_taken_name_is_left_alone(gdb, tmp_path):
    """A command that another plugin has defined stays; dill says so once and is reached by its prefix."""
    script = tmp_path / "other.gdb"
    script.write_text("define kbase\necho mine\\n\nend\n")
    load = f"source {ROOT}/build/dill.py"
    _, first, again, short, prefixed, other = gdb.run(
        f"source {script}", load, load, "kbase", "dill kbase", "kstruct list_head prev", load=False
    )
    assert first.startswith("dill: kbase: already defined") and len(first.splitlines()) == 1
    assert again == ""
    assert short == "mine"
    assert prefixed.startswith("base")
    assert other


def test_beside_a_plugin_that_is_jealous(gdb):
    """A plugin that ends GDB when its names exist is loaded before dill or behind it, in scripts that have no prompt."""
    dill, other = f"source {ROOT}/build/dill.py", f"source {JEALOUS}"
    for load in ((dill, other), (other, dill)):
        *said, theirs, ours, free, again = gdb.run(*load, "kbase 1", "dill kbase", "kstruct list_head prev", "jealous", load=False)
        assert theirs == "jealous kbase 1" and again == "jealous jealous"
        assert ours.startswith("base") and "prev" in free
        remarks = [line for text in said for line in text.splitlines()]
        assert len(remarks) == 1 and remarks[0].startswith("dill: kcache, kbase: already defined")


def test_names_are_there_for_a_script(gdb, tmp_path):
    """Commands that follow without a prompt work: with a target before dill is loaded or behind, in a script, without any."""
    script = tmp_path / "lab.gdb"
    script.write_text(f"source {ROOT}/build/dill.py\nkstruct --help\n")
    for load in ((f"target remote {gdb.remote}", f"source {ROOT}/build/dill.py"), (f"source {ROOT}/build/dill.py", f"target remote {gdb.remote}")):
        gdb.first = load
        assert gdb.run("kstruct list_head prev", load=False)[0].startswith("struct list_head")
    gdb.first = (f"source {script}",)
    assert "Usage: kstruct" in gdb.run("kstruct --help", load=False)[0]


def prompted(gdb, folder, files, *lines):
    """What GDB says that reads an init file with *files*, and then *lines* at its prompt."""
    init = folder / "init.gdb"
    init.write_text("".join(f"source {file}\n" for file in files))
    command = [word for word in gdb.command if word != "-batch"]
    done = subprocess.run(
        [*command, "-ix", init], input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300, check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_beside_a_plugin_in_an_init_file(gdb, tmp_path):
    """The same from an init file: at the prompt the names are there, and are listed as all others."""
    for files in ((ROOT / "build/dill.py", JEALOUS), (JEALOUS, ROOT / "build/dill.py")):
        said = prompted(gdb, tmp_path, files, "complete kma", "complete dill kma", "kbase 2", f"target remote {gdb.remote}", "dill kbase", "detach")
        assert "jealous kbase 2" in said and "dill: kcache, kbase: already defined" in said
        assert re.search(r"^(\(gdb\) )?kmap$", said, re.MULTILINE) and re.search(r"^(\(gdb\) )?dill kmap$", said, re.MULTILINE)
        assert re.search(r"^(\(gdb\) )?base +0x", said, re.MULTILINE), said


def test_names_come_with_a_target(gdb, tmp_path):
    """An init file loads dill, and commands of GDB's own command line use it, without a prompt."""
    init = tmp_path / "init.gdb"
    init.write_text(f"source {ROOT}/build/dill.py\nsource {JEALOUS}\n")
    gdb.command = [*gdb.command[:-4], "-x", init, *gdb.command[-4:]]
    theirs, ours = gdb.run("kbase 3", "kstruct list_head prev", load=False)
    assert theirs == "jealous kbase 3" and ours.startswith("struct list_head")


def test_no_symbols_of_a_newer_glibc(guest):
    """The module loads with the C library of the oldest GDB."""
    del guest
    here = tuple(map(int, subprocess.check_output(["getconf", "GNU_LIBC_VERSION"], text=True).split()[1].split(".")))
    if here > GLIBC_BUILD:
        pytest.skip(f"built with glibc {here[0]}.{here[1]}, which brings symbols of its own")
    listed = subprocess.check_output(["objdump", "-T", MODULE], text=True)
    newer = [line for line in listed.splitlines() for version in re.findall(r"GLIBC_(\d+)\.(\d+)", line)
             if tuple(map(int, version)) > GLIBC_MAX]
    assert not newer


def test_missing_library_is_one_line(gdb, tmp_path):
    """A module that the system's loader refuses costs one line."""
    (tmp_path / "dill.py").write_bytes((ROOT / "src/gdb/dill.py").read_bytes())
    (tmp_path / "dill.abi3.so").write_bytes(b"no library")
    said, after = gdb.run(f"source {tmp_path}/dill.py", "dill kbase", load=False)
    assert said.startswith("dill cannot be loaded: ") and len(said.splitlines()) == 1
    assert "dill" in after
