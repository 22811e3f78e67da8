# SPDX-License-Identifier: MIT
"""report and history on recorded traces, against totals that are counted here from the events."""
import contextlib
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, Program
from test_json_fields import check, documented
from tests import traces
from tests.matrix import on

FACTS = {"writer", "banner", "options", "engine", "start_time", "finished", "end_reason", "lost", "lost_why", "dismissed"}


def dill(*words, **options):
    """The finished program, which has no target."""
    return subprocess.run([ROOT / "build/dill", *words], capture_output=True, text=True, timeout=300, check=False, **options)


def records_of(done, status=0):
    """The records of a command that ended with a status."""
    assert done.returncode == status, done.stderr + done.stdout[-500:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def comparable(record):
    """Without what cannot be known from events."""
    left_out = FACTS if record["record"] == "trace" else ("address",) if record["record"].startswith("trace_c") else ()
    return {key: value for key, value in record.items() if key not in left_out}


def order_of(record):
    """What records of a list are ordered by; of equal ones the order is nobody's business."""
    fields = {"trace_cache": ("allocs", "frees"), "trace_caller": ("allocs", "frees"), "trace_process": ("allocs", "frees"),
              "trace_alive": ("bytes", "objects"), "trace_unknown_free": ("frees",)}.get(record["record"], ())
    return [record["record"], *(record[field] for field in fields)]


def check_report(printed, expected):
    """Every record, in its order, with headings that count them."""
    headings = {record["list"]: record for record in printed if record["record"] == "trace_list"}
    records = [comparable(record) for record in printed if record["record"] not in ("trace_list", "trace_event")]
    assert [order_of(record) for record in records] == [order_of(record) for record in expected]
    assert sorted(map(json.dumps, map(sorted_items, records))) == sorted(map(json.dumps, map(sorted_items, expected)))
    kinds = [record["record"] for record in expected if record["record"] != "trace"]
    assert {kind: (heading["total"], heading["shown"]) for kind, heading in headings.items()} == \
        {kind: (kinds.count(kind), kinds.count(kind)) for kind in kinds}


def sorted_items(record):
    return sorted(record.items())


# --- made-up traces ---


@pytest.fixture(scope="module", params=(1, 2, 3))
def made(request, tmp_path_factory):
    """A made-up trace: its file and its events."""
    path = tmp_path_factory.mktemp("trace") / "trace.db"
    events = traces.made_up(request.param, 3000)
    traces.make(path, events)
    return path, events


def test_the_file_holds_the_events(made):
    """Read as docs/trace-db.md says, it has what was put into it."""
    path, events = made
    assert traces.from_file(path) == events


def test_totals(made):
    """All records of a report. There are double frees: status 1."""
    path, events = made
    expected = traces.expected(traces.from_file(path))
    kinds = {record["record"] for record in expected}
    assert {"trace_slab", "trace_double_free", "trace_unknown_free", "trace_alive"} <= kinds
    whole = expected[0]
    assert all(whole[field] for field in ("failed", "requests", "freed_unseen", "unknown_frees", "double_frees", "alive"))
    check_report(records_of(dill("report", path, "-n", "0", "--live", "--json"), status=1), expected)


def test_rows(made):
    """Only the first of each list are shown; the headings count all. Without --live no objects."""
    path, _ = made
    full = records_of(dill("report", path, "-n", "0", "--json"), status=1)
    for rows in (1, 10):
        short = records_of(dill("report", path, *(() if rows == 10 else ("-n", str(rows))), "--json"), status=1)
        wanted = []
        for heading in (record for record in full if record["record"] == "trace_list"):
            wanted.append({**heading, "shown": min(rows, heading["total"])})
            wanted += [record for record in full if record["record"] == heading["list"]][:rows]
        assert short[1:] == wanted
    assert not [record for record in full if record["record"] == "trace_object"]


def test_fields_are_documented(made):
    """Every field of report and history, with its type."""
    path, events = made
    kinds = documented()
    for words in (["report", path, "--live"], ["history", hex(busiest(events, 1)[0]), path]):
        for record in records_of(dill(*words, "--json"), status=1):
            check(kinds, record.pop("record"), record)
    page = records_of(dill("report", path, "--html", path.with_name("page.html"), "--json"))[0]
    assert page["bytes"] == path.with_name("page.html").stat().st_size
    check(kinds, page.pop("record"), page)


def test_text(made):
    """The text has the numbers of the records."""
    path, _ = made
    done = dill("report", path)
    whole = records_of(dill("report", path, "--json"), status=1)[0]
    assert done.returncode == 1 and not done.stderr
    assert done.stdout.startswith(f"{whole['events']} events in ")
    for text in (f"{whole['allocs']} allocations", f"{whole['frees']} frees", f"{whole['alive']} objects, {whole['alive_bytes']} bytes",
                 f"{whole['bytes_requested']} asked for, {whole['bytes_given']} given, {whole['bytes_wasted']} wasted"):
        assert text in done.stdout


def test_status_without_double_frees(tmp_path):
    """0 when nothing was freed twice, also of a trace without events."""
    for events in ([event for event in traces.made_up(4, 300) if not event.flags & traces.DOUBLE], []):
        traces.make(tmp_path / "trace.db", events)
        printed = records_of(dill("report", tmp_path / "trace.db", "-n", "0", "--live", "--json"))
        check_report(printed, traces.expected(events))


# --- history ---


def history(events, wanted):
    """The events of objects that held an address."""
    sizes = {event.cache: event.given for event in events if event.kind == "alloc"}  # made-up ones of a cache are equal
    return [event for event in events if event.object and event.object <= wanted < event.object + sizes[event.cache]]


def history_records(events, wanted):
    """What `history --json` must print, without the functions and flags."""
    found = history(events, wanted)
    head = {"record": "history", "address": traces.address(wanted), "events": len(found),
            "allocs": sum(event.kind == "alloc" for event in found)}
    if found:
        head["state"] = "free" if found[-1].kind == "free" else "live"
    records = [head]
    for before, event in zip([None, *found], found):
        record = {"record": "history_event", "sequence": event.sequence, "time_ns": event.time_ns,
                  "event": "double free" if event.flags & traces.DOUBLE else event.kind, "comm": event.comm, "pid": event.pid,
                  "cpu": event.cpu, "caller": event.caller, "object": traces.address(event.object)}
        if event.cache:
            record["cache"] = event.cache
        if event.kind == "alloc":
            record.update(bytes_requested=event.requested, bytes_given=event.given)
            if before and before.kind == "free":
                record["free_ns"] = event.time_ns - before.time_ns
        elif event.alloc_sequence:
            record.update(alloc_sequence=event.alloc_sequence, age_ns=event.time_ns - events[event.alloc_sequence - 1].time_ns)
        if event.flags & traces.FOREIGN:
            record["foreign"] = True
        records.append(record)
    return records


def busiest(events, count):
    """Addresses with the most events; those of double frees among them."""
    objects = {}
    for event in events:
        if event.object:
            objects.setdefault(event.object, []).append(event)
    return sorted(objects, key=lambda at: (any(event.flags & traces.DOUBLE for event in objects[at]), len(objects[at])))[-count:]


def test_history(made):
    """Who had an object, from any address inside of it; 1 when it was freed twice."""
    path, events = made
    statuses = set()
    for wanted in [*(address + 17 for address in busiest(events, 20)), events[0].object, 0xffff888004000000 - 1]:
        expected = history_records(events, wanted)
        status = int(any(record.get("event") == "double free" for record in expected))
        statuses.add(status)
        printed = records_of(dill("history", hex(wanted), path, "--json"), status)
        for record in printed:
            record.pop("function", None)
            record.pop("gfp", None)
        assert printed == expected
    assert statuses == {0, 1}


def test_history_of_nothing(tmp_path, made):
    """What is no address is told, in one line."""
    done = dill("history", "load_msg", made[0])
    assert done.returncode == 2 and not done.stdout
    assert "symbols need a target" in done.stderr and len(done.stderr.splitlines()) == 1


# --- what cannot be read ---


def cut(path):
    """Half of it is missing."""
    os.truncate(path, path.stat().st_size // 2 + 100)


def cut_head(path):
    """All but the beginning is missing."""
    os.truncate(path, 50)


def cut_at_page(path):
    """The last page is missing."""
    os.truncate(path, path.stat().st_size - 4096)


def later_version(path):
    """As a later dill may write it."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 7")


def other_program(path):
    """Another program's database."""
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE event (sequence INTEGER)")


def no_table(path):
    """The events are gone."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("DROP VIEW event_text; DROP TABLE event")


def impossible_row(path):
    """A reference to what is not there."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET caller = 999999 WHERE sequence = 20")


def other_file(path):
    """A text."""
    path.write_text("no trace\n" * 1000)


def empty(path):
    """Nothing at all."""
    path.write_bytes(b"")


def folder(path):
    """No file."""
    path.unlink()
    path.mkdir()


BROKEN = {
    other_file: "it is no trace: not an SQLite file",
    empty: "it is no trace: not an SQLite file",
    Path.unlink: "No such file",
    folder: "it is no regular file",
    cut: "malformed",
    cut_head: "it is no trace: not an SQLite file",
    cut_at_page: "the file is damaged: its end is missing",
    later_version: "it is a trace of format 7, which a later dill wrote; this dill reads format 1",
    other_program: "it is an SQLite file, but no trace",
    no_table: "event",
    impossible_row: 'event 20: column "caller" holds 999999',
}


@pytest.mark.parametrize("damage, said", BROKEN.items(), ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("words", (["report"], ["history", "0xffff888004000000"], ["report", "--html", "page.html"]), ids=" ".join)
def test_what_cannot_be_read(damage, said, words, tmp_path):
    """One line with the file's name and what is wrong; status 2, and no page."""
    path = tmp_path / "trace.db"
    traces.make(path, traces.made_up(5, 2000))
    damage(path)
    if damage is impossible_row and words[0] == "history":
        words = ["history", hex(traces.made_up(5, 2000)[19].object)]
    done = dill(*words, path, cwd=tmp_path)
    assert done.returncode == 2 and not done.stdout, done.stdout
    assert len(done.stderr.splitlines()) == 1 and "trace.db" in done.stderr and said in done.stderr, done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_killed_writer(tmp_path):
    """What was written is reported, and that the end is missing."""
    path = tmp_path / "trace.db"
    events = traces.made_up(6, 25000)
    traces.make(path, events, "--unfinished")
    done = dill("report", path, "-n", "0", "--live", "--json")
    whole = json.loads(done.stdout.splitlines()[0])
    assert 10000 <= whole["events"] <= len(events) and whole["finished"] is False
    check_report([json.loads(line) for line in done.stdout.splitlines()], traces.expected(events[:whole["events"]]))
    assert "its writer was killed" in dill("report", path).stdout


# --- real ones ---


@pytest.fixture(scope="module", params=on("plain", series=("6.12",)), ids=str)
def busy(request, pool):
    """A guest where several processes allocate."""
    with pool.lend(request.param) as guest:
        load = guest.spawn("load")
        load.wait_output(r"^ready")
        yield Program(guest)


def test_a_real_trace(busy, tmp_path):
    """Of a file: report at the end of the trace, report later, and the events agree."""
    path = tmp_path / "trace.db"
    done = busy.run("trace", "-n", "600", "-o", path, "--json")
    assert done.returncode == 0, done.stderr
    events = traces.from_file(path)
    later = records_of(dill("report", path, "-n", "0", "--live", "--json"))
    assert len(events) == 600 and {"alloc", "free"} <= {event.kind for event in events}
    assert later[0]["duration_ns"] >= events[-1].time_ns
    check_report(later, traces.expected(events, later[0]["duration_ns"]))
    assert Program.lines(done) == records_of(dill("report", path, "--json"))
    release = busy.guest.run("uname -r").strip()
    assert release in later[0]["banner"] and later[0]["finished"] and "--events" in later[0]["options"]


def test_a_real_trace_that_is_printed(busy):
    """The events on the output, and the totals behind them."""
    printed = records_of(busy.run("trace", "-n", "300", "--json"))
    events = traces.from_records(printed)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1)) and len(events) >= 300
    whole = next(record for record in printed if record["record"] == "trace")
    expected = [record for record in traces.expected(events, whole["duration_ns"]) if record["record"] != "trace_object"]
    totals = [comparable(record) for record in printed if record["record"] not in ("trace_list", "trace_event", "trace_slab")]
    for kind in {record["record"] for record in expected} - {"trace_slab"}:
        wanted = [record for record in expected if record["record"] == kind]
        shown = [record for record in totals if record["record"] == kind]
        assert len(shown) == min(len(wanted), 10)
        assert all(record in wanted for record in shown)
    assert totals[0] == expected[0]
