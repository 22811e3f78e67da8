# SPDX-License-Identifier: MIT
"""A person's terminal: no line is wider, what is left out is said, long answers are paged; a pipe gets everything."""
import re
import shutil

import pytest

from conftest import ROOT, Program
from tests.guest.stub import Stub
from tests.matrix import on
from tests.terminal import Terminal

CASES = on("plain", series=("6.12",))
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    """A tmux server."""
    with Terminal(tmp_path_factory.mktemp("terminal")) as it:
        yield it


@pytest.fixture(scope="module", params=CASES, ids=str)
def still(request, pool):
    """A stopped guest: every look sees the same heap."""
    with pool.lend(request.param) as guest:
        guest.stop()
        yield guest
        guest.cont()


def words(guest, *command):
    """The program on a guest."""
    return [ROOT / "build/dill", "-r", f":{guest.gdb_port}", *command]


def commands(guest):
    """Each command that shows something, as somebody types it."""
    dill = Program(guest)
    thing = next(record["object"] for record in dill.json("kcensus", "cred", "--objects") if record["record"] == "census_object")
    return (
        ("kcache",), ("kcache", "cred"), ("kcache", "--aliases"), ("kcache", "--sort", "live", "--rows", "5"), ("kcensus",),
        ("kcensus", "--by", "slab", "--rows", "9"), ("kcensus", "--by", "node"), ("kcensus", "cred", "--objects"), ("kcheck",),
        ("ktask", "--threads"), ("ktask", "1"), ("info",), ("kbase",), ("kmap", "cred"), ("knext", "cred"), ("kobj", thing),
        ("kslab", thing), ("kfind", "--ptr", thing), ("kstruct", "cred"), ("kstruct", "task_struct", "@init_task"), ("help",),
        ("kcache", "--help"), ("kcensus", "--help"), ("trace", "--help"), ("kcache", "--nosuch"), ("kcensus", "--sort", "nosuch"),
    )


@pytest.mark.parametrize("columns", (80, 50, 132))
def test_no_line_is_wider_than_the_terminal(still, terminal, columns):
    """Joined again where the terminal had to break them."""
    for command in commands(still):
        screen = terminal.run(words(still, *command), columns)
        widest = max(screen.lines, key=len)
        assert len(widest) <= columns, (command, widest)
        assert any(screen.lines), command


@pytest.mark.parametrize("columns", (80, 132))
def test_no_line_is_wider_than_gdbs(still, terminal, columns):
    """GDB takes its width from the terminal that it is started in."""
    lines = ("kcache", "kcensus", "kcache cred", "kmap cred", "knext cred", "info", "ktask --threads")
    steps = ["set pagination off", f"target remote :{still.gdb_port}", f"source {ROOT}/build/dill.py",
             *(f"dill {line}" for line in lines), "set confirm off", "quit"]
    screen = terminal.run(["gdb", "-q", "-nx", *(word for step in steps for word in ("-ex", step))], columns)
    still.stop()  # it ran when GDB had left
    widest = max(screen.lines, key=len)
    assert len(widest) <= columns, widest
    shown = "\n".join(screen.lines)
    assert screen.status == 0 and all(word in shown for word in ("cred", "kthreadd", "hardened")), shown


def test_options_of_the_program(terminal):
    """Its own help, which argp fills."""
    for columns in (80, 60, 132):
        screen = terminal.run([ROOT / "build/dill", "--help"], columns)
        assert screen.status == 0 and "--no-pager" in "\n".join(screen.lines)
        assert max(map(len, screen.lines)) <= columns


def heading(lines):
    """The names of a table's columns."""
    return re.split(r" {2,}", lines[0].strip())


def size(text):
    """Bytes of "1.48 MiB"."""
    number, unit = text.split()
    return float(number) * UNITS[unit]


def test_a_pipe_gets_everything(still, terminal):
    """All caches in the kernel's order, all columns, bytes."""
    dill = Program(still)
    records = dill.json("kcache")
    lines = dill.run("kcache").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [record["name"] for record in records]
    assert heading(lines)[:5] == ["NAME", "ACTIVE", "OBJECTS", "LIVE", "CACHED"] and heading(lines)[-2:] == ["ADDRESS", "FLAGS"]
    assert max(map(len, lines)) > 132
    lines = dill.run("kcensus").stdout.splitlines()
    memory = {record["name"]: record["memory"] for record in dill.json("kcensus") if record["record"] == "census_cache"}
    assert {line.split()[0]: int(line.split()[1]) for line in lines[1 : len(memory) + 1]} == memory
    assert heading(lines)[-1] == "TAILS" and "SHARE" not in heading(lines)
    wide = terminal.run(words(still, "kcache", "--wide"), 80)
    assert {"ADDRESS", "FLAGS", "SHARE", "UNKNOWN"} <= set(heading(wide.lines))
    assert len([line for line in wide.lines if line]) == len(records) + 1


def test_the_largest_first(still, terminal):
    """Against the kernel's own numbers of slabs, which JSON has; empty caches are counted, shares are parts of all."""
    caches = {record["name"]: record for record in Program(still).json("kcache")}
    memory = {name: cache["slabs"] * 4096 << cache["order"] for name, cache in caches.items()}
    empty = sum(cache["slabs"] == 0 for cache in caches.values())
    lines = [line for line in terminal.run(words(still, "kcache"), 80).lines if line]
    assert heading(lines)[:3] == ["NAME", "MEMORY", "SHARE"]
    end = next(index for index, line in enumerate(lines) if line.startswith(f"{empty} more caches are empty"))
    rows = [re.split(r" {2,}", line.strip()) for line in lines[1:end]]
    assert sorted(row[0] for row in rows) == sorted(name for name, bytes_of in memory.items() if bytes_of)
    found = [memory[row[0]] for row in rows]
    assert found == sorted(found, reverse=True)
    for row in rows:
        assert abs(size(row[1]) - memory[row[0]]) <= memory[row[0]] / 100
        assert abs(float(row[2].rstrip("%")) - 100 * memory[row[0]] / sum(memory.values())) <= 0.1


def test_sort(still):
    """By any column, both ways, and so many rows; JSON too."""
    dill = Program(still)
    caches = dill.json("kcache")
    live = [record["live"] for record in dill.json("kcache", "--sort", "live", "--rows", "7")]
    assert live == sorted((record["live"] for record in caches), reverse=True)[:7]
    assert [record["name"] for record in dill.json("kcache", "--sort", "name")] == sorted(record["name"] for record in caches)
    orders = [record["order"] for record in dill.json("kcache", "--sort", "-order")]
    assert orders == sorted(orders)
    holes = [record["hole_bytes"] for record in dill.json("kcensus", "--sort", "hole_bytes") if record["record"] == "census_cache"]
    assert holes == sorted(holes, reverse=True) and len(holes) == len(caches)
    slabs = [record["live"] for record in dill.json("kcensus", "--by", "slab", "--sort", "live") if record["record"] == "census_slab"]
    assert slabs == sorted(slabs, reverse=True)
    done = dill.run("kcensus", "--sort", "nosuch")
    assert done.returncode == 2 and "hole_bytes" in done.stderr


def test_pager(still, terminal):
    """As in git: less when nothing is said, which ends by itself where the answer is short; q and Ctrl-C say nothing."""
    for keys in ((), ("C-c",)):
        terminal.start(words(still, "kcache"), env={})
        terminal.wait_text("^:")  # less' prompt
        terminal.keys(*keys)
        terminal.keys_until_end("q")
        screen = terminal.end()
        assert screen.status == 0 and not any("dill:" in line for line in screen.lines), screen
    assert terminal.run(words(still, "kbase"), 132, env={}).status == 0
    shown = terminal.run(words(still, "kcache", "--rows", "3"), env={"PAGER": "sed s/^/x/"})
    assert shown.lines[0].startswith("xNAME") and shown.status == 0
    shown = terminal.run(words(still, "kcache", "--rows", "3"), env={"PAGER": "sed s/^/x/", "DILL_PAGER": "sed s/^/y/"})
    assert shown.lines[0].startswith("yNAME")
    for plain in ({"PAGER": ""}, {"PAGER": "cat"}):
        assert terminal.run(words(still, "kcache"), env=plain).lines[0].startswith("NAME")
    paged = terminal.run([ROOT / "build/dill", "-r", f":{still.gdb_port}", "--no-pager", "kcache"], env={"PAGER": "sed s/^/x/"})
    assert paged.lines[0].startswith("NAME")
    missing = terminal.run(words(still, "kcache", "--rows", "3"), env={"PAGER": "nosuchpager"})
    assert 'cannot run the pager "nosuchpager"' in " ".join(missing.lines) and missing.status == 0
    assert any(line.startswith("kernfs") for line in missing.lines)
    # One that leaves at once has not seen everything, which is no error.
    assert terminal.run(words(still, "kcache"), env={"PAGER": "true"}).status == 0
    assert terminal.run(words(still, "kcache", "nosuch"), env={"PAGER": "true"}).status == 2


def test_findings_and_their_status(still, terminal):
    """A broken list: its line fits, and the status is 1 behind a pager, too."""
    caches = [record for record in Program(still).json("kcache", "*") if record["name"] not in ("kmem_cache", "kmem_cache_node")]
    slab, cache = next(
        (slab, cache) for cache in caches for node in cache["nodes"] for slab in node["partial"] if slab["freelist_count"] >= 4
    )
    slot = int(slab["freelist"][1], 16) + cache["freelist_offset"]
    with Stub(still) as stub:
        before = stub.read(slot, 8)
        stub.write(slot, bytes(byte ^ 0x5A for byte in before))
    try:
        for columns in (80, 50):
            screen = terminal.run(words(still, "kcheck", cache["name"]), columns)
            assert screen.status == 1 and max(map(len, screen.lines)) <= columns
            assert any(line.startswith("! ") for line in screen.lines)
        assert terminal.run(words(still, "kcheck", cache["name"]), env={"PAGER": "sed s/^/x/"}).status == 1
        assert terminal.run(words(still, "kcheck", cache["name"]), env={"PAGER": "true"}).status == 1
    finally:
        with Stub(still) as stub:
            stub.write(slot, before)
