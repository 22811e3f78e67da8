# SPDX-License-Identifier: MIT
"""`sql` against Python's sqlite3 on the same files, and what it refuses."""
import json
import re
import signal
import sqlite3
import subprocess

import pytest

from conftest import ROOT, Gdb, Program
from test_export import rows
from tests.matrix import on

VIEWS = {"heap": ["cache_text", "object_text", "place_text", "site_text", "slab_text"],
         "trace": ["event_text", "slab_text", "stack_text"]}
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def sql(*words):
    """The finished process."""
    return subprocess.run([ROOT / "build/dill", "sql", *words], capture_output=True, text=True, timeout=300, check=False)


def lines(*words):
    """Rows of --json, without what marks them."""
    done = sql(*words, "--json")
    assert done.returncode == 0, done.stderr
    records = Program.lines(done)
    assert all(record.pop("record") == "sql_row" for record in records)
    return records


@pytest.fixture(scope="module", params=on("debug", series=("6.12",)), ids=str)
def files(request, pool, tmp_path_factory):
    """A guest with both kinds of file."""
    folder = tmp_path_factory.mktemp("sql")
    with pool.lend(request.param) as guest:
        dill, found = Program(guest), {name: folder / f"{name}.db" for name in VIEWS}
        assert dill.run("export", str(found["heap"])).returncode == 0
        subprocess.run([ROOT / "build/tests/unit/make_trace", found["trace"], "--random", "500"], check=True, stdout=subprocess.DEVNULL)
        yield guest, found


def test_answers(files):
    """Each table and view, as another program reads the file: numbers stay numbers, NULL is left out."""
    _, found = files
    for name, path in found.items():
        listed = {row["name"]: row for row in lines(path)}
        assert [row["name"] for row in listed.values() if row["type"] == "view"] == VIEWS[name]
        tables = [row["name"] for row in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        assert [row["name"] for row in listed.values() if row["type"] == "table"] == tables
        for table, row in listed.items():
            query = f"SELECT * FROM {table} LIMIT 50"
            expected = rows(path, query)
            assert lines(path, query) == [{key: value for key, value in row.items() if value is not None} for row in expected]
            if expected:
                assert row["columns"].split(", ") == list(expected[0])
            assert not {"order", "where", "group", "index", "select", "table", "from"} & set(row["columns"].split(", "))
    for table in ("object", "free_place"):
        assert rows(found["heap"], f"SELECT count(*) AS n FROM {table} o JOIN slab l ON l.id = o.slab WHERE l.cache <> o.cache") == [{"n": 0}]


def test_documented_queries(files):
    """The eight of each page are answered, the same by every reader."""
    _, found = files
    for name, path in found.items():
        page = (ROOT / f"docs/{name}-db.md").read_text()
        queries = re.findall(r'^\$ dill sql \w+\.db "(.*)"$', page, re.MULTILINE)
        assert len(queries) == 8
        for query in queries:
            assert lines(path, query) == [
                {key: value for key, value in row.items() if value is not None} for row in rows(path, query)
            ], query
            assert sql(path, query).returncode == 0


def test_text_and_gdb(files):
    """A table with the columns' names; in GDB the same."""
    guest, found = files
    query = "SELECT name, 2 * length(name) AS twice FROM cache WHERE name GLOB 'kmalloc-[0-9]' ORDER BY 1"
    table = sql(found["heap"], query).stdout
    assert [line.split() for line in table.splitlines()] == [["name", "twice"], ["kmalloc-8", "18"]]
    answer = Gdb(guest, leave="disconnect").json("sql", str(found["heap"]), f'"{query}"')
    assert [row["name"] for row in answer] == ["kmalloc-8"]
    assert lines(found["heap"], "SELECT 1 AS a, 2 AS a, 3 AS record, x'00ff' AS b, 0.5 AS c, 1e999 AS d") == [
        {"a": 1, "a_2": 2, "record_2": 3, "b": "x'00ff'", "c": 0.5, "d": "inf"}
    ]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT * FROM objcet", "no such table: objcet (did you mean object?); there are cache, "),
        ("SELECT requested_siz FROM object_text", "no such column: requested_siz (did you mean requested_size?)"),
        ("SELEC 1", "syntax error"),
        ("", "the query is empty"),
        ("SELECT 1; SELECT 2", "one query at a time"),
        ("SELECT ?", "a parameter has no value"),
        ("SELECT abs(-9223372036854775807 - 1)", "integer overflow"),
        ("DELETE FROM object", "only read"),
        ("ATTACH '/etc/passwd' AS other", "only read"),
        ("VACUUM INTO 'copy'", "only read"),
        ("PRAGMA journal_mode = DELETE", "only read"),
        ("CREATE TEMP TABLE mine (x)", "only read"),
        ("SELECT load_extension('x')", "not authorized"),
        ("SELECT * FROM mine", "prohibited"),
    ],
)
def test_refused(files, tmp_path, query, text):
    """One line that says why; the file stays as it is."""
    _, found = files
    path = tmp_path / "heap.db"
    path.write_bytes(found["heap"].read_bytes())
    with sqlite3.connect(path) as db:  # what the file brings along is not run
        db.execute("CREATE VIEW mine AS SELECT 1")
    before = path.read_bytes()
    done = sql(path, query)
    assert done.returncode == 2 and text in done.stderr and len(done.stderr.splitlines()) == 1 and not done.stdout, done
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["heap.db"]


def test_other_files(files, tmp_path):
    """What is none of dill's, of another format, or damaged."""
    _, found = files
    old, later, cut, foreign = (tmp_path / f"{name}.db" for name in ("old", "later", "cut", "foreign"))
    content = found["heap"].read_bytes()
    for path, version in ((old, 1), (later, 9)):
        path.write_bytes(content[:60] + version.to_bytes(4, "big") + content[64:])
    cut.write_bytes(content[:-4096])
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE mine (x)")
    for path, text in (
        (old, "format 1, which an earlier dill wrote; this dill reads format 2: export it again"),
        (later, "format 9, which a later dill wrote"),
        (cut, "damaged"),
        (foreign, "neither a heap export nor a trace"),
        (ROOT / "README.md", "neither a heap export nor a trace"),
        (tmp_path, "no regular file"),
        (tmp_path / "none", "No such file"),
    ):
        done = sql(path, "SELECT 1")
        assert done.returncode == 2 and text in done.stderr and len(done.stderr.splitlines()) == 1, done
    done = subprocess.run([ROOT / "build/dill", "diff", old, found["heap"]], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "export it again" in done.stderr


def test_interrupt(files):
    """Ctrl-C ends a query that would take for ever."""
    _, found = files
    words = ["env", "--default-signal=INT", ROOT / "build/dill", "sql", found["heap"], ENDLESS]  # a job in the background ignores it
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 128 + signal.SIGINT
        assert process.stderr.read() == "dill: interrupted\n"


def test_json_is_json(files):
    """What a forged file holds is printable, and one object to a line."""
    _, found = files
    done = sql(found["heap"], "SELECT char(27, 10) || '\\' AS \"a\nb\"", "--json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"record": "sql_row", "a\\x0ab": "\\x1b\\x0a\\"}]
