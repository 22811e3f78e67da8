# SPDX-License-Identifier: MIT
"""The census against the kernel's counters and records of users, and against objects whose fate the test knows."""
import collections
import re
import subprocess
import time

import pytest

from conftest import ROOT, Gdb, Program
from test_inspect import slabinfo
from test_json_fields import check, documented
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, Messages, fragment
from tests.guest.snapshot import looked_at
from tests.matrix import ONE, kernels, message_cache, on

STATES = ("live", "cached", "free", "waiting", "unknown")
# Bytes of a System V message and how many: with the kernel's header of 48 bytes, objects of 96 to 4096 bytes.
MESSAGES = ((40, 700), (200, 400), (900, 300), (3000, 150))


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def scene(request, pool):
    """A guest with a fragmented heap, and the messages in it."""
    with pool.lend(request.param) as lent:
        yield lent, fragment(lent, *MESSAGES)


@pytest.fixture(scope="module")
def guest(scene):
    """The guest alone."""
    return scene[0]


def census(dill, *words):
    """(rows, the total) of kcensus."""
    records = dill.json("kcensus", *words)
    assert not any(record["record"] == "finding" for record in records)
    beside = ("census_large", "census_kernel")  # test_large_kmalloc.py
    *rows, total = (record for record in records if record["record"] not in beside)
    assert total["record"] == "census_total"
    return rows, total


def check_sums(row):
    """The bytes add up to the memory, the states to the objects."""
    assert row["memory"] == row["used_bytes"] + row["free_bytes"] + row["around_bytes"] + row["tail_bytes"], row
    assert row["objects"] == sum(row[state] for state in STATES), row
    assert row["slabs"] == row["empty_slabs"] + row["partly_used_slabs"] + row["full_slabs"], row
    assert row["hole_bytes"] <= row["free_bytes"]


def compare_with_slabinfo(guest):
    """Every cache's counters, and what was found object by object, as the guest itself counts it."""
    still = None
    for _ in range(8):
        (rows, total), readings = looked_at(guest, ["/proc/slabinfo"], lambda: census(Program(guest)))
        tables = [
            {name: (active, objects, size, slabs)
             for name, (active, objects, size, _, _, slabs) in slabinfo(reading["/proc/slabinfo"]).items()}
            for reading in readings
        ]
        assert [row["memory"] for row in rows] == sorted((row["memory"] for row in rows), reverse=True)
        for row in rows:
            check_sums(row)
        check_sums(total)
        for key in ("memory", "slabs", "objects", "used_bytes", "hole_bytes", "around_bytes", "tail_bytes", *STATES):
            assert total[key] == sum(row[key] for row in rows), key
        seen = {row["name"]: (row["active"], row["kernel_objects"], row["size"], row["kernel_slabs"]) for row in rows}
        found = {row["name"]: (row["objects"], row["slabs"]) for row in rows}
        assert set(seen) == set(tables[-1]) and total["caches"] == len(seen)
        still = set(seen) if still is None else still
        still -= {
            name for name in still
            if any(table[name] == seen[name] and found[name] == (table[name][1], table[name][3]) for table in tables)
        }
        if not still:
            return rows
    assert {name: (seen[name], found[name]) for name in still} == {name: tables[-1][name] for name in still}
    return None


def test_every_cache(guest):
    """At rest, with nothing unknown, and some fragmentation."""
    rows = compare_with_slabinfo(guest)
    assert not any(row["unknown"] for row in rows)
    assert sum(row["hole_bytes"] for row in rows) > 4096


@pytest.mark.parametrize("case", on("debug"), ids=str)
def test_every_cache_with_debugging(case, pool):
    """Red zones and metadata around objects, which is where the memory goes then."""
    with pool.lend(case) as guest:
        fragment(guest, *MESSAGES)
        rows = {row["name"]: row for row in compare_with_slabinfo(guest)}
        assert rows["dentry"]["around_bytes"] >= rows["dentry"]["objects"] * 64


def objects(dill, *words):
    """{address: record} of kcensus --objects; no object comes twice."""
    records = dill.json("kcensus", "--objects", *words)
    found = {int(record["object"], 16): record for record in records}
    assert len(found) == len(records) > 0
    assert {record["record"] for record in records} == {"census_object"}
    return found


def test_objects_are_the_messages(scene):
    """Of all messages, found by the test in the guest's memory, those that are kept and no other."""
    guest, messages = scene
    symbols = kallsyms(guest)
    guest.stop()
    try:
        dill = Program(guest)
        found = objects(dill)
        kept, released = set(), 0
        with Memory(guest, symbols) as memory:
            for serial, size, start in messages.find(memory):
                record = found.get(memory.virtual(start))
                if not messages.is_kept(serial):
                    assert record is None, record
                    released += 1
                    continue
                assert record["state"] == "live" and record["object_size"] >= HEADER + size
                assert int(record["slab"], 16) <= memory.page_struct(start)
                kept.add(serial)
        assert kept == set(filter(messages.is_kept, messages.serials)) and released > 50
        rows, _ = census(dill)
        told = collections.Counter(record["cache"] for record in found.values())
        assert told == {row["name"]: row["live"] for row in rows if row["live"]}
        name = message_cache(guest.kernel.series, "1k")
        assert objects(dill, name) == {at: record for at, record in found.items() if record["cache"] == name}
    finally:
        guest.cont()


def test_slabs(stopped):
    """Rows by slab: every slab once, the most unused bytes first, and the sums of the cache."""
    dill = Program(stopped)
    (row,), total = census(dill, "dentry")
    slabs, also = census(dill, "dentry", "--by", "slab")
    assert also == total
    assert len({slab["slab"] for slab in slabs}) == len(slabs) == row["slabs"]
    assert [slab["unused_bytes"] for slab in slabs] == sorted((slab["unused_bytes"] for slab in slabs), reverse=True)
    for key in ("objects", "memory", *STATES):
        assert sum(slab[key] for slab in slabs) == row[key]
    assert sum(slab["unused_bytes"] for slab in slabs) == row["free_bytes"]
    some, also = census(dill, "dentry", "--by", "slab", "--rows", "3")
    assert some == slabs[:3] and also == total


def test_gdb_agrees(stopped):
    """Both doors give the same."""
    assert census(Gdb(stopped, leave="disconnect"), "kmalloc-*") == census(Program(stopped), "kmalloc-*")


def test_stub_agrees(stopped):
    """So does the memory that the stub serves, without QEMU's own."""
    command = [ROOT / "build/dill", "-r", f":{stopped.gdb_port}", "--no-direct", "kcensus", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert Program.lines(done) == Program(stopped).json("kcensus")


def test_dump_agrees(stopped, tmp_path):
    """And a dump, whose memory is looked at where it is: the same words, objects, matches."""
    path = tmp_path / "dump"
    stopped.dump(path)
    for words in (("kcensus",), ("kcensus", "--objects"), ("kcensus", "dentry", "--by", "slab"), ("kfind", "--string", "DILLMSG!")):
        done = subprocess.run([ROOT / "build/dill", "-c", path, *words, "--json"], capture_output=True, text=True, timeout=300, check=True)
        assert Program.lines(done) == Program(stopped).json(*words)


def test_text(stopped):
    """A heading, a row for each cache, and the total."""
    lines = Program(stopped).run("kcensus", "kmalloc-64").stdout.splitlines()
    assert lines[0].split()[:3] == ["NAME", "MEMORY", "SLABS"] and lines[1].startswith("kmalloc-64 ")
    assert lines[3].startswith("TOTAL OF CACHES")
    text = Program(stopped).run("kcensus", "kmalloc-64", "--objects").stdout.splitlines()
    assert len(text) - 1 == census(Program(stopped), "kmalloc-64")[1]["live"]


@kernels(*ONE)
def test_wrong_input(guest):
    """One clear line."""
    dill = Program(guest)
    for words, text in (
        (("dentyr",), "did you mean dentry"),
        (("--by", "size"), "one of cache, slab, node, age, site"),
        (("--by", "slab", "--objects"), "leave out --by"),
        (("--by", "site"), "does not record who allocates"),
        (("--by", "age", "dentry"), "does not record who allocates"),
        (("--by", "stack"), "--by stack: this kernel does not record who allocates"),
        (("--by", "pid", "dentry"), "does not record who allocates"),
    ):
        done = dill.run("kcensus", *words)
        assert done.returncode == 2 and text in done.stderr and not done.stdout, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("case", on("nodes"), ids=str)
def test_nodes(case, pool):
    """Slabs of each node as the kernel counts them in sysfs."""
    with pool.lend(case) as guest:
        for name in ("dentry", "kmalloc-64", "kmalloc-192"):
            for _ in range(8):
                text = guest.run(f"cat /sys/kernel/slab/{name}/slabs")
                rows, total = census(Program(guest), name, "--by", "node")
                counted = {int(node): int(slabs) for node, slabs in re.findall(r"N(\d+)=(\d+)", text)}
                if {row["node"]: row["slabs"] for row in rows} == counted:
                    break
            assert {row["node"]: row["slabs"] for row in rows} == counted and len(counted) == 2
            assert total["slabs"] == sum(counted.values()) and total["memory"] == sum(row["memory"] for row in rows)


CALLER = r"^ *(\d+) (\S+?)(?:/0x[0-9a-f]+)?(?: \[\w+\])? "


def seen_and_told(case, guest, name, look):
    """What *look* returns, and the kernel's own lists of the users of a cache at that time."""
    path = f"/sys/kernel/slab/{name}/alloc_calls"  # to 5.13
    if case.series != "5.10":
        guest.run("mount -t debugfs none /sys/kernel/debug 2>/dev/null || true")
        path = f"/sys/kernel/debug/slab/{name}/alloc_traces"
    seen, readings = looked_at(guest, [path], look)
    return seen, [reading[path] for reading in readings]


def users(text):
    """{caller: objects}."""
    counts = collections.Counter()
    for count, caller in re.findall(CALLER, text, re.MULTILINE):
        counts[caller] += int(count)
    assert counts, text
    return counts


def stacks_and_cpus(text):
    """{stack, innermost first: objects}, CPUs: as alloc_traces lists them (since 5.19)."""
    counts, cpus, count, stack = collections.Counter(), set(), 0, []
    for line in [*text.splitlines(), "0 end"]:
        if line.startswith("        "):
            stack.append(line.split()[0].split("/")[0])
        elif head := re.match(r" *(\d+) \S", line):
            counts[tuple(stack)] += count
            count, stack = int(head[1]), []
            cpus |= {int(cpu) for cpu in re.findall(r"\d+", re.sub(r".*cpus=|nodes=.*", "", line))} if "cpus=" in line else set()
    return +counts, cpus


def check_groups(case, guest, name, messages, kept):
    """By stack, thread and CPU, as the kernel lists them; the guest runs."""

    def look():
        return [Program(guest).json("kcensus", name, "--by", group) for group in ("stack", "pid", "cpu")]

    for _ in range(5):
        (stacks, pids, cpus), texts = seen_and_told(case, guest, name, look)
        counted = {tuple(row.get("stack", ())): row["objects"] for row in stacks}
        if case.series == "5.10" or (counted, {row["cpu"] for row in cpus}) in map(stacks_and_cpus, texts):
            break
    else:
        raise AssertionError((counted, cpus, [stacks_and_cpus(text) for text in texts]))
    for rows in (stacks, pids, cpus):
        assert sum(row["objects"] for row in rows) == sum(users(texts[0]).values())
        assert [row["memory"] for row in rows] == sorted((row["memory"] for row in rows), reverse=True)
    assert sum(row["objects"] for row in stacks if any(frame.startswith("do_msgsnd") for frame in row["stack"])) == kept
    (mine,) = (row for row in pids if row["pid"] == messages.pid)
    comm = guest.run(f"cat /proc/{messages.pid}/comm").strip()
    assert mine["objects"] >= kept and mine["comm"] == comm
    kinds = documented()
    for record in (*stacks, *pids, *cpus):
        check(kinds, record["record"], {key: value for key, value in record.items() if key != "record"})


def sites(dill, name):
    """{caller: its row}."""
    rows = dill.json("kcensus", name, "--by", "site")
    assert [row["memory"] for row in rows] == sorted((row["memory"] for row in rows), reverse=True)
    return {row["site"]: row for row in rows}


@pytest.mark.parametrize("case", on("debug"), ids=str)
def test_sites_and_ages(case, pool):
    """Who allocated the messages, how large, and when: the kernel's own list, the program's sizes, the test's clock."""
    with pool.lend(case) as guest:
        dill = Program(guest)
        name = message_cache(case.series, "1k")
        begun = time.monotonic()
        messages = Messages(guest, (900, 300), free_every=3)
        time.sleep(12)
        for _ in range(5):
            found, texts = seen_and_told(case, guest, name, lambda: sites(dill, name))
            objects_of = {site: row["objects"] for site, row in found.items()}
            if objects_of in [users(text) for text in texts]:
                break
        assert objects_of in [users(text) for text in texts]
        kept = sum(map(messages.is_kept, messages.serials))
        check_groups(case, guest, name, messages, kept)
        guest.stop()
        passed = time.monotonic() - begun
        site = next(row for where, row in found.items() if where.startswith(("alloc_msg", "load_msg")))
        assert site["objects"] == kept and site["cache"] == name
        if case.series == "6.1":  # the only kernel with messages in a kmalloc cache and a record of requested sizes
            assert site["requested_bytes"] == kept * (900 + HEADER) and site["request_waste"] == kept * (1024 - 900 - HEADER)
        found = sites(dill, name)
        site = found[site["site"]]
        assert 10e9 < site["youngest_ns"] <= site["oldest_ns"] <= (passed + 2) * 1e9
        groups = dill.json("kcensus", name, "--by", "age")
        assert sum(group["objects"] for group in groups) == sum(row["objects"] for row in found.values())
        group = next(group for group in groups if group["from_ns"] <= site["youngest_ns"] < group["to_ns"])
        assert group["from_ns"] == 10_000_000_000 and group["objects"] >= kept
        kinds = documented()
        for record in (*found.values(), *groups, *objects(dill, name).values()):
            check(kinds, record["record"], {key: value for key, value in record.items() if key != "record"})
        mine = [record for record in objects(dill, name).values() if record.get("pid") == messages.pid]
        assert len(mine) >= kept and all(10e9 < record["age_ns"] <= (passed + 2) * 1e9 for record in mine)


def wastes(text):
    """{caller: bytes of waste} as the kernel lists them for a kmalloc cache (since 6.1); callers without any are not there."""
    bytes_of = collections.Counter()
    for _, caller, waste in re.findall(CALLER + r"waste=(\d+)/", text, re.MULTILINE):
        bytes_of[caller] += int(waste)
    assert bytes_of, text
    return dict(bytes_of)


@pytest.mark.parametrize("case", on("debug", series=("6.1", "6.12", "7.2", "7.3"), by_default=ONE), ids=str)
def test_requested_sizes(case, pool):
    """What callers of kmalloc() wasted, as the kernel has recorded it."""
    with pool.lend(case) as guest:
        dill = Program(guest)
        guest.run("mount -t debugfs none /sys/kernel/debug 2>/dev/null || true")
        for name in ("kmalloc-192", "kmalloc-1k"):
            for _ in range(5):
                # Too long for looked_at(); only callers that waste nothing come and go meanwhile.
                told = wastes(guest.run(f"cat /sys/kernel/debug/slab/{name}/alloc_traces"))
                rows = sites(dill, name)
                found = {site: row["request_waste"] for site, row in rows.items() if row["request_waste"]}
                if found == told:
                    break
            assert found == told
            guest.stop()
            (row,), _ = census(dill, name)
            rows = sites(dill, name)
            guest.cont()
            assert row["requested_objects"] == row["live"] > 0
            assert row["request_waste"] == row["used_bytes"] - row["requested_bytes"] == sum(r["request_waste"] for r in rows.values())
