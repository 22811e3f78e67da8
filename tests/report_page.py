# SPDX-License-Identifier: MIT
"""The page of `report --html` as tests read it; and what was alive when, counted from the trace file by SQL."""
import bisect
import contextlib
import json
import sqlite3
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GUTTER = 150  # CSS pixels of the timeline, where the caches' names stand

# Cells of a table: a number where it has one, else the text.
READ_TABLE = """
    const rows = [...document.querySelectorAll(`#${arguments[0]} tbody tr`)];
    return rows.map((row) => [...row.cells].map((cell) => cell.dataset.value ? Number(cell.dataset.value) : cell.textContent));
"""
# Colors of pixels of a canvas, "r,g,b", at places in CSS pixels.
READ_PIXELS = """
    const canvas = document.getElementById(arguments[0]);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return arguments[1].map(([x, y]) => copy.getImageData(x, y, 1, 1).data.slice(0, 3).join());
"""
# "r,g,b" of variables of the style sheet.
READ_COLORS = """
    const style = getComputedStyle(document.documentElement);
    return arguments[0].map((name) => parseInt(style.getPropertyValue(name).trim().slice(1), 16))
        .map((value) => [value >> 16, value >> 8 & 255, value & 255].join());
"""
# An object ends with its free, or unseen with the next one at its address.
OBJECTS = """
    SELECT a.time_ns, (
        SELECT min(e.time_ns) FROM event e WHERE e.object = a.object AND e.sequence > a.sequence
            AND (e.kind = 0 OR e.kind = 1 AND e.flags & 4 AND NOT e.flags & 8)
        ), a.bytes_given, coalesce(c.name, CASE a.flags & 2 WHEN 2 THEN '(large)' ELSE '(unknown)' END)
    FROM event a LEFT JOIN cache c ON c.id = a.cache WHERE a.kind = 0 AND a.object <> 0
"""


def write_page(path):
    """The page of a trace, beside it."""
    page = path.with_suffix(".html")
    done = subprocess.run([ROOT / "build/dill", "report", path, "--html", page], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert done.stdout.startswith(f"{page}: {page.stat().st_size} bytes, ")
    return page


def report(path):
    """The records of the same trace."""
    command = [ROOT / "build/dill", "report", path, "-n", "0", "--live", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def names(browser, table):
    """The first cells of a table."""
    return [row[0] for row in browser.run(READ_TABLE, table)]


def shown_range(browser):
    """The time that the timeline shows, in nanoseconds."""
    return tuple(float(browser.find("#range").get_attribute(f"data-{end}")) for end in ("from", "to"))


def choose(browser, table, row):
    """Click a row; its name."""
    name = names(browser, table)[row]
    browser.click(f"#{table} tbody tr:nth-child({row + 1}) td:nth-child(3)")
    return name


class Alive:
    """What was alive when, by a query of the trace file."""

    def __init__(self, path, cache=None):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            self.objects = [row for row in db.execute(OBJECTS) if cache in (None, row[3])]
        changes = sorted([(start, 1, given) for start, _, given, _ in self.objects] +
                         [(end, -1, -given) for _, end, given, _ in self.objects if end is not None])
        self.times = [time for time, _, _ in changes]
        self.sums = [(0, 0)]
        for _, many, given in changes:
            self.sums.append((self.sums[-1][0] + many, self.sums[-1][1] + given))

    def at(self, time):
        """(objects, bytes)."""
        return self.sums[bisect.bisect_right(self.times, time)]

    def by_cache(self, time):
        """{cache: bytes}."""
        sums = {}
        for start, end, given, cache in self.objects:
            if start <= time and (end is None or end > time):
                sums[cache] = sums.get(cache, 0) + given
        return sums

    def most(self, since, until, what=1):
        """The most bytes, or with 0 objects, at any time from one to before another."""
        within = self.times[bisect.bisect_left(self.times, since):bisect.bisect_left(self.times, until)]
        return max(self.at(time)[what] for time in [since, *within])


def bytes_text(number):
    """As dill writes it: three digits and a unit."""
    units = ["B", "KiB", "MiB", "GiB"]
    while number >= 1024 and len(units) > 1:
        number /= 1024
        units.pop(0)
    digits = f"{number:.0f}" if number == int(number) or number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
    return f"{digits} {units[0]}"
