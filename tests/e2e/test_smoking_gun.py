# SPDX-License-Identifier: MIT
"""Words that the test overwrites through the stub: the finding is at that word, with what stands there and what lies before."""
import pytest

from conftest import Program, broken_cache, cpus_hold_free
from test_broken import Memory, partial_slab, stored
from tests.guest.stub import Stub

TEXT = 0x4141_4141_4141_4141


@pytest.fixture
def memory(breakable):
    """Memory that is as it was afterwards."""
    it = Memory(breakable)
    yield it
    it.restore()


def word(guest, address):
    """The word that is there."""
    with Stub(guest) as stub:
        return int.from_bytes(stub.read(address, 8), "little")


def member(guest, struct, name):
    """Offset of a member; of struct page where this kernel has no struct slab."""
    done = Program(guest).run("kstruct", struct, name, "--json")
    if done.returncode and struct == "slab":
        return member(guest, "page", {"slab_list": "lru"}.get(name, name))
    return Program.lines(done)[0]["offset"]


def findings(guest):
    """Those of a check of the cache."""
    done = Program(guest).run("kcheck", broken_cache(guest), "--json")
    assert done.returncode == 1, done.stderr
    return [line for line in Program.lines(done) if line["record"] == "finding"]


def only(guest, address):
    """The one finding, which is at the address."""
    found = findings(guest)
    assert [int(finding["address"], 16) for finding in found] == [address], found
    return found[0]


def words(guest, record):
    """{what: (address of a word of the lists, what kobj calls it)}, of those that this kernel has."""
    found = {}

    def add(what, struct, name, base):
        found[what] = int(base, 16) + member(guest, struct, name), f"{struct}.{name}"

    for cpu in record["cpus"]:
        if cpu.get("freelist_count"):
            add("CPU freelist", "kmem_cache_cpu", "freelist", cpu["address"])
            slab = "page" if guest.kernel.series == "5.10" else "slab"
            add("CPU slab", "kmem_cache_cpu", slab, cpu["address"])
        if cpu.get("partial_slabs"):
            add("CPU partial", "kmem_cache_cpu", "partial", cpu["address"])
        if cpu.get("main"):
            add("main sheaf", "slub_percpu_sheaves", "main", cpu["sheaves"])
            add("sheaf's cache", "slab_sheaf", "cache", cpu["main"][0]["sheaf"])
    node = record["nodes"][0]
    add("partial list", "kmem_cache_node", "partial", node["address"])
    if node.get("barn") and node["full_sheaves"]:
        add("barn", "node_barn", "sheaves_full", node["barn"])
    return found


def test_every_head(breakable, memory):
    """Each word from which a list starts: one finding, there, with the text that stands there; kobj names the word."""
    dill = Program(breakable)
    record = dill.json("kcache", broken_cache(breakable))[0]
    found = words(breakable, record)
    assert len(found) >= (3 if cpus_hold_free(record) else 1)
    for what, (address, name) in found.items():
        before = word(breakable, address)
        memory.write(address, TEXT)
        finding = only(breakable, address)
        assert (int(finding["stored"], 16), finding["stored_text"]) == (TEXT, "AAAAAAAA"), what
        if what in ("partial list", "barn", "CPU slab"):
            assert int(finding["expected"], 16) == before, what
        memory.restore()
        memory.before.clear()
        answer = dill.json("kobj", hex(address))[0]
        assert answer["role_cache"] == broken_cache(breakable)
        assert f"{answer['role']}.{answer['role_member']}".startswith(name), what


def test_links_of_a_node(breakable, memory):
    """A slab's two links, one after the other and both: each is named, and the slab stays on its list."""
    record = Program(breakable).json("kcache", broken_cache(breakable))[0]
    slabs = [slab["slab"] for slab in record["nodes"][0]["partial"]]
    link = int(slabs[1], 16) + member(breakable, "slab", "slab_list")
    for broken in ((0,), (8,), (0, 8)):
        before = {link + at: word(breakable, link + at) for at in broken}
        for address in before:
            memory.write(address, TEXT)
        found = {int(finding["address"], 16): int(finding["expected"], 16) for finding in findings(breakable)}
        assert found == before
        seen = Program.lines(Program(breakable).run("kcache", broken_cache(breakable), "--json"))[0]
        assert [slab["slab"] for slab in seen["nodes"][0]["partial"]] == slabs
        memory.restore()
        memory.before.clear()


def neighbours(record):
    """A free object that another one precedes in its slab, and that one."""
    for slab in record["nodes"][0]["partial"]:
        for address in (int(text, 16) for text in slab["freelist"][:-1]):
            if address > int(slab["base"], 16):
                return address, address - record["size"]
    raise AssertionError("no free object behind another")


def test_free_pointer(breakable, memory):
    """The stored word and its text, what it decodes to, and the object in front."""
    dill = Program(breakable)
    record = dill.json("kcache", broken_cache(breakable))[0]
    target, before = neighbours(record)
    slot = target + record["freelist_offset"]
    memory.write(slot, TEXT)
    finding = only(breakable, slot)
    assert (int(finding["stored"], 16), finding["stored_text"]) == (TEXT, "AAAAAAAA")
    assert int(finding["seen"], 16) == stored(record, slot, TEXT)  # an XOR is its own inverse
    assert "flipped_bits" not in finding and int(finding["object"], 16) == target
    (neighbour,) = finding["before"]
    assert (int(neighbour["object"], 16), neighbour["cache"], neighbour["object_size"]) == (
        before, broken_cache(breakable), record["object_size"])
    assert neighbour["state"] == dill.lines(dill.run("kobj", hex(before), "--json"))[0]["state"]
    text = dill.run("kcheck", broken_cache(breakable)).stdout
    # Said once each; without hardening the stored word is the pointer.
    words_told = [f'stored {TEXT:#x} "AAAAAAAA"', f"decoded {stored(record, slot, TEXT):#x}"]
    assert ", ".join(words_told if "freelist_key" in record else words_told[:1]) in text
    assert f"before it: object {before:#x} of {broken_cache(breakable)}" in text
    assert text.count(f"{stored(record, slot, TEXT):#x}") == 1


@pytest.mark.parametrize("bits", (1 << 41, 1 << 43 | 1 << 40))
def test_flipped_bits(breakable, memory, bits):
    """One or two bits of a free pointer: how many, and what was there."""
    record = Program(breakable).json("kcache", broken_cache(breakable))[0]
    slab = partial_slab(record)
    slot = int(slab["freelist"][1], 16) + record["freelist_offset"]
    memory.write(slot, word(breakable, slot) ^ bits)
    finding = only(breakable, slot)
    assert finding["flipped_bits"] == bin(bits).count("1")
    assert finding["nearest"] == slab["freelist"][2]
    assert finding["stored"] == f"0x{word(breakable, slot):016x}"
