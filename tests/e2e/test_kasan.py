# SPDX-License-Identifier: MIT
"""A kernel with KASAN: its quarantine, its shadow and its records of users, against messages whose fate the test knows."""
import contextlib
import struct

import pytest

from conftest import Program
from test_kobj import ask
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, Messages
from tests.guest.stub import Stub
from tests.matrix import on

# Bytes of a System V message and how many: with the kernel's header of 48 bytes, objects of 96, 256 and 1024 bytes.
MESSAGES = ((40, 60), (200, 60), (900, 60))
SHADOW = 0xDFFFFC0000000000  # KASAN_SHADOW_OFFSET of x86-64
SERIES = ("6.12-kasan",)


class Scene:
    """A stopped guest, in which every third message was received again, and its memory."""

    def __init__(self, guest):
        self.guest = guest
        self.messages = Messages(guest, *MESSAGES, free_every=3)
        self.symbols = kallsyms(guest)
        guest.stop()
        self.memory = Memory(guest, self.symbols)

    def objects(self):
        """Address -> (whether it is still there, bytes that were asked for) of every message's object."""
        found = self.messages.find(self.memory)
        return {
            self.memory.virtual(phys): (self.messages.is_kept(serial), HEADER + size) for serial, size, phys in found
        }

    def has_slab_debug(self):
        """Whether red zones and users are the allocator's, too."""
        return "RED_ZONE" in Program(self.guest).json("kcache", "kmalloc-256", "--counts")[0]["flags"]


@pytest.fixture(scope="module", params=on("plain", "debug", series=SERIES), ids=str)
def scene(request, pool):
    """Without and with slab_debug."""
    with pool.lend(request.param) as guest:
        it = Scene(guest)
        with it.memory:
            yield it


@contextlib.contextmanager
def written(guest, address, data):
    """Bytes of the stopped guest's memory, for a while."""
    with Stub(guest) as stub:
        before = stub.read(address, len(data))
        stub.write(address, data)
    try:
        yield
    finally:
        with Stub(guest) as stub:
            stub.write(address, before)


def test_states_and_users(scene):
    """Kept messages are live, received ones are in the quarantine; who did both is known, and the bytes that were asked for."""
    objects = scene.objects()
    answers, findings = ask(scene.guest, objects)
    assert not findings and len(objects) == scene.messages.count
    for address, (kept, size) in objects.items():
        record = answers[address]
        users = {track["event"]: track for track in record["tracks"]}
        assert users["alloc"]["pid"] == scene.messages.pid
        assert users["alloc"]["caller"].startswith("load_msg+") and users["alloc"]["caller"] in users["alloc"]["stack"]
        if kept:
            assert (record["state"], record["shadow_usable"]) == ("live", size)
            continue
        assert (record["state"], record["place"]) == ("waiting", "quarantine"), record
        assert record["shadow"].startswith("fa")
        assert users["free"]["pid"] == scene.messages.pid
        assert users["free"]["caller"].startswith("free_msg+") and users["free"]["caller"] in users["free"]["stack"]


def test_shadow_is_memory(scene):
    """The shadow that kobj shows is what lies there."""
    address = next(iter(scene.objects()))
    answers, _ = ask(scene.guest, [address])
    shadow = bytes.fromhex(answers[address]["shadow"])
    with Stub(scene.guest) as stub:
        assert stub.read(SHADOW + address // 8, len(shadow)) == shadow


def test_quarantine_is_whole(scene):
    """All queues together hold what the kernel counts, and no object's state is unknown."""
    dill = Program(scene.guest)
    records = dill.json("kcensus")
    assert next(record for record in records if record["record"] == "census_total")["unknown"] == 0
    with Stub(scene.guest) as stub:
        counted = struct.unpack("<Q", stub.read(scene.symbols["quarantine_size"], 8))[0]
        for base in scene.memory.per_cpu:
            _, _, size = struct.unpack("<3Q", stub.read(base + scene.symbols["cpu_quarantine"], 24))
            counted += size
    # What waits for other reasons is little beside the quarantine, and the quarantine is never less than its counters.
    waiting = sum(record["waiting"] * record["size"] for record in records if record["record"] == "census_cache")
    assert counted <= waiting <= counted * 1.1 + 100_000


def test_healthy(scene):
    """Nothing is broken; every object's shadow was looked at, and with slab_debug the bytes around live ones."""
    done = Program(scene.guest).run("kcheck", "--json")
    assert done.returncode == 0, done.stdout
    summary = Program.lines(done)[-1]
    assert summary["shadow_objects"] > summary["objects"] * 0.9
    assert not any("on no list" in text for text in summary.get("not_checked", ()))


def break_and_check(scene, address, data):
    """What kcheck finds with these bytes there."""
    with written(scene.guest, address, data):
        done = Program(scene.guest).run("kcheck", "--json")
        assert done.returncode == 1, done.stdout[-2000:]
        return [record for record in Program.lines(done) if record["record"] == "finding"]


def received(scene):
    """A message that is in the quarantine."""
    return next(address for address, (kept, _) in scene.objects().items() if not kept)


def test_shadow_against_lists(scene):
    """An object in the quarantine that the shadow says to be in use."""
    address = received(scene)
    findings = break_and_check(scene, SHADOW + address // 8, bytes(1))
    assert [(finding["kind"], int(finding["object"], 16)) for finding in findings] == [("state", address)]


def test_broken_quarantine(scene):
    """A queue whose link leads nowhere: a finding, and what is on no list is unknown then."""
    address = received(scene)
    findings = break_and_check(scene, address, struct.pack("<Q", 0x4141414141414141))
    assert any(finding["kind"] in ("waiting", "unreadable") for finding in findings), findings
    with written(scene.guest, address, struct.pack("<Q", 0x4141414141414141)):
        answers, _ = ask(scene.guest, [next(address for address, (kept, _) in scene.objects().items() if kept)])
    assert {answer["state"] for answer in answers.values()} == {"unknown"}


def test_red_zones(scene):
    """With slab_debug the red zones of objects in use, and of those in the quarantine, are checked."""
    if not scene.has_slab_debug():
        pytest.skip("no slab_debug")
    for kept in (True, False):
        address = next(place for place, (is_kept, _) in scene.objects().items() if is_kept == kept)
        findings = break_and_check(scene, address - 1, b"\x41")
        assert [(finding["kind"], int(finding["address"], 16)) for finding in findings] == [("red_zone", address - 1)]
        assert int(findings[0]["object"], 16) == address
