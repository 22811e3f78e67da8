# SPDX-License-Identifier: MIT
"""How long the reports of a large recorded trace take: no guest is needed."""
import pathlib
import sqlite3
import subprocess
import tempfile

from bench.measure import RunFailed, measure
from bench.rows import Row
from bench.table import table

EVENTS = 1000000
MAKE_TRACE = "build/tests/unit/make_trace"


def busiest_object(path):
    """The object with the most events, for `history`."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        number = db.execute("SELECT object FROM event GROUP BY object ORDER BY count(*) DESC LIMIT 1").fetchone()[0]
    return f"{number % (1 << 64):#x}"


def rows(path, page):
    """The commands on a trace file."""
    dill = "build/dill"
    return [
        Row(f"dill report, {EVENTS} events", [dill, "report", str(path)], seconds=3),
        Row(f"dill report --json, {EVENTS} events", [dill, "report", str(path), "--json"], seconds=3),
        Row(f"dill report --html, {EVENTS} events", [dill, "report", str(path), "--html", str(page)]),
        Row("dill history of its busiest object", [dill, "history", busiest_object(path), str(path)], seconds=1),
    ]


def bench_reports(count):
    """Make a trace, measure and print."""
    if not pathlib.Path(MAKE_TRACE).exists():
        print("\nbench: reports: skipped: build/ was set up without tests (meson configure build -Dtests=enabled)")
        return
    with tempfile.TemporaryDirectory() as folder:
        path, page = pathlib.Path(folder) / "trace.db", pathlib.Path(folder) / "trace.html"
        made = subprocess.run([MAKE_TRACE, path, "--random", str(EVENTS)], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise RunFailed(f"{MAKE_TRACE}: {made.stderr.strip()}")
        measured = rows(path, page)
        runs = {row.title: [] for row in measured}
        for number in range(-1, count):
            page.unlink(missing_ok=True)
            for row in measured:
                run = measure(row.command)
                if number >= 0:
                    runs[row.title].append(run)
    print(f"\nReports of a recorded trace: {count} runs of each, in turn\n")
    print(table(measured, runs, {}), flush=True)
