# SPDX-License-Identifier: MIT
"""The page of `report --html` in a browser: opened, read, clicked, zoomed."""
import contextlib
import re
import sqlite3
import subprocess

import pytest

from conftest import ROOT
from tests import traces
from tests.browser import Browser
from tests.report_page import GUTTER, READ_TABLE, bytes_text, choose, names, report, shown_range, write_page

pytestmark = pytest.mark.xdist_group("browser")
SUMS = {"allocs", "frees", "requests", "failed", "bytes_requested", "bytes_given", "alive", "alive_bytes", "freed_unseen",
        "unknown_frees", "double_frees"}
EVIL = ('</script><img src=x onerror="document.title=1">', "<!--<script>", "'\"&amp;${document.title=2}")

# Places in the timeline that have the color of a bar, from the pixels.
FIND_BARS = """
    const canvas = document.getElementById("bars"), style = getComputedStyle(document.documentElement);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    const colors = ["--alive", "--freed", "--unseen"].map((name) => parseInt(style.getPropertyValue(name).trim().slice(1), 16));
    const found = [];
    for (let y = 1; y < canvas.height - 30; y += 5)
        for (let x = arguments[0] + 1; x < canvas.width; x += 31) {
            const at = 4 * (y * canvas.width + x);
            if (colors.includes(pixels[at] << 16 | pixels[at + 1] << 8 | pixels[at + 2]))
                found.push([x, y]);
        }
    return found;
"""


@pytest.fixture(scope="module", name="browser")
def the_browser():
    """One for all pages."""
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module", name="made")
def a_made_up_trace(tmp_path_factory):
    """Its file, its page and its events."""
    path = tmp_path_factory.mktemp("page") / "trace.db"
    events = traces.made_up(7, 3000)
    traces.make(path, events)
    return path, write_page(path), events


@pytest.fixture(name="opened")
def an_opened_page(made, browser):
    """The browser with the page, and the events. Nothing may go wrong in it."""
    browser.open(made[1])
    yield browser, made[2]
    assert browser.messages() == []
    assert browser.requests() == [made[1].as_uri()]


def sums(browser):
    """The numbers at the top; those that are not shown are 0."""
    shown = browser.run("return [...document.querySelectorAll('#sums dd')].map((dd) => [dd.dataset.field, Number(dd.dataset.value)])")
    return {**dict.fromkeys(SUMS, 0), **dict(shown)}


# --- what it shows ---


def test_sums(opened):
    """The numbers at the top are those of the events, also as they are written."""
    browser, events = opened
    expected = traces.Follower(events).sums(events)
    assert sums(browser) == {field: expected[field] for field in SUMS}
    written = browser.find("#sums").text.splitlines()
    assert bytes_text(expected["bytes_given"]) in written and f"{expected['allocs']:,}" in written
    assert browser.find("#sums [data-field=bytes_given]").get_attribute("title") == f"{expected['bytes_given']:,} bytes"
    assert f"{len(events):,} events in " in browser.find("h1").text


def mean_age(record):
    return record.get("mean_age_ns", "-")


def ages_without_fractions(rows):
    """The page has the mean, the report whole nanoseconds."""
    return [[*row[:-1], row[-1] if isinstance(row[-1], str) else int(row[-1])] for row in rows]


def test_tables(made, opened):
    """Each table has the rows and numbers of the report's list."""
    browser, _ = opened
    records = report(made[0])
    fields = ("allocs", "frees", "bytes_requested", "bytes_given", "alive", "alive_bytes")
    expected = {
        "caches": [[r["cache"], *(r[f] for f in fields), mean_age(r)] for r in records if r["record"] == "trace_cache"],
        "callers": [[r["caller"], *(r[f] for f in fields), mean_age(r)] for r in records if r["record"] == "trace_caller"],
        "processes": [[f"{r['comm']} ({r['pid']})", *(r[f] for f in fields), mean_age(r)]
                      for r in records if r["record"] == "trace_process"],
        "alive": [[r["caller"], r["cache"], r["objects"], r["bytes"]] for r in records if r["record"] == "trace_alive"],
        "living": [[r["object"], r["cache"], r["caller"], f"{r['comm']} ({r['pid']})", r["bytes_given"], r["sequence"], r["age_ns"]]
                   for r in records if r["record"] == "trace_object"],
        "unknown": [[r["caller"], r["cache"], r["frees"]] for r in records if r["record"] == "trace_unknown_free"],
        "doubles": [[r["caller"], r["cache"], r["object"], f"{r['comm']} ({r['pid']})", r["sequence"], r["time_ns"],
                     f"{r['first_caller']}, event {r['first_sequence']}"] for r in records if r["record"] == "trace_double_free"],
        "slabs": [[r["slab"], r["cache"], f"{r['comm']} ({r['pid']})", r["objects"], r["alive"], r["first_ns"], r["last_ns"]]
                  for r in records if r["record"] == "trace_slab"],
    }
    for table, rows in expected.items():
        shown = ages_without_fractions(browser.run(READ_TABLE, table))
        assert rows and sorted(map(str, shown)) == sorted(map(str, rows)), table


def test_sorting(opened):
    """A click on a heading sorts by it, another one the other way round."""
    browser, _ = opened
    for column in (1, 6, 0):
        orders = []
        for _ in range(2):
            browser.click(f"#callers th:nth-child({column + 1}) button")
            orders.append([row[column] for row in browser.run(READ_TABLE, "callers")])
        assert sorted([sorted(orders[0]), sorted(orders[0], reverse=True)]) == sorted(orders)
        assert browser.find(f"#callers th:nth-child({column + 1})").get_attribute("aria-sort") in ("ascending", "descending")


def test_colors(opened):
    """Light or dark, as the user prefers, the bars too."""
    browser, _ = opened
    backs, bars = [], []
    for scheme in ("dark", "light"):
        browser.scheme(scheme)
        color = browser.run("return getComputedStyle(document.body).backgroundColor")
        backs.append(sum(map(int, re.findall(r"\d+", color))))
        bars.append(len(browser.run(FIND_BARS, GUTTER)))
    assert backs[0] < 150 and backs[1] > 600
    assert bars[0] == bars[1] > 500


# --- filters ---


def matches(event, chosen):
    """Whether an event belongs to the chosen cache, caller and process, by their names on the page."""
    person = chosen.get("process")
    return chosen.get("cache") in (None, traces.cache_name(event)) and chosen.get("caller") in (None, event.caller) and \
        (person is None or event.tgid == int(person.split("(")[1].rstrip(")")))


def check_filtered(browser, events, chosen):
    """All that is shown is of the chosen."""
    follower = traces.Follower(events)
    some = [event for event in events if matches(event, chosen)]
    expected = follower.sums(some)
    assert sums(browser) == {field: expected[field] for field in SUMS}
    assert len(browser.run(READ_TABLE, "living")) == expected["alive"]
    bands = dict(browser.run("return bands.map((band) => [cacheName(band.cache), band.order.length])"))
    allocs = [event for event in some if event.kind == "alloc" and event.object]
    assert bands == {name: len(group) for name, group in traces.grouped(allocs, traces.cache_name).items()}
    assert set(names(browser, "caches")) == {traces.cache_name(event) for event in some}
    assert set(names(browser, "callers")) == {event.caller for event in some}
    chips = {chip.text.removesuffix(" ✕") for chip in browser.driver.find_elements("css selector", "#chips button")}
    assert chips == {f"{by}: {name}" for by, name in chosen.items()}
    assert browser.find("#clear").is_displayed() == bool(chosen)


def test_filter_by_click(opened):
    """A row of any table filters everything, several together; taken back by click too."""
    browser, events = opened
    check_filtered(browser, events, {})
    chosen = {"cache": choose(browser, "caches", 1)}
    check_filtered(browser, events, chosen)
    chosen["process"] = choose(browser, "processes", 0)
    check_filtered(browser, events, chosen)
    chosen["caller"] = choose(browser, "callers", 2)
    check_filtered(browser, events, chosen)
    browser.click("#chips button")
    del chosen["cache"]
    check_filtered(browser, events, chosen)
    choose(browser, "callers", 0)  # the chosen one once more
    del chosen["caller"]
    check_filtered(browser, events, chosen)
    browser.click("#clear")
    check_filtered(browser, events, {})


@pytest.mark.parametrize("table", ("alive", "unknown", "doubles"))
def test_filter_by_caller(opened, table):
    """Rows of the other tables filter by their caller."""
    browser, events = opened
    check_filtered(browser, events, {"caller": choose(browser, table, 0)})


def test_filter_by_keyboard(opened):
    """Rows can be reached and pressed without a mouse, and what had the focus keeps it."""
    browser, events = opened
    name = names(browser, "caches")[0]
    browser.keys("#caches tbody button", "\ue007")  # Enter
    check_filtered(browser, events, {"cache": name})
    assert browser.run("return document.activeElement.textContent") == name
    browser.keys("#clear", " ")
    check_filtered(browser, events, {})


# --- the timeline ---


def bars_corner(browser):
    """Where the timeline is in the window, and its width."""
    browser.run("document.getElementById('bars').scrollIntoView({block: 'center'})")
    browser.settle()
    return browser.run("const box = document.getElementById('bars').getBoundingClientRect(); return [box.left, box.top, box.width]")


def test_zoom_by_wheel(opened):
    """Away from the user zooms in around the mouse, towards the user out; never beyond the trace."""
    browser, events = opened
    left, top, width = bars_corner(browser)
    whole = shown_range(browser)
    assert whole == (0, events[-1].time_ns)
    x = GUTTER + 0.25 * (width - GUTTER)
    browser.wheel(left + x, top + 100, -400)
    near = shown_range(browser)
    assert near[1] - near[0] < 0.7 * whole[1]
    at = near[0] + 0.25 * (near[1] - near[0])  # what was under the mouse still is
    assert abs(at - 0.25 * whole[1]) < 0.01 * whole[1]
    assert browser.find("#range").text.split(" to ")[0] != "0.0 ms"
    for _ in range(5):
        browser.wheel(left + x, top + 100, 400)
    assert shown_range(browser) == whole


def test_zoom_by_keyboard(opened):
    """+ and -, arrows, 0."""
    browser, events = opened
    whole = shown_range(browser)
    browser.keys("#bars", "+", "+")
    near = shown_range(browser)
    assert near[1] - near[0] == pytest.approx(whole[1] / 1.5 ** 2)
    browser.keys("#bars", "\ue014")  # right
    right = shown_range(browser)
    assert right[0] > near[0] and right[1] - right[0] == pytest.approx(near[1] - near[0])
    browser.keys("#bars", "-")
    assert shown_range(browser)[1] - shown_range(browser)[0] == pytest.approx(whole[1] / 1.5)
    browser.keys("#bars", "0")
    assert shown_range(browser) == whole == (0, events[-1].time_ns)


def test_zoom_by_button_and_drag(opened):
    """The buttons zoom; the mouse drags what is shown along."""
    browser, _ = opened
    whole = shown_range(browser)
    browser.click("#zoom-in")
    near = shown_range(browser)
    assert near[1] - near[0] == pytest.approx(whole[1] / 1.5)
    browser.drag("#bars", (800, 200), (700, 200))
    moved = shown_range(browser)
    assert moved[0] > near[0] and moved[1] - moved[0] == pytest.approx(near[1] - near[0])
    assert not browser.find("#object").is_displayed()  # a drag chooses nothing
    browser.click("#zoom-reset")
    assert shown_range(browser) == whole


def described(text, events):
    """The event that a description names, which must be true of it."""
    address, rest = text.split("\n", 1)
    event = events[int(re.search(r"\(event (\d+)\)", rest)[1]) - 1]
    assert event.kind == "alloc" and address == traces.address(event.object)
    assert f"{traces.cache_name(event)}, {event.requested:,} of {event.given:,} bytes" in rest
    assert f"by {event.comm} ({event.pid}), {event.caller} (event" in rest
    end = traces.Follower(events).ends.get(event.sequence, event)
    assert ("alive at the end" if end is event else f"by {end.comm} ({end.pid}), {end.caller}" if end else "freed unseen") in \
        rest.splitlines()[-1]
    return event, end


@pytest.mark.parametrize("zooms", (0, 8))
def test_hover_names_an_object(opened, zooms):
    """Wherever a bar is drawn the mouse finds an object that lived then; a click keeps its description."""
    browser, events = opened
    browser.keys("#bars", *["+"] * zooms, "\ue014")
    _, _, width = bars_corner(browser)
    since, until = shown_range(browser)
    places = browser.run(FIND_BARS, GUTTER)
    assert len(places) > 100
    for x, y in places[::len(places) // 8]:
        browser.point("#bars", x, y)
        event, end = described(browser.find("#tip").text, events)
        pixel = (until - since) / (width - GUTTER)
        time = since + (x - GUTTER) * pixel
        assert event.time_ns <= time + 4 * pixel
        assert end is event or end is None or end.time_ns >= time - 4 * pixel
    text = browser.find("#tip").text
    browser.press()
    assert browser.find("#object").text == text
    browser.point("#bars", 20, 10)  # a name
    assert not browser.find("#tip").is_displayed()
    browser.keys("#bars", "\ue00c")  # Escape
    assert not browser.find("#object").is_displayed()


def test_click_shows_a_living_object(opened):
    """A row of the objects that are alive describes it, and has it in view."""
    browser, events = opened
    browser.keys("#bars", *["+"] * 9, *["\ue012"] * 40)  # the very beginning
    row = browser.run(READ_TABLE, "living")[-1]
    browser.click("#living tbody tr:last-child td")
    event, _ = described(browser.find("#object").text, events)
    assert [traces.address(event.object), event.sequence] == [row[0], row[5]]
    since, until = shown_range(browser)
    assert since <= event.time_ns <= until
    assert browser.run("""
        const box = document.getElementById("bars").getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight || box.height > innerHeight;""")


# --- other traces ---


def test_hostile_names(browser, tmp_path):
    """Names that are HTML stay text, everywhere."""
    path = tmp_path / "trace.db"
    events = traces.made_up(8, 500, caches=EVIL, callers=EVIL)
    for event in events:
        event.comm = EVIL[0]
    traces.make(path, events)
    with contextlib.closing(sqlite3.connect(path)) as db, db:  # past the writer, which escapes
        db.execute("UPDATE process SET comm = ? WHERE tgid = 200", ("</script>\u2028\n\\<b>",))
        db.execute("UPDATE symbol SET name = CAST(x'3c2f7363726970743eff' AS TEXT) WHERE name = ?", (EVIL[1],))
        db.execute("UPDATE meta SET value = ? WHERE key IN ('options', 'banner', 'end_reason', 'writer')", (EVIL[0],))
    page = write_page(path)
    browser.open(page)
    assert set(EVIL) < set(names(browser, "caches"))
    assert all(name in browser.find("#cache-legend").text for name in EVIL)
    browser.point("#curve", 700, 80)
    assert all(name in browser.find("#tip").text for name in EVIL)
    browser.keys("#search", EVIL[1])
    assert EVIL[1] in names(browser, "caches") and browser.run("return bands.length")
    browser.click("#clear")
    assert {EVIL[0], EVIL[2]} < set(names(browser, "callers"))
    assert any(name.startswith("</script>") for name in names(browser, "processes"))
    browser.click("#caches tbody tr:nth-child(2) td")
    browser.click("#processes tbody tr:nth-child(1) td")
    x, y = browser.run(FIND_BARS, GUTTER)[0]
    browser.point("#bars", x, y)
    browser.press()
    assert any(name in browser.find("#object").text for name in EVIL)
    assert browser.run("return [document.images.length, document.title, document.scripts.length]") == [0, "dill trace", 2]
    assert EVIL[0] in browser.find("#options").text and EVIL[0] in browser.find("footer").text
    assert browser.messages() == [] and browser.requests() == [page.as_uri()]


def test_a_large_trace(browser, tmp_path):
    """100,000 events: it opens, and answers clicks, wheel and mouse."""
    path = tmp_path / "trace.db"
    subprocess.run([traces.MAKE_TRACE, path, "--random", "100000"], check=True, stdout=subprocess.DEVNULL)
    page = write_page(path)
    events = traces.from_file(path)
    browser.open(page)
    check_filtered_sums(browser, events, {})
    chosen = {"cache": choose(browser, "caches", 3), "caller": choose(browser, "callers", 5)}
    check_filtered_sums(browser, events, chosen)
    browser.click("#clear")
    left, top, width = bars_corner(browser)
    browser.wheel(left + width / 2, top + 50, -800)
    assert shown_range(browser)[1] - shown_range(browser)[0] < events[-1].time_ns / 2
    for _ in range(3):
        browser.wheel(left + width / 2, top + 50, -800, shift=True)
    assert browser.find("#timeline").get_attribute("data-mode") == "bars"
    x, y = browser.run(FIND_BARS, GUTTER)[100]
    browser.point("#bars", x, y)
    described(browser.find("#tip").text, events)
    assert "more rows are not shown" in browser.find("#living tbody tr:last-child").text
    assert browser.messages() == [] and browser.requests() == [page.as_uri()]


def check_filtered_sums(browser, events, chosen):
    """The numbers at the top."""
    expected = traces.Follower(events).sums([event for event in events if matches(event, chosen)])
    assert sums(browser) == {field: expected[field] for field in SUMS}


def test_traces_without_much(browser, tmp_path):
    """Without events; with one; with only frees. Keys and wheel do no harm."""
    some = traces.made_up(9, 400)
    frees = [event for event in some if event.kind == "free" and not event.flags & (traces.KNOWN | traces.DOUBLE)]
    for at, events in enumerate(([], some[:1], frees)):
        path = tmp_path / f"{at}.db"
        traces.make(path, events)
        page = write_page(path)
        browser.open(page)
        check_filtered_sums(browser, events, {})
        left, top, width = bars_corner(browser)
        browser.wheel(left + width / 2, top + 50, -800)
        browser.point("#bars", 400, 50)
        browser.point("#curve", 400, 50)
        browser.keys("#bars", "+", "-", "0", "\ue014", "\ue015", "\ue00f")
        assert browser.messages() == [] and browser.requests() == [page.as_uri()]


def test_a_trace_that_was_cut_off(browser, tmp_path):
    """The page says so, as the report does."""
    path = tmp_path / "trace.db"
    traces.make(path, traces.made_up(10, 12000), "--unfinished")
    browser.open(write_page(path))
    assert "The trace was cut off" in browser.find("#remarks").text


def test_standard_output(made, tmp_path):
    """--html - prints the very page."""
    path, page, _ = made
    done = subprocess.run([ROOT / "build/dill", "report", path, "--html", "-"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == page.read_text()
    missing = tmp_path / "missing/page.html"
    done = subprocess.run([ROOT / "build/dill", "report", path, "--html", missing], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and str(missing) in done.stderr and len(done.stderr.splitlines()) == 1
