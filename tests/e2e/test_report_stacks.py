# SPDX-License-Identifier: MIT
"""Recorded stacks in reports, histories, pages and for flame graphs: of a made-up trace, so that each sum is known."""
import json
import re
import subprocess

import pytest

from conftest import ROOT
from tests.traces import KNOWN, Event, make

OPEN = ("vfs_open+0x20/0x90", "do_sys_open+0x10", "entry_SYSCALL_64+0x76")
READ = ("vfs_read+0x20", "ksys_read+0x10", "entry_SYSCALL_64+0x76")
# The same work in an interrupt that came in twice, over different tasks.
IN_INTERRUPT = ("net_rx_action+0x80", "handle_softirqs+0x10", "asm_common_interrupt+0x22")
MODULE = ("leak_one+0x19 [my mod]", "entry_SYSCALL_64+0x76")


def alloc(sequence, stack, given=64, pid=7, comm="worker; 1", **values):
    """One allocation by get+0x5 of a cache."""
    return Event(sequence, 100 * sequence, "alloc", pid, pid, comm, cache="kmalloc-64", object=0xffff888004000000 + 64 * sequence,
                 requested=given, given=given, caller="get+0x5", stack=stack, **values)


def free(sequence, of, stack):
    """The free of an allocation."""
    return Event(sequence, 100 * sequence, "free", 9, 9, "reaper", flags=KNOWN, cache="kmalloc-64", object=of.object,
                 caller="put+0x9", alloc_sequence=of.sequence, alloc_time_ns=of.time_ns, stack=stack)


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """A file with stacks."""
    path = tmp_path_factory.mktemp("stacks") / "trace.db"
    events = [
        alloc(1, OPEN), alloc(2, READ), alloc(3, OPEN), alloc(4, (*IN_INTERRUPT, *READ), given=1000),
        alloc(5, (*IN_INTERRUPT, "do_idle+0x1"), given=1000, pid=0, comm="swapper/0"), alloc(6, MODULE),
    ]
    make(path, [*events, free(7, events[1], READ)])
    return path, events


def dill(*words):
    """What dill prints."""
    return subprocess.run([ROOT / "build/dill", *words], capture_output=True, text=True, check=True).stdout


def records(*words):
    """The same as records."""
    return [json.loads(line) for line in dill(*words, "--json").splitlines()]


def test_report(trace):
    """What is alive by whole stack, most bytes first; behind an interrupt's entry all are the same."""
    path, _ = trace
    found = [(r["objects"], r["bytes"], r["stack"]) for r in records("report", path, "-n", "0") if r["record"] == "trace_stack"]
    assert found == [
        (2, 2000, ["get+0x5", *IN_INTERRUPT]), (2, 128, ["get+0x5", *OPEN]), (1, 64, ["get+0x5", *MODULE]),
    ]
    text = dill("report", path)
    assert re.search(r"2000 bytes in 2 objects of kmalloc-64.*\n +get\+0x5\n +net_rx_action\+0x80\n", text), text
    # The banner of a kernel fills more than a line: its release is enough.
    assert re.search(r"^ *kernel +6.12.0-made-up$", text, re.MULTILINE), text


@pytest.mark.parametrize("live, expected", [
    ((), {"worker__1;entry_SYSCALL_64;do_sys_open;vfs_open;get": 128, "worker__1;entry_SYSCALL_64;ksys_read;vfs_read;get": 64,
          "worker__1;asm_common_interrupt;handle_softirqs;net_rx_action;get": 1000,
          "swapper/0;asm_common_interrupt;handle_softirqs;net_rx_action;get": 1000,
          "worker__1;entry_SYSCALL_64;leak_one_[my_mod];get": 64}),
    (("--live",), {"worker__1;entry_SYSCALL_64;ksys_read;vfs_read;get": None}),
])
def test_folded(trace, tmp_path, live, expected):
    """Lines of stackcollapse's form: frames without blanks, outermost first, a blank, a number."""
    path, _ = trace
    text = dill("report", path, "--folded", "-", *live)
    found = {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in text.splitlines()}
    if live:
        assert not expected.keys() & found.keys() and sum(found.values()) == 2192
    else:
        assert found == expected
    assert all(line.count(" ") == 1 for line in text.splitlines())
    file = tmp_path / "stacks.txt"
    assert str(file) in dill("report", path, "--folded", file, *live) and file.read_text() == text


def test_folded_or_page(trace, tmp_path):
    """One at a time."""
    done = subprocess.run([ROOT / "build/dill", "report", trace[0], "--folded", "-", "--html", tmp_path / "x"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "one at a time" in done.stderr


def test_history(trace):
    """Each event with its callers below."""
    path, events = trace
    address = f"{events[1].object:#x}"
    shown = [record["stack"] for record in records("history", address, path) if record["record"] == "history_event"]
    assert shown == [list(READ), list(READ)]
    text = dill("history", address, path)
    frames = "".join(rf"\n +{re.escape(name)}" for name in READ)
    assert re.search(rf"^2  .*alloc by worker; 1 \(7\).*\n +get\+0x5{frames}$", text, re.MULTILINE), text
    assert re.search(rf"^7  .*free after .* by reaper \(9\).*\n +put\+0x9{frames}$", text, re.MULTILINE), text


def test_page(trace):
    """Objects name their stacks, and those of their frees."""
    path, _ = trace
    page = dill("report", path, "--html", "-")
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    names = [[data["frames"][frame] for frame in stack] for stack in data["stacks"]]
    assert names[data["objects"]["stack"][0]] == list(OPEN) and names[data["objects"]["free_stack"][1]] == list(READ)
    assert data["objects"]["free_stack"][0] == -1
