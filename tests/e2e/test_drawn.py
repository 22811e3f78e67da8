# SPDX-License-Identifier: MIT
"""Damage in a place that the guest draws by lot, and that the test finds in its memory without dill: `kcheck` names it."""
import pytest

from conftest import Program
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, Messages
from tests.guest.stub import Stub
from tests.matrix import message_cache, on

SIZE, COUNT, FREE_EVERY = 900, 600, 3
DRAWS = 3
# Where each free object has its free pointer; with sheaves most have none.
CPU_SLABS = on("plain", series=("5.10", "6.1", "6.12"), by_default=("5.10", "6.12"))


class Scene:
    """Messages, where each of them is, and damage."""

    def __init__(self, guest):
        self.guest = guest
        self.messages = Messages(guest, (SIZE, COUNT), free_every=FREE_EVERY)
        self.symbols = kallsyms(guest)

    def draw(self, choices):
        """One of them, by the guest's own random numbers."""
        return choices[int(self.guest.run(f"shuf -i 0-{len(choices) - 1} -n 1"))]

    def stop_and_find(self, serial):
        """The address of a message's object, in the stopped guest; None when somebody else has it by now."""
        self.guest.stop()
        with Memory(self.guest, self.symbols) as memory:
            places = [memory.virtual(start) for found, _, start in self.messages.find(memory) if found == serial]
        return places[0] if places else None

    def findings(self):
        """Of the whole heap."""
        done = Program(self.guest).run("kcheck", "--json")
        found = [line for line in Program.lines(done) if line["record"] == "finding"]
        assert done.returncode == bool(found), done.stderr
        return found

    def findings_with(self, address, data):
        """The same while these bytes are there; nothing is found before and behind."""
        assert self.findings() == []
        with Stub(self.guest) as stub:
            before = stub.read(address, len(data))
            stub.write(address, data)
        try:
            return self.findings()
        finally:
            with Stub(self.guest) as stub:
                stub.write(address, before)
            assert self.findings() == []
            self.guest.cont()


@pytest.mark.parametrize("case", on("debug"), ids=str)
def test_overflow(case, pool):
    """One byte in front of a message or behind it."""
    with pool.lend(case) as guest:
        scene = Scene(guest)
        cache = message_cache(case.series, "1k")
        size = int(guest.run(f"cat /sys/kernel/slab/{cache}/object_size"))
        kept = list(filter(scene.messages.is_kept, scene.messages.serials))
        for _ in range(DRAWS):
            serial, where = scene.draw(kept), scene.draw((-1, -2, size, size + 7))
            place = scene.stop_and_find(serial)
            [finding] = scene.findings_with(place + where, b"\x41")
            assert (finding["kind"], finding["cache"], finding["seen_bytes"]) == ("red_zone", cache, "41")
            assert (int(finding["object"], 16), int(finding["address"], 16)) == (place, place + where)
            assert scene.messages.pid in [track["pid"] for track in finding["tracks"]]


@pytest.mark.parametrize("case", CPU_SLABS, ids=str)
def test_use_after_free(case, pool):
    """A message that was received is written to: its free pointer leads nowhere, whichever list it is on."""
    with pool.lend(case) as guest:
        scene = Scene(guest)
        freed = [serial for serial in scene.messages.serials if not scene.messages.is_kept(serial)]
        for _ in range(DRAWS):
            # Of the first ones: what was freed last is taken first.
            place = scene.stop_and_find(scene.draw(freed[: len(freed) // 2]))
            if place is None:
                guest.cont()
                continue
            found = scene.findings_with(place, b"A" * (HEADER + SIZE))
            [first] = [finding for finding in found if finding["kind"].startswith("freelist_") and "object" in finding]
            assert int(first["object"], 16) == place
            assert place <= int(first["address"], 16) < place + HEADER + SIZE
            assert {(finding["cache"], finding["slab"]) for finding in found} == {(message_cache(case.series, "1k"), first["slab"])}
