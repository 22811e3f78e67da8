# SPDX-License-Identifier: MIT
"""kfind against what stands in the guest's memory, which the test reads by itself."""
import re

import pytest

from conftest import Gdb, Program
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, MAGIC, fragment
from tests.matrix import ONE, kernels, message_cache, on


class Scene:
    """A stopped guest with messages, its memory, and its objects in use."""

    def __init__(self, guest):
        self.guest, self.dill = guest, Program(guest)
        self.messages = fragment(guest, (200, 400), (900, 300))
        self.symbols = kallsyms(guest)
        guest.stop()
        self.memory = Memory(guest, self.symbols)
        self.objects = {int(row["object"], 16): row["object_size"] for row in self.dill.json("kcensus", "--objects")}

    def find(self, *words):
        """(matches, the total) of kfind; the rows are checked against the memory's bytes."""
        records = self.dill.json("kfind", "--rows", "0", *words)
        matches = [record for record in records if record["record"] == "match"]
        total = records[-1]
        assert total["record"] == "find_total" and total["matches"] == len(matches) and not total["unreadable_slabs"]
        assert total["objects"] == len({match["object"] for match in matches}) <= total["searched"]
        for match in matches:
            assert int(match["address"], 16) == int(match["object"], 16) + match["offset"]
        return matches, total

    def holder(self, address):
        """Start of the object in use that an address lies in, None without one."""
        if not hasattr(self, "_by_page"):
            self._by_page = {}
            for at, size in self.objects.items():
                for page in range(at >> 12, (at + size - 1 >> 12) + 1):
                    self._by_page.setdefault(page, []).append((at, size))
        return next((at for at, size in self._by_page.get(address >> 12, ()) if at <= address < at + size), None)


@pytest.fixture(scope="module", params=[*on("plain"), *on("debug", by_default=ONE)], ids=str)
def scene(request, pool):
    """One stopped guest per kernel for all questions."""
    with pool.lend(request.param) as guest:
        it = Scene(guest)
        with it.memory:
            yield it


def test_magics(scene):
    """Every kept message by its content, in the object and at the offset where it is, and nothing else."""
    memory, messages = scene.memory, scene.messages
    kept, every = {}, {}
    for serial, _, start in messages.find(memory):
        every[memory.virtual(start)] = serial
        if messages.is_kept(serial):
            kept[memory.virtual(start)] = serial
    low = messages.serials[0]
    name = message_cache(scene.guest.kernel.series, "*")
    # Of serials only those of this guest's messages: the upper bytes are theirs alone, or of the spawns before.
    matches, _ = scene.find(MAGIC.hex(), name)
    mine = {
        int(match["object"], 16): match for match in matches
        if memory.word(int(match["address"], 16) - memory.page_offset + 8) in messages.serials
    }
    assert set(mine) == set(kept)
    assert all(match["offset"] == HEADER and match["state"] == "live" for match in mine.values())
    for serial in (low + 1, messages.serials[-1]):
        assert messages.is_kept(serial)
        one, total = scene.find(f"{MAGIC.hex()} u64:{serial}")
        found = {int(match["object"], 16) for match in one if int(match["object"], 16) in every}
        assert found == {at for at, number in kept.items() if number == serial} and total["searched"] == len(scene.objects)
    again, _ = scene.find(f"u64:{int.from_bytes(MAGIC, 'little')} {'??' * 8} u64:900", name)
    assert {int(match["object"], 16) for match in again} >= {at for at in kept if memory.word(at - memory.page_offset + 24) == 900}
    text, _ = scene.find("--string", MAGIC.decode(), name)
    assert {match["address"] for match in text} == {match["address"] for match in matches}


def test_free_objects(scene):
    """With --all also in free objects, whose content is still there unless debugging overwrites it."""
    memory, messages = scene.memory, scene.messages
    name = message_cache(scene.guest.kernel.series, "*")
    matches, _ = scene.find("--all", "--string", MAGIC.decode(), name)
    by_object = {int(match["object"], 16): match for match in matches}
    free = 0
    for serial, _, start in messages.find(memory):
        match = by_object.get(memory.virtual(start))
        if messages.is_kept(serial):
            assert match["state"] == "live"
        elif match:
            assert match["state"] in ("cached", "free", "waiting")
            free += 1
    # Debugging overwrites what is in free objects: it is switched on where a cache has red zones.
    debug = scene.dill.json("kcache", "dentry", "--counts")[0]["red_left_pad"] > 0
    assert (free > 50) != debug


def raw_pointers(scene, low, size):
    """{address: value} of aligned words in objects in use that point into [low, low + size)."""
    memory, found = scene.memory, {}
    for high in range(low >> 16, (low + size - 1 >> 16) + 1):
        pattern = re.compile(b"(?s)" + re.escape(high.to_bytes(6, "little")))
        for hit in pattern.finditer(memory.bytes):
            phys = memory.first + hit.start() - 2
            if phys >= memory.first and phys % 8 == 0 and low <= memory.word(phys) < low + size:
                address = memory.virtual(phys)
                if scene.holder(address) is not None:
                    found[address] = memory.word(phys)
    return found


def test_pointers(scene):
    """Who points to a message: its neighbours in the queue, and whoever else does in memory."""
    memory = scene.memory
    kept = [memory.virtual(start) for serial, size, start in scene.messages.find(memory) if size == 900 and scene.messages.is_kept(serial)]
    for message in (kept[10], kept[100]):
        asked = message + 60
        records = scene.dill.json("kfind", "--ptr", hex(asked))
        target, matches = records[0], [record for record in records if record["record"] == "match"]
        assert target["record"] == "find_target" and int(target["object"], 16) == message and int(target["address"], 16) == asked
        assert target["size"] == scene.objects[message]
        found = {int(match["address"], 16): int(match["value"], 16) for match in matches}
        assert found == raw_pointers(scene, message, target["size"])
        for match in matches:
            assert match["points_to"] == int(match["value"], 16) - message
            assert match["self"] == (int(match["object"], 16) == message)
        after, before = memory.word(message - memory.page_offset), memory.word(message + 8 - memory.page_offset)
        assert found.get(after + 8, message) == message and found.get(before, message) == message
        assert {after + 8, before} & set(found)


def test_members(scene):
    """Members of struct task_struct by name, at the offsets that its types say, in the tasks where memory has them."""
    init, memory = scene.symbols["init_task"], scene.memory
    matches, _ = scene.find("--ptr", hex(init), "task_struct")
    tasks = {int(row["object"], 16) for row in scene.dill.json("kcensus", "task_struct", "--objects")}
    for member in ("parent", "real_parent", "group_leader"):
        offset = scene.dill.json("kstruct", "task_struct", member)[0]["offset"]
        found = {int(match["object"], 16) for match in matches if match.get("member") == member}
        assert {match["offset"] for match in matches if match.get("member") == member} <= {offset}
        assert found == {task for task in tasks if memory.word(task - memory.page_offset + offset) == init}
    assert len({match["object"] for match in matches if match.get("member") == "real_parent"}) >= 2  # init, kthreadd


def test_rows(scene):
    """What is shown is the beginning of all, and the total that of all."""
    words = ("u64:0", "dentry")
    matches, total = scene.find(*words)
    assert len(matches) > 1000
    for some, count in ((("--rows", "7"), 7), ((), 1000)):
        records = scene.dill.json("kfind", *words, *some)
        assert records[:-1] == matches[:count] and records[-1] == total


def test_gdb_agrees(scene):
    """Both doors give the same."""
    words = ("kfind", "--string", MAGIC.decode(), message_cache(scene.guest.kernel.series, "1k"))
    assert Gdb(scene.guest, leave="disconnect").json(*words) == scene.dill.json(*words)


@kernels(*ONE)
def test_wrong_input(scene):
    """One clear line."""
    for words, text in (
        ((), "what shall be found"),
        (("xyz",), "is no pattern"),
        (("abc",), "is no pattern"),
        (("????",), "found everywhere"),
        (("u8:256",), "fits into 1 byte"),
        (("u32:",), "fits into 4 bytes"),
        (("--string", ""), "found everywhere"),
        (("--string", "x", "--ptr", "0x10"), "one at a time"),
        (("--ptr", "0x10", "dentry", "filp"), "no PATTERN"),
        (("00", "dentyr"), "did you mean dentry"),
        (("00" * 257,), "at most 256 bytes"),
    ):
        done = scene.dill.run("kfind", *words)
        assert done.returncode == 2 and text in done.stderr and not done.stdout, (words, done.stderr)
        assert len(done.stderr.strip().splitlines()) == 1
