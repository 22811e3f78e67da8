# SPDX-License-Identifier: MIT
"""Pictures of slabs against the kernel's counters, against objects whose fate the test knows, and each other."""
import collections
import re

import pytest

from conftest import Gdb, Program
from test_inspect import slabinfo
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, MAGIC, exhaust_large_blocks, fragment, sample_messages
from tests.guest.snapshot import looked_at
from tests.guest.stub import Stub, kfence_pool
from tests.matrix import ONE, kernels, message_cache, on

STATES = ("live", "cached", "free", "waiting", "unknown")
# Bytes and how many.
MESSAGES = ((900, 600),)
CHARACTERS = {"live": "#", "cached": "cmsbl", "free": ".", "waiting": "rgkhdtqx", "unknown": "?"}


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def scene(request, pool):
    """A guest with a fragmented heap, at rest, and the messages in it."""
    with pool.lend(request.param) as lent:
        yield lent, fragment(lent, *MESSAGES)


@pytest.fixture(scope="module")
def guest(scene):
    """The guest alone."""
    return scene[0]


def maps(dill, *words):
    """{cache: its sums}, {cache: its slabs} of kmap."""
    sums, slabs = {}, collections.defaultdict(list)
    for record in dill.json("kmap", *words):
        if record["record"] == "cache_map":
            sums[record["name"]] = record
        else:
            assert record["record"] == "slab_map", record
            slabs[record["cache"]].append(record)
    return sums, slabs


def check_slab(slab):
    """One character for each object, as many of each kind as counted; free ones as the kernel counts them."""
    assert len(slab["map"]) == slab["objects"] > 0
    for state in STATES:
        assert sum(slab["map"].count(char) for char in CHARACTERS[state]) == slab[state], slab
    if slab["where"] != "dying":
        assert slab["free"] == slab["objects"] - slab["inuse"], slab
    assert slab["first"] >= slab["base"] and int(slab["base"], 16) % 4096 == 0


def check_sums(sums, slabs):
    """A cache's record adds up its slabs, each of which occurs once."""
    assert len({slab["slab"] for slab in slabs}) == len(slabs) == sums["shown_slabs"]
    assert sums["slabs"] == len(slabs) - sums["dying_slabs"]
    assert sums["slabs"] == sums["empty_slabs"] + sums["partly_used_slabs"] + sums["full_slabs"]
    counted = [slab for slab in slabs if slab["where"] != "dying"]
    for key in ("objects", *STATES):
        assert sums[key] == sum(slab[key] for slab in counted), key
    assert sums["memory"] == sum(4096 << slab["order"] for slab in counted)
    assert sums["empty_slabs"] == sum(slab["live"] == 0 for slab in counted)
    assert sums["wasted"] == sums["memory"] - sums["live"] * sums["object_size"]
    places = collections.Counter(char for slab in slabs for char in slab["map"])
    told = collections.Counter()
    for place in sums["places"]:
        told[place["symbol"]] += place["objects"]
    assert places == told


def look_at_rest(dill, guest):
    """kmap of everything and kcache's table of one and the same moment."""
    guest.stop()
    try:
        sums, slabs = maps(dill, "*")
        table = {record["name"]: record for record in dill.json("kcache")}
    finally:
        guest.cont()
    return sums, slabs, table


def compare_with_kernel(guest):
    """Every cache's slabs and objects as the kernel counts them, and its states as kcache has them."""
    still = None
    for _ in range(8):
        (sums, slabs, table), readings = looked_at(guest, ["/proc/slabinfo"], lambda: look_at_rest(Program(guest), guest))
        counters = [
            {name: (row[1], row[5]) for name, row in slabinfo(reading["/proc/slabinfo"]).items()} for reading in readings
        ]
        assert set(sums) == set(table) == set(counters[-1])
        for name, record in sums.items():
            check_sums(record, slabs[name])
            assert [record[key] for key in ("slabs", "objects", *STATES)] == [
                table[name][key] for key in ("slabs", "objects", *STATES)
            ], name
            for slab in slabs[name]:
                check_slab(slab)
        seen = {name: (record["objects"], record["slabs"]) for name, record in sums.items()}
        still = set(seen) if still is None else still
        still -= {name for name in still if any(row[name] == seen[name] for row in counters)}
        if not still:
            return
    assert {name: seen[name] for name in still} == {name: counters[-1][name] for name in still}


def test_every_cache(guest):
    """At rest, with nothing unknown."""
    compare_with_kernel(guest)
    sums, _ = maps(Program(guest), "*")
    assert not any(record["unknown"] for record in sums.values())
    assert any(record["partly_used_slabs"] for record in sums.values())


@pytest.mark.parametrize("case", on("debug"), ids=str)
def test_every_cache_with_debugging(case, pool):
    """Red zones in front of objects, free pointers behind them, lists of full slabs."""
    with pool.lend(case) as guest:
        fragment(guest, *MESSAGES)
        compare_with_kernel(guest)
        sums, slabs = maps(Program(guest), "dentry")
        slab = slabs["dentry"][0]
        assert int(slab["first"], 16) > int(slab["base"], 16)
        assert sums["dentry"]["overhead"] > 0


def serials(guest, slab, messages):
    """{index: serial} of the objects in a slab that hold the content of one of the messages, by the stub."""
    with Stub(guest) as stub:
        data = stub.read(int(slab["base"], 16), 4096 << slab["order"])
    start = int(slab["first"], 16) - int(slab["base"], 16)
    found = {}
    for index in range(slab["objects"]):
        content = data[start + index * slab["size"] :][HEADER : slab["size"]]
        serial = int.from_bytes(content[8:16], "little")
        if content[:8] == MAGIC and serial in messages.serials:
            found[index] = serial
    return found


def check_messages(guest, messages, *caches):
    """Objects are live whose message is kept, and none is whose message was received. Returns the slabs with messages."""
    kept, used = 0, []
    _, slabs = maps(Program(guest), *caches)
    for slab in (slab for items in slabs.values() for slab in items):
        found = serials(guest, slab, messages)
        for index, serial in found.items():
            live = slab["map"][index] == "#"
            assert live == messages.is_kept(serial), (slab, index, serial)
            kept += live
        used += [slab] if found else []
    assert kept == sum(map(messages.is_kept, messages.serials))
    return used


def test_messages(scene, stopped):
    """Every object with a message's content."""
    check_messages(stopped, scene[1], message_cache(stopped.kernel.series, "1k"))


ROW = re.compile(r"^  (?:0x[0-9a-f]{16} | {19})?((?:[#cmsbl.rgkdx?]+ ?)+)$", re.MULTILINE)


@pytest.mark.parametrize("name", ("dentry", "kmalloc-8", "filp"))
def test_picture_has_every_object(stopped, name):
    """The characters of the text are those of the records, in their order."""
    dill = Program(stopped)
    _, slabs = maps(dill, name)
    text = dill.run("kmap", name).stdout
    assert "".join(ROW.findall(text)).replace(" ", "") == "".join(slab["map"] for slab in slabs[name])
    listed = dill.run("kmap", name, "--list").stdout
    assert "".join(ROW.findall(listed)).replace(" ", "") == "".join(slab["map"] for slab in slabs[name])


def test_kslab(stopped):
    """The slab by an object, by the middle of one, and by its descriptor: as in kmap, with every place named."""
    dill = Program(stopped)
    _, slabs = maps(dill, "dentry", "--partial", "--limit", "4")
    for slab in slabs["dentry"]:
        index = slab["objects"] // 2
        first, size = int(slab["first"], 16), slab["size"]
        for address, where in ((first + index * size, index), (first + index * size + 9, index), (int(slab["slab"], 16), None)):
            seen = dill.json("kslab", hex(address))[0]
            assert {**slab, "record": "slab_detail"} == {key: seen[key] for key in slab}
            assert seen.get("index") == where
            states = seen["states"]
            assert [int(state["address"], 16) for state in states] == [first + i * size for i in range(slab["objects"])]
            assert "".join("#" if state["state"] == "live" else "-" for state in states) == re.sub("[^#]", "-", slab["map"])
            assert all(("place" in state) == (state["state"] != "live") for state in states)
        text = dill.run("kslab", hex(first + index * size)).stdout.splitlines()
        mark = next(number for number, line in enumerate(text) if line.strip() == "^")
        assert text[mark - 1][text[mark].index("^")] == slab["map"][index]


def test_options(stopped):
    """What is chosen, and that the sums stay those of the whole cache."""
    dill = Program(stopped)
    sums, slabs = maps(dill, "dentry")
    everything = [slab["slab"] for slab in slabs["dentry"]]
    for words, keep in (
        (("--partial",), lambda slab: slab["live"] < slab["objects"]),
        (("--node", "0"), lambda slab: True),
        (("--limit", "3"), lambda slab: slab["slab"] in everything[:3]),
    ):
        some, chosen = maps(dill, "dentry", *words)
        assert [slab["slab"] for slab in chosen["dentry"]] == [s["slab"] for s in slabs["dentry"] if keep(s)]
        assert some["dentry"]["objects"] == sums["dentry"]["objects"]
    for cpu in (0, 1):
        _, chosen = maps(dill, "dentry", "--cpu", str(cpu))
        seen = {slab["slab"] for slab in chosen["dentry"]}
        assert {slab["slab"] for slab in slabs["dentry"] if slab.get("cpu") == cpu} <= seen
        for slab in chosen["dentry"][::10]:
            states = dill.json("kslab", slab["slab"])[0]["states"]
            assert slab.get("cpu") == cpu or any(state.get("cpu") == cpu for state in states)


def test_gdb_agrees(stopped):
    """Both doors give the same."""
    sums, slabs = maps(Program(stopped), "kmalloc-64")
    gdb = Gdb(stopped, leave="disconnect")
    assert maps(gdb, "kmalloc-64") == (sums, slabs)
    slab = slabs["kmalloc-64"][0]
    assert gdb.json("kslab", slab["first"]) == Program(stopped).json("kslab", slab["first"])


@pytest.mark.parametrize("case", on("tight"), ids=str)
def test_slabs_of_the_smallest_order(case, pool):
    """Where the kernel finds no block of the cache's order it takes a page: as many such slabs as the kernel counts."""
    with pool.lend(case) as guest:
        cache = message_cache(case.series, "2k")
        held = exhaust_large_blocks(guest, cache, free_every=3)
        compare_with_kernel(guest)
        slabs, total, each = (
            int(guest.run(f"cat /sys/kernel/slab/{cache}/{name}").split()[0]) for name in ("slabs", "total_objects", "objs_per_slab")
        )
        guest.stop()
        used = [slab for messages in held for slab in check_messages(guest, messages, cache)]
        found = collections.Counter((slab["order"], slab["objects"]) for slab in maps(Program(guest), cache)[1][cache])
        large = next(place for place in found if place[0])
        assert set(found) == {large, (0, 2)} and large[1] == each
        assert (sum(found.values()), found[large] * each + found[0, 2] * 2) == (slabs, total)
        small = [slab for slab in used if slab["order"] == 0]
        assert len(small) > 20
        check_one_slab(Program(guest), small[0])
        done = Program(guest).run("kcheck")
        assert done.returncode == 0, done.stdout + done.stderr


def check_one_slab(dill, slab):
    """kslab and kobj of the last object in a slab: its index, and the slab as kmap has it."""
    last = int(slab["first"], 16) + (slab["objects"] - 1) * slab["size"]
    seen = dill.json("kslab", hex(last + 8))[0]
    assert {**slab, "record": "slab_detail"} == {key: seen[key] for key in slab}
    assert seen["index"] == slab["objects"] - 1
    answer = dill.json("kobj", hex(last + 8))[0]
    assert (answer["slab"], int(answer["object"], 16), answer["index"]) == (slab["slab"], last, seen["index"])


@pytest.mark.parametrize("case", on("kfence"), ids=str)
def test_kfence_pool_is_no_slab(case, pool):
    """Its pages are marked as slabs of the caches that they serve, but no counter has them, and no picture shows them."""
    with pool.lend(case) as guest:
        symbols = kallsyms(guest)
        messages = sample_messages(guest)
        compare_with_kernel(guest)
        guest.stop()
        addresses = kfence_pool(guest, symbols)
        _, slabs = maps(Program(guest), "*")
        assert not [slab for items in slabs.values() for slab in items if int(slab["base"], 16) in addresses]
        with Memory(guest, symbols) as memory:
            found = [start for _, _, start in messages.find(memory) if memory.virtual(start) in addresses]
            assert found
            places = [memory.virtual(found[0]), memory.virtual(found[0]) + 50, memory.page_struct(found[0])]
        for address in (*places, addresses[0]):
            done = Program(guest).run("kslab", hex(address))
            assert done.returncode == 2 and not done.stdout
            assert f"{address:#x} is in KFENCE's pool" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


@kernels(*ONE)
def test_wrong_input(guest):
    """One clear line."""
    dill = Program(guest)
    for words, text in (
        (("kslab", "0x1000"), "is in no slab"),
        (("kslab", "jiffies"), "is in no slab"),
        (("kslab",), "ADDRESS"),
        (("kmap", "dentyr"), "did you mean dentry"),
        (("kmap", "dentry", "--cpu", "77"), "no such CPU"),
    ):
        done = dill.run(*words)
        assert done.returncode == 2 and text in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_aliases(guest):
    """For every cache the links that the guest itself lists."""
    listing = guest.run("ls -l /sys/kernel/slab")
    links = dict(re.findall(r" (\S+) -> (\S+)$", listing, re.MULTILINE))
    names = [line.split()[0] for line in guest.run("cat /proc/slabinfo").splitlines()[2:]]
    seen = {record["name"]: record for record in Program(guest).json("kcache", "--aliases", "*")}
    assert set(seen) == set(names) and len(links) > 20
    for name, record in seen.items():
        folder = links.get(name, name)
        assert record["folder"] == folder
        assert record["aliases"] == sorted(link for link, to in links.items() if to == folder and link != name), name
    merged = {name for name, record in seen.items() if record["aliases"]}
    assert {record["name"] for record in Program(guest).json("kcache", "--aliases")} == merged
    name = min(merged)
    assert Program(guest).json("kcache", name, "--counts")[0]["aliases"] == seen[name]["aliases"]
    assert all(alias in Program(guest).run("kcache", name, "--counts").stdout for alias in seen[name]["aliases"])


@pytest.mark.parametrize("case", on("nodes"), ids=str)
def test_nodes(case, pool):
    """Slabs of two nodes, each shown for its own."""
    with pool.lend(case) as guest:
        guest.stop()
        dill = Program(guest)
        sums, _ = maps(dill, "kmalloc-*")
        for name in ("kmalloc-64", "kmalloc-192"):
            of_nodes = [maps(dill, name, "--node", str(node))[1][name] for node in (0, 1)]
            assert [{slab["node"] for slab in slabs} for slabs in of_nodes] == [{0}, {1}]
            assert sum(map(len, of_nodes)) == sums[name]["slabs"] + sums[name]["dying_slabs"]
