# SPDX-License-Identifier: MIT
"""Exported heaps by plain SQL, against kcensus and against messages whose fate the test knows."""
import collections
import shutil
import sqlite3
import subprocess

import pytest

from conftest import ROOT, Gdb, Program
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import fragment
from tests.matrix import ONE, kernels, message_cache, on

STATES = ("live", "cached", "free", "waiting", "unknown")


def signed(address):
    """As SQLite has it."""
    return address - (1 << 64) if address >= 1 << 63 else address


def rows(path, sql, *values):
    """Rows of a query, as dicts."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql, values)]


def diff(a, b, *words, status=0):
    """Records of diff; needs no target."""
    done = subprocess.run(
        [ROOT / "build/dill", "diff", str(a), str(b), *words, "--json"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == status, done.stderr
    return Program.lines(done)


@pytest.fixture(scope="module", params=[*on("plain"), *on("debug")], ids=str)
def scene(request, pool, tmp_path_factory):
    """A stopped guest with messages, some of them received again; its memory; its exported heap."""
    with pool.lend(request.param) as guest:
        messages = fragment(guest, (200, 400), (900, 300))
        symbols = kallsyms(guest)
        guest.stop()
        path = tmp_path_factory.mktemp("export") / "heap.db"
        (told,) = Program(guest).json("export", str(path))
        with Memory(guest, symbols) as memory:
            yield guest, messages, memory, path, told


def test_caches(scene):
    """Every number of kcensus, cache by cache."""
    guest, _, _, path, told = scene
    census = {int(row["address"], 16): row for row in Program(guest).json("kcensus") if row["record"] == "census_cache"}
    caches = rows(path, "SELECT * FROM cache")
    assert len(caches) == len(census) == told["caches"]
    for cache in caches:
        row = census[cache["address"] % (1 << 64)]
        for key in set(cache) & set(row) - {"address"}:
            assert cache[key] == row[key], (key, cache, row)
        assert len(set(cache) & set(row)) > 20
    assert rows(path, "PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_sums_by_sql(scene):
    """The tables agree with each other: slabs and objects add up to what their cache says."""
    _, _, _, path, told = scene
    sums = ", ".join(f"sum({name}) AS {name}" for name in ("objects", "memory", *STATES))
    wrong = rows(
        path,
        f"SELECT c.* FROM cache c JOIN (SELECT cache, count(*) AS slabs, {sums} FROM slab WHERE place <> 'dying' GROUP BY"
        " cache) s ON s.cache = c.id WHERE "
        + " OR ".join(f"c.{name} <> s.{name}" for name in ("slabs", "objects", "memory", *STATES)),
    )
    assert not wrong
    in_use = rows(path, "SELECT l.cache, s.name AS state, count(*) AS n FROM object o JOIN slab l ON l.id = o.slab JOIN state s"
                        " ON s.id = o.state GROUP BY 1, 2")
    counted = {(row["cache"], row["state"]): row["n"] for row in in_use}
    places = rows(path, "SELECT l.cache, s.name AS state, count(*) AS n FROM free_place p JOIN slab l ON l.id = p.slab JOIN"
                        " place_kind k ON k.id = p.kind JOIN state s ON s.id = k.state WHERE l.place <> 'dying' GROUP BY 1, 2")
    counted.update({(row["cache"], row["state"]): row["n"] for row in places})
    caches = rows(path, "SELECT * FROM cache")
    assert counted == {(cache["id"], state): cache[state] for cache in caches for state in STATES if cache[state]}
    for table, key in (("slab", "slabs"), ("object", "objects"), ("free_place", "free_places"), ("site", "sites")):
        assert rows(path, f"SELECT count(*) AS n FROM {table}") == [{"n": told[key]}]


def test_messages(scene):
    """Kept ones are objects, received ones have a place, as long as their slab is there."""
    guest, messages, memory, path, _ = scene
    kept, released = set(), 0
    objects = {row["address"]: row for row in rows(path, "SELECT o.*, l.base, c.name FROM object o JOIN slab l ON l.id = o.slab"
                                                         " JOIN cache c ON c.id = l.cache")}
    places = {row["object"]: row for row in rows(path, "SELECT * FROM free_place")}
    names = {200: message_cache(guest.kernel.series, "256"), 900: message_cache(guest.kernel.series, "1k")}
    for serial, size, start in messages.find(memory):
        address = signed(memory.virtual(start))
        if messages.is_kept(serial):
            assert objects[address]["name"] == names[size] and address not in places
            assert 0 <= address - objects[address]["base"] < 1 << 16
            kept.add(serial)
        else:
            assert address not in objects
            released += address in places
    assert kept == set(filter(messages.is_kept, messages.serials))
    # With debugging, what was in free objects is overwritten.
    assert (released > 50) == (not rows(path, "SELECT 1 FROM site LIMIT 1"))


def test_objects_and_places(scene):
    """The same objects as --objects has, with the same sites; places as kobj names them."""
    guest, _, _, path, _ = scene
    name = "dentry"
    stream = Program(guest).json("kcensus", name, "--objects")
    table = rows(path, "SELECT * FROM object_text WHERE cache = ?", name)
    assert {(row["object"], row["state"]) for row in stream} == {(row["object"], row["state"]) for row in table}
    for key in ("pid", "cpu", "site", "requested_size"):
        assert collections.Counter(row.get(key) for row in stream) == collections.Counter(row[key] for row in table), key
    places = rows(path, "SELECT * FROM place_text WHERE cache = ? ORDER BY position DESC", name)
    assert places
    for place in places[:: len(places) // 10 + 1]:
        answer = Program(guest).json("kobj", place["object"])[0]
        assert (answer["place"], answer["state"]) == (place["kind"], place["state"])
        if place["kind"] not in ("unlisted_slab", "dying_slab"):
            assert answer["place_position"] == place["position"]
            assert answer.get("place_cpu") == place["cpu"] and answer.get("place_node") == place["node"]


def test_glob_and_gdb(scene, tmp_path):
    """Chosen caches only; the plugin writes the same rows."""
    guest, _, _, path, _ = scene
    some = {}
    for door in (Program(guest), Gdb(guest, leave="disconnect")):
        file = tmp_path / "some.db"
        file.unlink(missing_ok=True)
        (told,) = door.json("export", str(file), "kmalloc-*")
        some[type(door)] = rows(file, "SELECT * FROM cache ORDER BY name"), rows(file, "SELECT * FROM object")
        assert told["objects"] == len(some[type(door)][1])
    assert some[Program] == some[Gdb]
    names = [row["name"] for row in some[Program][0]]
    assert names == [row["name"] for row in rows(path, "SELECT name FROM cache WHERE name GLOB 'kmalloc-*' ORDER BY name")]


@kernels(*ONE)
def test_existing_files(scene, tmp_path):
    """An export becomes .old; what is none is left alone; nothing half stays behind."""
    guest, _, _, _, _ = scene
    dill, path = Program(guest), tmp_path / "heap.db"
    assert dill.run("export", str(path), "kmalloc-8").returncode == 0
    first = path.read_bytes()
    assert dill.run("export", str(path), "kmalloc-16").returncode == 0
    assert (tmp_path / "heap.db.old").read_bytes() == first
    note = tmp_path / "note.txt"
    note.write_text("mine")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    before = other.read_bytes()
    for file, text in ((note, "not an SQLite file"), (other, "no heap export that dill wrote"), (tmp_path, "no regular file")):
        done = dill.run("export", str(file))
        assert done.returncode == 2 and text in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert note.read_text() == "mine" and other.read_bytes() == before
    done = dill.run("export", str(tmp_path / "no" / "heap.db"))
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert dill.run("export", str(tmp_path / "x.db"), "dentyr").returncode == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["heap.db", "heap.db.old", "note.txt", "other.db"]


@kernels(*ONE)
def test_damaged_files(scene, tmp_path):
    """One clear line for a file that diff cannot read."""
    _, _, _, path, _ = scene
    assert diff(path, path)[-1]["caches"] == 0
    cut, foreign, unfinished = tmp_path / "cut.db", tmp_path / "foreign.db", tmp_path / "unfinished.db"
    cut.write_bytes(path.read_bytes()[:-4096])
    foreign.write_bytes(b"no database at all" * 10)
    shutil.copy(path, unfinished)
    with sqlite3.connect(unfinished) as db:
        db.execute("UPDATE meta SET value = 0 WHERE key = 'finished'")
    for file, text in ((cut, "damaged"), (foreign, "nothing that dill reads"), (unfinished, "not finished"), (tmp_path / "none", "No such")):
        for pair in ((file, path), (path, file)):
            done = subprocess.run([ROOT / "build/dill", "diff", *pair], capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 2 and text in done.stderr and not done.stdout, done.stderr
            assert len(done.stderr.splitlines()) == 1
