# SPDX-License-Identifier: MIT
"""`kcheck`: silent on every healthy heap, wherever its CPUs were stopped; names what the test breaks through the stub."""
import functools
import random
import time

import pytest

from conftest import Program, broken_cache, cpus_hold_free
from test_broken import Memory, partial_slab, stored
from tests.guest.kernels import SERIES
from tests.guest.memory import Memory as WholeMemory
from tests.guest.memory import kallsyms
from tests.guest.messages import Messages
from tests.guest.stub import Stub
from tests.matrix import checks_requested_size, kernels, message_cache, on, times

PAUSES = times(20, 6)


def clean(dill, *words):
    """The summary of a check that finds nothing."""
    done = dill.run("kcheck", *words, "--json")
    lines = dill.lines(done)
    assert [line for line in lines if line["record"] == "finding"] == [], done.stderr
    if type(dill) is Program:
        assert done.returncode == 0, done.stderr
    assert len(lines) == 1 and lines[0]["record"] == "check_summary", done.stderr
    assert lines[0]["findings"] == 0
    return lines[0]


def broken(guest, *words):
    """The findings of a check that finds something."""
    done = Program(guest).run("kcheck", *words, "--json")
    lines = Program.lines(done)
    assert done.returncode == 1, done.stderr + done.stdout[:1000]
    findings = [line for line in lines if line["record"] == "finding"]
    assert lines[-1]["record"] == "check_summary" and lines[-1]["findings"] == len(findings)
    return findings


def only(guest, kind, cache=None):
    """The one finding in the whole heap, of this kind and in this cache."""
    findings = broken(guest)
    assert [(finding["kind"], finding["cache"]) for finding in findings] == [(kind, cache or broken_cache(guest))], findings
    return findings[0]


# --- healthy ---


@kernels(*SERIES)
def test_guest_at_rest(dill, guest):
    """Every cache that the kernel lists, nothing found, and what could not be checked is said."""
    names = [line.split()[0] for line in guest.run("cat /proc/slabinfo").splitlines()[2:]]
    summary = clean(dill)
    assert summary["caches"] == len(names)
    assert summary["slabs"] > len(names) / 2 and summary["objects"] > 10 * summary["slabs"]
    assert summary["byte_objects"] == 0
    assert [text for text in summary["not_checked"] if f"{len(names)} caches: no red zones" in text]


@kernels(*SERIES)
def test_one_cache_and_a_glob(dill):
    """Only what was asked for."""
    assert clean(dill, "dentry")["caches"] == 1
    assert clean(dill, "kmalloc-*")["caches"] > 10


@kernels(*SERIES)
def test_text_says_so(guest):
    """One closing line."""
    done = Program(guest).run("kcheck")
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith(": no findings")


def pause_and_check(guest, pauses, seed):
    """No finding at random moments."""
    dill = Program(guest)
    dice = random.Random(seed)
    for _ in range(pauses):
        time.sleep(dice.uniform(0, 0.1))
        clean(dill)


@pytest.mark.parametrize("case", on("plain"), ids=str)
def test_under_load(case, pool):
    """A busy heap, stopped at random moments, is not called broken."""
    with pool.lend(case) as guest:
        guest.spawn("load").wait_output(r"^ready")
        pause_and_check(guest, PAUSES, 3)


# --- structure ---


@pytest.fixture
def memory(breakable):
    """Memory that is as it was afterwards."""
    it = Memory(breakable)
    yield it
    it.restore()
    clean(Program(breakable), broken_cache(breakable))


def read_word(guest, address):
    """The word that is there."""
    with Stub(guest) as stub:
        return int.from_bytes(stub.read(address, 8), "little")


@functools.lru_cache
def offset(guest, struct, member):
    """Of a member."""
    return Program(guest).json("kstruct", struct, member)[0]["offset"]


@functools.lru_cache
def slab_offset(guest, member):
    """Of a member of the slab's descriptor, which is struct page before 5.17."""
    done = Program(guest).run("kstruct", "slab", member, "--json")
    return Program.lines(done)[0]["offset"] if done.returncode == 0 else offset(guest, "page", member)


def cache_record(guest, name=None):
    """A cache with all it holds."""
    return Program(guest).json("kcache", name or broken_cache(guest))[0]


BREAKS = {
    # name: (where the free pointer of the second free object shall lead, the finding's kind)
    "cycle": (lambda free: free[0], "freelist_cycle"),
    "outside": (lambda free: free[0] ^ 0x4000_0000, "freelist_outside"),
    "misaligned": (lambda free: free[2] + 8, "freelist_misaligned"),
    "short": (lambda free: 0, "freelist_count"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_freelist(breakable, memory, name):
    """A free pointer that was overwritten: one finding, in its cache, at its address."""
    pointer, kind = BREAKS[name]
    record = cache_record(breakable)
    slab = partial_slab(record)
    free = [int(address, 16) for address in slab["freelist"]]
    slot = free[1] + record["freelist_offset"]
    memory.write(slot, stored(record, slot, pointer(free)))
    finding = only(breakable, kind)
    assert finding["slab"] == slab["slab"]
    if kind != "freelist_count":
        assert int(finding["address"], 16) == slot
        assert int(finding["object"], 16) == free[1]


def counters(inuse, objects, frozen):
    """The word of a slab's counters (mm/slub.c struct slab)."""
    return inuse | objects << 16 | frozen << 31


def write_counters(memory, guest, slab, inuse, frozen):
    """Change them, and leave the other half of the word."""
    at = int(slab["slab"], 16) + slab_offset(guest, "inuse")
    upper = read_word(guest, at) >> 32 << 32
    memory.write(at, upper | counters(inuse, slab["objects"], frozen))
    return at


def test_counter_of_a_slab(breakable, memory):
    """One object more in use than there is."""
    slab = partial_slab(cache_record(breakable))
    at = write_counters(memory, breakable, slab, slab["inuse"] + 1, 0)
    finding = only(breakable, "freelist_count")
    assert int(finding["address"], 16) == at
    assert (int(finding["expected"], 16), int(finding["seen"], 16)) == (
        slab["objects"] - slab["inuse"] - 1, slab["objects"] - slab["inuse"])


def test_more_in_use_than_there_are(breakable, memory):
    """Counters that no slab can have."""
    slab = partial_slab(cache_record(breakable))
    write_counters(memory, breakable, slab, slab["objects"] + 5, 0)
    kinds = {finding["kind"] for finding in broken(breakable)}
    assert kinds == {"slab_counters"}


def test_frozen_slab_on_a_node_list(breakable, memory):
    """It would belong to a CPU."""
    slab = partial_slab(cache_record(breakable))
    write_counters(memory, breakable, slab, slab["inuse"], 1)
    assert only(breakable, "slab_state")["slab"] == slab["slab"]


@pytest.mark.parametrize("member, kind", (("nr_partial", "list_count"), ("nr_slabs.counter", "slab_total"),
                                          ("total_objects.counter", "slab_total")))
def test_counter_of_a_node(breakable, memory, member, kind):
    """Each of the three counters, one too many."""
    node = cache_record(breakable)["nodes"][0]
    if member.partition(".")[0] not in node:
        pytest.skip("this kernel does not count slabs and objects")
    at = int(node["address"], 16) + offset(breakable, "kmem_cache_node", member)
    value = read_word(breakable, at)
    memory.write(at, value + 1)
    finding = only(breakable, kind)
    assert value + 1 in (int(finding["expected"], 16), int(finding["seen"], 16))


def test_list_of_slabs(breakable, memory):
    """A link of the partial list that leads into nothing."""
    node = next(node for node in cache_record(breakable)["nodes"] if node["nr_partial"] >= 3)
    link = int(node["partial"][1]["slab"], 16) + slab_offset(breakable, "slab_list" if is_new(breakable) else "lru")
    memory.write(link, 0x10)
    finding = broken(breakable)
    assert len(finding) == 1 and finding[0]["kind"] in ("list_broken", "unreadable")
    assert finding[0]["cache"] == broken_cache(breakable) and finding[0]["node"] == 0


def is_new(guest):
    """Whether this kernel has struct slab."""
    return Program(guest).run("kstruct", "slab").returncode == 0


def test_slab_of_another_cache(breakable, memory):
    """A slab that names another cache than the one on whose list it is."""
    record = cache_record(breakable)
    slab = partial_slab(record)
    other = cache_record(breakable, "kmem_cache")
    at = int(slab["slab"], 16) + slab_offset(breakable, "slab_cache")
    memory.write(at, int(other["address"], 16))
    finding = next(finding for finding in broken(breakable) if finding["kind"] == "slab_cache")
    assert (finding["cache"], finding["slab"], int(finding["address"], 16)) == (broken_cache(breakable), slab["slab"], at)
    assert (finding["expected"], finding["seen"]) == (record["address"], other["address"])


def sheaves(record):
    """Every sheaf with two objects or more, wherever it is."""
    for cpu in record["cpus"]:
        for name in ("main", "spare"):
            yield from (sheaf for sheaf in cpu.get(name, ()) if sheaf["size"] >= 2)
    for node in record["nodes"]:
        yield from (sheaf for sheaf in node.get("barn_full", ()) if sheaf["size"] >= 2)


def slots(guest, sheaf):
    """Addresses of a sheaf's entries; its objects are shown from the last to the first."""
    first = int(sheaf["sheaf"], 16) + offset(guest, "slab_sheaf", "objects")
    return {int(address, 16): first + 8 * (sheaf["size"] - 1 - i) for i, address in enumerate(sheaf["objects"])}


def link_twice(guest, memory, record):
    """Make an object free in two places; returns it and how many more the lists share behind it."""
    sheaf = next(sheaves(record), None)
    if sheaf:
        entries = slots(guest, sheaf)
        free = int(partial_slab(record)["freelist"][1], 16)
        memory.write(next(iter(entries.values())), free)
        return free, 0
    if not cpus_hold_free(record):
        pytest.skip("this kernel has no freelists of CPUs")
    # The slab's own freelist gets the last two objects of its CPU's.
    cpu = next(cpu for cpu in record["cpus"] if 3 <= cpu["freelist_count"] <= record["objects_per_slab"] - 3)
    slab = cpu["active_slab"][0]
    write_counters(memory, guest, slab, slab["objects"] - 2, 1)
    free = int(cpu["freelist"][-2], 16)
    memory.write(int(slab["slab"], 16) + slab_offset(guest, "freelist"), free)
    return free, 1


def test_object_on_two_lists(breakable, memory):
    """What a double free leaves: one finding, with the object."""
    record = cache_record(breakable)
    free, more = link_twice(breakable, memory, record)
    finding = only(breakable, "object_twice")
    assert int(finding["object"], 16) == int(finding["address"], 16) == free
    assert ("and 1 more" in finding["text"]) == bool(more)


def test_object_twice_in_a_sheaf(breakable, memory):
    """The same object in two entries, as kfree() called twice leaves it."""
    record = cache_record(breakable)
    sheaf = next(sheaves(record), None)
    if sheaf is None:
        assert not record.get("sheaf_capacity")
        pytest.skip("this cache has no sheaves")
    entries = slots(breakable, sheaf)
    first, second = list(entries)[:2]
    memory.write(entries[second], first)
    assert int(only(breakable, "object_twice")["object"], 16) == first


def test_sheaf_with_a_foreign_object(breakable, memory):
    """An entry that is no object of the cache."""
    sheaf = next(sheaves(cache_record(breakable)), None)
    if sheaf is None:
        pytest.skip("this cache has no sheaves")
    entries = slots(breakable, sheaf)
    first = next(iter(entries))
    memory.write(entries[first], first + 8)
    assert int(only(breakable, "sheaf_object")["address"], 16) == entries[first]


# --- bytes ---


class Debugged:
    """A guest with slub_debug=FZPU and messages in it, first checked while it runs, then stopped."""

    def __init__(self, series, guest):
        self.series = series
        self.guest = guest
        # 48 bytes of header and 70 of content, in objects of 128.
        self.messages = Messages(guest, (70, 90), free_every=3)
        # 24 bytes of header and 94 of content.
        self.guest.spawn("key 94").wait_output("^ready")
        self.symbols = kallsyms(self.guest)
        self.cache = message_cache(series, "128")
        self.object = self.key = None
        self.record = None

    def stop(self):
        """Stop it for good, and find a message that is still there, and the key."""
        # Where the load allocates from the same cache, it has taken what the first messages left.
        self.messages = Messages(self.guest, (70, 90), free_every=3)
        self.guest.stop()
        with WholeMemory(self.guest, self.symbols) as memory:
            for serial, _, start in self.messages.find(memory):
                if self.messages.is_kept(serial):
                    self.object = memory.virtual(start)
            for phys in memory.find(b"DILLKEY!" + (94).to_bytes(8, "little")):
                if memory.word(phys - 8) & 0xFFFF == 94 and phys % 8 == 0:
                    self.key = memory.virtual(phys) - 24
        assert self.object and self.key
        self.record = cache_record(self.guest, self.cache)

    def free_object(self):
        """An object on a freelist that held a message of the program."""
        slabs = [slab for node in self.record["nodes"] for slab in node["partial"]]
        for slab in slabs:
            for answer in Program(self.guest).json("kobj", *slab["freelist"]):
                if any((track["event"], track["pid"]) == ("free", self.messages.pid) for track in answer.get("tracks", [])):
                    return int(answer["object"], 16)
        raise AssertionError(f"no free object in {len(slabs)} partial slabs held a message")


@pytest.fixture(
    scope="module", params=[*on("debug", spoils=True), *on("debug", series=("6.12-up", "7.2-up"), spoils=True)], ids=str
)
def running(request, pool):
    """One debug guest per kernel."""
    with pool.lend(request.param) as guest:
        yield Debugged(request.param.series, guest)


def test_debug_guest_at_rest(running):
    """Every object's bytes are checked, and none is called broken."""
    summary = clean(Program(running.guest))
    assert summary["byte_objects"] == summary["objects"] > 5000
    assert not [text for text in summary["not_checked"] if "no red zones" in text]


def test_debug_guest_under_load(running):
    """Nor while it allocates and frees on both CPUs."""
    load = running.guest.spawn("load")
    load.wait_output(r"^ready")
    pause_and_check(running.guest, PAUSES, 4)
    load.kill()


@pytest.fixture(scope="module")
def debugged(running):
    """The same guest, stopped."""
    running.stop()
    return running


@pytest.fixture
def debug_memory(debugged):
    """Memory that is as it was afterwards."""
    it = Memory(debugged.guest)
    yield it
    it.restore()
    clean(Program(debugged.guest), debugged.cache)


def write_byte(memory, guest, address):
    """0x41 there."""
    memory.write(address, read_word(guest, address) & ~0xFF | 0x41)


ZONES = {
    # name: (of a live object, where, kind, expected byte)
    "left red zone, live": (True, lambda r: -1, "red_zone", 0xCC),
    "left red zone, free": (False, lambda r: -r["red_left_pad"], "red_zone", 0xBB),
    "right red zone, live": (True, lambda r: r["object_size"], "red_zone", 0xCC),
    "right red zone, free": (False, lambda r: r["inuse"] - 1, "red_zone", 0xBB),
    "poison": (False, lambda r: 8, "poison", 0x6B),
    "last byte": (False, lambda r: r["object_size"] - 1, "poison", 0xA5),
    "padding": (True, lambda r: r["size"] - r["red_left_pad"] - 1, "padding", 0x5A),
}


def find_byte(debugged, memory, target, where, kind, expected, cache=None):
    """Overwrite one byte of an object; the finding names it, and who used the object."""
    address = target + where
    write_byte(memory, debugged.guest, address)
    finding = only(debugged.guest, kind, cache or debugged.cache)
    assert (int(finding["address"], 16), int(finding["object"], 16)) == (address, target)
    assert (finding["expected"], finding["seen"], finding["seen_bytes"]) == (f"0x{expected:016x}", f"0x{0x41:016x}", "41")
    return {track["event"]: track for track in finding["tracks"]}


@pytest.mark.parametrize("name", ZONES)
def test_zone(debugged, debug_memory, name):
    """Each zone around and in an object: one finding with the bytes and the object's user."""
    live, where, kind, expected = ZONES[name]
    target = debugged.object if live else debugged.free_object()
    tracks = find_byte(debugged, debug_memory, target, where(debugged.record), kind, expected)
    if live:
        assert tracks["alloc"]["pid"] == debugged.messages.pid
        assert any(text.startswith("load_msg+") for text in tracks["alloc"]["stack"])
    else:
        assert tracks["free"]["pid"] == debugged.messages.pid
        assert any(text.startswith("free_msg+") for text in tracks["free"]["stack"] + [tracks["free"]["caller"]])


def test_zone_behind_the_request(debugged, debug_memory):
    """118 bytes were asked for; since 6.2 the other ten are a red zone, before they belong to the user."""
    if checks_requested_size(debugged.series):
        tracks = find_byte(debugged, debug_memory, debugged.key, 118, "red_zone", 0xCC, "kmalloc-128")
        assert any(text.startswith("user_preparse+") for text in tracks["alloc"]["stack"])
    else:
        write_byte(debug_memory, debugged.guest, debugged.key + 118)
        clean(Program(debugged.guest))


def test_end_of_a_slab(debugged, debug_memory):
    """Bytes into which no object fits."""
    for record in Program(debugged.guest).json("kcache", "kmalloc-*"):
        used = record["objects_per_slab"] * record["size"]
        slabs = [slab for node in record["nodes"] for slab in node["partial"]]
        if slabs and used < 4096 << record["order"] and slabs[0]["objects"] == record["objects_per_slab"]:
            address = int(slabs[0]["base"], 16) + used
            write_byte(debug_memory, debugged.guest, address)
            finding = only(debugged.guest, "padding", record["name"])
            assert int(finding["address"], 16) == address and "object" not in finding
            return
    raise AssertionError("no slab with bytes left over")


def test_text_of_a_finding(debugged, debug_memory):
    """One line for what is wrong, then what was there, and who used the object."""
    write_byte(debug_memory, debugged.guest, debugged.object - 1)
    lines = Program(debugged.guest).run("kcheck", debugged.cache).stdout.splitlines()
    assert lines[0].startswith(f"! {debugged.cache}: slab 0x") and "left red zone of the live object" in lines[0]
    assert lines[1].split() == ["expected", "0xcc,", "seen", "41"]
    assert lines[2].split()[0] == "allocated" and f"thread {debugged.messages.pid} " in lines[2]
    assert lines[-1].endswith(": 1 finding")
