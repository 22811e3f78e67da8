# SPDX-License-Identifier: MIT
"""The page of `report --html` in a browser: what was alive when, as a curve and as densities; search; units."""
import json
import random
import re
import subprocess

import pytest

from conftest import ROOT
from tests import traces
from tests.browser import Browser
from tests.matrix import FULL
from tests.report_page import (
    GUTTER, READ_COLORS, READ_PIXELS, READ_TABLE, Alive, bytes_text, choose, names, report, shown_range, write_page,
)

pytestmark = pytest.mark.xdist_group("browser")
STATES = ("--alive", "--unseen", "--freed")  # from the bottom
HOUR = 3600 * 10 ** 9
STACK = ("vfs_open+0x20/0x90", "do_sys_open+0x10 [my_mod]", "entry_SYSCALL_64+0x76")
FREE_STACK = ("vfs_close+0x8", "entry_SYSCALL_64+0x80")


@pytest.fixture(scope="module", name="browser")
def the_browser():
    """One for all pages."""
    with Browser() as opened:
        yield opened


@pytest.fixture(scope="module", name="made")
def a_made_up_trace(tmp_path_factory):
    """Its file and its page: three caches, whole pages, and what was there before the watch."""
    path = tmp_path_factory.mktemp("curve") / "trace.db"
    traces.make(path, traces.made_up(11, 3000))
    return path, write_page(path)


def leak(count, caches=("kmalloc-64",), step_ns=1000, **values):
    """So many allocations, which nobody frees."""
    return [
        traces.Event(at + 1, (at + 1) * step_ns, "alloc", 7, 7, "worker", cache=caches[at % len(caches)], requested=60, given=64,
                     object=0xffff888004000000 + 64 * at, caller=f"get_{at % 5}+0x5", **values)
        for at in range(count)
    ]


def free(event, sequence, time_ns, **values):
    """The free of an allocation."""
    return traces.Event(sequence, time_ns, "free", 9, 9, "reaper", flags=traces.KNOWN, cache=event.cache, object=event.object,
                        caller="put+0x9", alloc_sequence=event.sequence, alloc_time_ns=event.time_ns, **values)


def open_trace(browser, path, events, *options):
    """Make a trace and open its page."""
    traces.make(path, events, *options)
    browser.open(write_page(path))
    return path


def width_of(browser, canvas="bars"):
    return browser.run("return document.getElementById(arguments[0]).clientWidth", canvas)


def tip(browser, canvas, x, y):
    """The facts and the text of what the mouse finds."""
    browser.point(f"#{canvas}", x, y)
    shown = browser.run("const tip = document.getElementById('tip'); return tip.hidden ? null : {...tip.dataset, text: tip.innerText}")
    return shown and {name: float(value) if name in ("time", "bytes", "objects") else value for name, value in shown.items()}


def column(browser, x):
    """The time that a pixel stands for: from, to before. A column may be off by a part of itself."""
    since, until = shown_range(browser)
    pixel = (until - since) / (width_of(browser) - GUTTER)
    return since + (x - GUTTER) * pixel, pixel


def check_curve(browser, alive, places=8):
    """The curve tells, wherever the mouse is, the moment of its column with most bytes, and what was alive then."""
    width = width_of(browser)
    for x in [GUTTER + 1, *(GUTTER + (width - GUTTER) * at // places for at in range(1, places)), width - 2]:
        shown = tip(browser, "curve", x, 80)
        begin, pixel = column(browser, x)
        assert abs(shown["time"] - begin - pixel / 2) <= 1.1 * pixel
        assert (shown["objects"], shown["bytes"]) == alive.at(shown["time"])
        start = shown["time"] - shown["time"] % pixel  # columns stand at multiples of their width
        assert shown["bytes"] >= alive.most(start + 0.001 * pixel, start + 0.999 * pixel)
        lines = shown["text"].splitlines()
        assert lines[1] == f"{bytes_text(shown['bytes'])} alive in {shown['objects']:,.0f} objects"
        if shown["objects"]:
            assert sorted(lines[2:]) == sorted(f"{bytes_text(number)} {name}" for name, number in alive.by_cache(shown["time"]).items())
        else:
            assert not lines[2:]


# --- the curve ---


def test_curve(made, browser):
    """Bytes alive over time by cache are what a query of the file counts, also near, chosen and searched."""
    path, page = made
    browser.open(page)
    alive = Alive(path)
    record = next(record for record in report(path) if record["record"] == "trace")
    peak = {name: float(value) for name, value in browser.run("return {...document.getElementById('peak').dataset}").items()}
    assert peak["end"] == record["alive_bytes"] == alive.at(record["duration_ns"])[1]
    assert peak["bytes"] == alive.most(0, record["duration_ns"] + 1) == alive.at(peak["time"])[1]
    assert f"at most {bytes_text(peak['bytes'])} at " in browser.find("#peak").text
    assert not browser.find("#scroll").is_displayed()
    assert browser.find("#before").is_displayed()  # the trace has frees of what was there before
    check_curve(browser, alive)
    browser.keys("#bars", "+", "+", "+", "+", "\ue014")
    check_curve(browser, alive, 4)
    browser.keys("#bars", "0")
    browser.click("#cache-legend button:nth-child(2)")
    name = browser.find("#cache-legend button[aria-pressed=true]").text
    assert {row[0] for row in browser.run(READ_TABLE, "caches")} == {name}
    check_curve(browser, Alive(path, name), 4)
    browser.click("#clear")
    browser.keys("#search", "filp")
    check_curve(browser, Alive(path, "filp"), 4)
    assert browser.messages() == [] and browser.requests() == [page.as_uri()]


def test_curve_is_drawn_as_told(made, browser):
    """Its pixels: the height of each color is its cache's share, and the legend and the lanes have the same color."""
    path, page = made
    browser.open(page)
    alive, width = Alive(path), width_of(browser)
    legend = browser.run("""return [...document.querySelectorAll("#cache-legend button")].map((button) =>
        [button.textContent, getComputedStyle(button.firstChild).backgroundColor.match(/\\d+/g).join()])""")
    assert {name for name, _ in legend} == {row[3] for row in alive.objects} and len({color for _, color in legend}) == len(legend)
    lanes = browser.run("return bands.map((band) => [cacheName(band.cache), bandPlace(band)[0] + 3])")
    colors = browser.run(READ_PIXELS, "bars", [[2, round(y)] for _, y in lanes])
    assert dict(zip((name for name, _ in lanes), colors)) == dict(legend)
    x = width - 40
    shown = tip(browser, "curve", x, 80)
    pixels = browser.run(READ_PIXELS, "curve", [[x, y] for y in range(18, 160)])
    heights = {name: pixels.count(color) for name, color in legend}
    for name, number in alive.by_cache(shown["time"]).items():  # lines of the grid cover some
        assert abs(heights[name] / sum(heights.values()) - number / shown["bytes"]) < 0.05, name


def test_span_by_mouse(made, browser):
    """A drag in the curve zooms into the span; the bars have the same."""
    browser.open(made[1])
    whole, width = shown_range(browser)[1], width_of(browser)
    x0, x1 = GUTTER + (width - GUTTER) // 4, GUTTER + (width - GUTTER) // 2
    browser.drag("#curve", (x0, 60), (x1, 60))
    near = shown_range(browser)
    assert near[0] == pytest.approx(whole / 4, rel=0.02) and near[1] == pytest.approx(whole / 2, rel=0.02)
    assert not browser.find("#brush").is_displayed()
    assert browser.run("return [xOf(view.from), xOf(view.to)]") == [GUTTER, width]


def test_objects_without_bars_count(made, browser, tmp_path):
    """What a page of too many objects has by cache only is in the curve; not when a caller is chosen, and the page says so."""
    path, page = made
    alive, until = Alive(path), Alive(path).times[-1] // 2
    text = page.read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    cut = json.loads(data)
    cut["rest"] = [[0, until, 0, 1000, 5 << 20]]
    cut["objects"].update(left_out=7000, shortest_ns=14760 * 10 ** 9)
    changed = tmp_path / "rest.html"
    changed.write_text(text.replace(data, json.dumps(cut)))
    browser.open(changed)
    width = width_of(browser)
    for share, more in ((0.25, 1), (0.75, 0)):
        shown = tip(browser, "curve", GUTTER + share * (width - GUTTER), 80)
        objects, number = alive.at(shown["time"])
        assert (shown["objects"], shown["bytes"]) == (objects + 1000 * more, number + (5 << 20) * more)
    assert not browser.find("#curve-lacks").is_displayed()
    assert re.match(r"Of [89],\d+ objects .*; left out are those that lived less than 4 h 6 min\.", browser.find("#left-out").text)
    choose(browser, "callers", 0)
    assert tip(browser, "curve", GUTTER + 0.25 * (width - GUTTER), 80)["bytes"] < 5 << 20
    assert browser.find("#curve-lacks").is_displayed()


# --- densities ---


def mode(browser):
    return browser.find("#timeline").get_attribute("data-mode")


def test_density_from_20000_on(browser, tmp_path):
    """One object decides; near enough there are single bars again, and a click on a row of a living object shows its bar."""
    events = leak(30000, caches=[f"cache-{at}" for at in range(10)])
    for event in events[20000:]:
        event.pid, event.tgid, event.comm = 8, 8, "other"
    open_trace(browser, tmp_path / "less.db", events[:19999])
    assert mode(browser) == "bars"
    path = open_trace(browser, tmp_path / "many.db", events)
    browser.keys("#search", "worker")
    assert found(browser) == 20000 and mode(browser) == "density"
    browser.click("#clear")
    assert mode(browser) == "density" and "how many are alive" in browser.find("#mode").text
    alive = Alive(path, "cache-3")
    check_lane(browser, alive, "cache-3")
    browser.run("kept.mark = 1")
    browser.keys("#bars", "+")
    assert browser.run("return kept.mark || 0") == 0
    check_lane(browser, alive, "cache-3")
    browser.run("kept.mark = 1")
    browser.drag("#bars", (800, 200), (780, 200))  # what a move shows is counted already
    assert browser.run("return kept.mark") == 1
    check_lane(browser, alive, "cache-3")
    for _ in range(6):
        browser.keys("#bars", "+", "\ue012", "\ue012", "\ue012", "\ue012")
    assert mode(browser) == "bars"
    browser.keys("#bars", "0")
    assert mode(browser) == "density"
    browser.click("#caches tbody tr:nth-child(2) td:nth-child(3)")  # 3,000 objects
    assert mode(browser) == "bars"
    browser.click("#clear")
    browser.click("#living tbody tr:nth-child(5) td")
    assert mode(browser) == "bars" and browser.find("#object").is_displayed()
    assert browser.messages() == []


def check_lane(browser, alive, name):
    """A lane in density tells the moment with most objects, and is as high as they are of its most."""
    width = width_of(browser)
    top, bottom = browser.run("return bandPlace(bands.find((band) => cacheName(band.cache) === arguments[0]))", name)
    scale = (bottom - top) / max(alive.at(time)[0] for time in alive.times[-1:])
    colors = browser.run(READ_COLORS, STATES)
    for share in (0.1, 0.5, 0.9):
        x = round(GUTTER + share * (width - GUTTER)) + 3
        shown = tip(browser, "bars", x, (top + bottom) / 2)
        begin, pixel = column(browser, x)
        assert shown["cache"] == name and abs(shown["time"] - begin - pixel / 2) <= 1.1 * pixel
        assert (shown["objects"], shown["bytes"]) == alive.at(shown["time"])
        assert f"{shown['objects']:,.0f} objects" in shown["text"] and "alive at the end" in shown["text"]
        browser.point("#curve", 20, 20)
        pixels = browser.run(READ_PIXELS, "bars", [[x, y] for y in range(round(top), round(bottom))])
        assert abs(sum(pixel in colors for pixel in pixels) - shown["objects"] * scale) <= 2


# --- lines, borders, the scroll bar ---


def test_lines_and_scroll_bar(browser, tmp_path):
    """Lines at round times through curve and lanes, borders between these; the scroll bar is no part of the picture."""
    events = leak(3000, caches=[f"cache-{at}" for at in range(60)], step_ns=777777)
    open_trace(browser, tmp_path / "trace.db", events)
    ticks = browser.run("return timeTicks().map(([time, label]) => [time, label, Math.round(xOf(time))])")
    steps = {round(b[0] - a[0]) for a, b in zip(ticks, ticks[1:])}
    assert len(ticks) > 4 and len(steps) == 1 and str(steps.pop()).rstrip("0") in ("1", "2", "5")
    assert [label for _, label, _ in ticks][:3] == ["0.0 s", "0.5 s", "1.0 s"]
    for canvas, ys in (("curve", (25, 70)), ("bars", (4, 40, 200))):
        for _, _, x in ticks[2:5]:
            for y in ys:
                line, *beside = browser.run(READ_PIXELS, canvas, [[x, y], [x - 2, y], [x + 2, y]])
                assert line not in beside, (canvas, x, y)
    border, names_border = browser.run("""
        const y = Math.round(bandPlace(bands[2])[1] + BAND_GAP / 2) - 1;
        return [[canvas.width - 3, y], [40, y]]""")
    color = browser.run(READ_COLORS, ["--line"])[0]
    assert browser.run(READ_PIXELS, "bars", [border, names_border]) == [color, color]
    check_scroll_bar(browser)


def check_scroll_bar(browser):
    """Beside the canvas, of a color that no data has; a drag moves the lanes."""
    thumb = browser.find("#scroll div")
    assert thumb.is_displayed()
    edge = browser.run("return document.getElementById('bars').getBoundingClientRect().right")
    assert thumb.rect["x"] > edge and thumb.rect["height"] > 20
    data = browser.run(READ_COLORS, [*STATES, *(f"--c{at}" for at in range(9))])
    assert browser.run("return getComputedStyle(arguments[0]).backgroundColor.match(/\\d+/g).join()", thumb) not in data
    before = browser.run("return [view.top, document.querySelector('#scroll div').offsetTop]")
    browser.drag("#scroll", (8, 40), (8, 200))
    after = browser.run("return [view.top, document.querySelector('#scroll div').offsetTop]")
    assert before == [0, 0] and after[0] > 50 and after[1] > 50


# --- search ---


def found(browser):
    """How many objects a search finds, by what stands there and by the lanes; the rows of the callers' table."""
    bars = browser.run("return bands.reduce((sum, band) => sum + band.order.length, 0)")
    text = browser.find("#found").text
    assert text.startswith(f"{bars:,} of ") if text else True
    return bars


def test_search(browser, tmp_path):
    """Words of caches, callers, processes, addresses and stacks; all must be there. A slash goes there, Escape back."""
    events = leak(300, caches=("kmalloc-64", "filp", "cred"))
    for event in events[::10]:
        event.stack = STACK
    events[7].comm = "Needle</script>"
    events.append(free(events[0], 301, 400000, stack=FREE_STACK))
    path = open_trace(browser, tmp_path / "trace.db", events)
    browser.keys("body", "/")
    assert browser.run("return document.activeElement.id") == "search"
    for text, expected in (
            ("FILP", [event.cache == "filp" for event in events[:300]]),
            ("cred get_3", [event.cache == "cred" and event.caller == "get_3+0x5" for event in events[:300]]),
            ("needle</script>", [at == 7 for at in range(300)]),
            ("reaper", [at == 0 for at in range(300)]),
            ("vfs_close", [at == 0 for at in range(300)]),
            ("do_sys_open my_mod", [at % 10 == 0 for at in range(300)]),
            (f"{events[42].object:#x}", [at == 42 for at in range(300)]),
            (f"{events[42].object:x}"[-6:], [at == 42 for at in range(300)]),
            ("kmalloc vfs_open", [at % 10 == 0 and at % 3 == 0 for at in range(300)])):
        browser.run("const input = document.getElementById('search'); input.value = ''")
        browser.keys("#search", text)
        browser.settle()
        assert found(browser) == sum(expected), text
        chosen = [event for event, hit in zip(events, expected) if hit]
        shown = browser.run("return [...document.querySelectorAll('#sums dd')].map((dd) => [dd.dataset.field, Number(dd.dataset.value)])")
        assert dict(shown)["allocs"] == len(chosen) and dict(shown)["bytes_given"] == 64 * len(chosen), text
        assert set(names(browser, "callers")) >= {event.caller for event in chosen}
    browser.keys("#search", "no such thing")
    assert found(browser) == 0 and browser.find("#nothing").is_displayed() and not visible_tables(browser)
    browser.keys("#search", "\ue00c")
    assert browser.find("#search").get_attribute("value") == "" and found(browser) == 300
    browser.keys("#search", "\ue00c")
    assert browser.run("return document.activeElement === document.body")
    assert browser.messages() == [] and len(browser.requests()) == 1 and path.exists()


# --- tables, numbers ---


def visible_tables(browser):
    return browser.run("return [...document.querySelectorAll('#tables table')].filter((table) => table.offsetParent).map((table) => table.id)")


def test_still_alive_first(made, browser, tmp_path):
    """When something is; tables without rows are not there."""
    browser.open(made[1])
    tables = visible_tables(browser)
    assert tables[:2] == ["alive", "living"] and "doubles" in tables and "unknown" in tables
    assert all(browser.run(READ_TABLE, table) for table in tables)
    events = leak(20)
    events += [free(event, 21 + at, 30000 + at) for at, event in enumerate(events)]
    open_trace(browser, tmp_path / "freed.db", events)
    assert visible_tables(browser) == ["caches", "callers", "processes"]
    open_trace(browser, tmp_path / "nothing.db", [])
    assert visible_tables(browser) == [] and browser.find("#nothing").is_displayed()
    assert browser.find("#peak").text == "nothing" and tip(browser, "curve", 400, 80) is None
    assert browser.messages() == []


@pytest.mark.parametrize("call, text", [
    ("timeText(14760e9)", "4 h 6 min"), ("timeText(3599.9e9)", "1 h"), ("timeText(59.9e9)", "59.9 s"), ("timeText(90e9)", "1 min 30 s"),
    ("timeText(2.5 * 86400e9)", "2 d 12 h"), ("timeText(1234567)", "1.23 ms"), ("timeText(999)", "999 ns"), ("timeText(0)", "0 ns"),
    ("bytesText(275 * 1024 * 1024)", "275 MiB"), ("bytesText(1023)", "1023 B"), ("bytesText(1536)", "1.50 KiB"), ("bytesText(0)", "0 B"),
    ("byteTicks(300 * 1024 * 1024, 4).map((tick) => tick[1]).join()", "0,100 MiB,200 MiB,300 MiB"),
    ("byteTicks(1.9 * 1024, 4).map((tick) => tick[1]).join()", "0,0.5 KiB,1.0 KiB,1.5 KiB"),
    ("byteTicks(3, 4).map((tick) => tick[1]).join()", "0,1 B,2 B,3 B"),
    ("exactTime(14760.25e9, 5e7)", "4 h 6 min 0.25 s"), ("exactTime(14760e9, 60e9)", "4 h 6 min"), ("exactTime(1.5e6, 1e5, 2e9)", "0.0015 s"),
    ("timeStep(4.1 * 3600e9, 10) / 60e9", 30), ("timeStep(1.0, 10)", 1),
])
def test_units(made, browser, call, text):
    """Three digits and a unit; parts of hours and days from a minute on; round places on axes."""
    if browser.driver.current_url != made[1].as_uri():
        browser.open(made[1])
    assert browser.run(f"return {call}") == text


def test_hours_and_mebibytes(browser, tmp_path):
    """A trace of a night: 4 h 6 min, 275 MiB."""
    some = random.Random(3)
    events = leak(275, step_ns=int(4.1 * HOUR / 275) + 1)
    for event in events:
        event.cache, event.flags, event.requested, event.given = None, traces.LARGE, some.randrange(1 << 20), 1 << 20
        event.object = 0xffff888010000000 + (event.sequence << 20)
    path = open_trace(browser, tmp_path / "night.db", events)
    assert "275 events in 4 h 6 min" in browser.find("h1").text and "275 MiB" in browser.find("#sums").text
    assert browser.find("#peak").text == "at most 275 MiB at 4 h 6 min, 275 MiB at the end"
    assert browser.run("return timeTicks().map((tick) => tick[1])")[:4] == ["0 s", "30 min", "1 h", "1 h 30 min"]
    assert "275 MiB" in browser.find("#caches").text and Alive(path).at(5 * HOUR) == (275, 275 << 20)


# --- stacks ---


def test_click_shows_a_stack(browser, tmp_path):
    """A click on a bar tells the whole stack of its allocation, and of its free; of an object without one none."""
    events = leak(4)
    events[0].stack = events[2].stack = STACK
    events.append(free(events[2], 5, 9000, stack=FREE_STACK))
    open_trace(browser, tmp_path / "trace.db", events)
    for at, frames in ((0, [*STACK]), (1, []), (2, [*STACK, *FREE_STACK])):
        place = browser.run("""
            const place = placeOf(arguments[0]), [y0, y1] = lineRows(place.band, place.line, 1);
            return [(xOf(objects.start[arguments[0]]) + xOf(objects.end[arguments[0]])) / 2, (y0 + y1) / 2]""", at)
        browser.point("#bars", *place)
        browser.press()
        lines = browser.find("#object").text.splitlines()
        assert lines[0] == traces.address(events[at].object)
        assert [line.text for line in browser.driver.find_elements("css selector", "#object .frame")] == frames
        assert bool(frames) == (STACK[0] in lines)
    assert lines.index(STACK[2]) < lines.index(next(line for line in lines if line.startswith("freed after"))) < lines.index(FREE_STACK[0])


# --- for everybody ---


CONTRAST = """
    const luminance = (color) => color.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ratio = (a, b) => { const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x); return (high + 0.05) / (low + 0.05); };
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const color = parts(getComputedStyle(element).backgroundColor);
            if (color.length === 3 || color[3] === 1)
                return color.slice(0, 3);
        }
        return [255, 255, 255];
    };
    const texts = [...document.querySelectorAll("body *")].filter((element) => element.offsetParent &&
        [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    const style = getComputedStyle(document.documentElement);
    const hex = (name) => { const value = parseInt(style.getPropertyValue(name).trim().slice(1), 16); return [value >> 16, value >> 8 & 255, value & 255]; };
    return [
        Math.min(...texts.map((element) => ratio(parts(getComputedStyle(element).color).slice(0, 3), behind(element)))),
        Math.min(...arguments[0].map((name) => ratio(hex(name), hex("--panel")))), texts.length,
    ];
"""


@pytest.mark.parametrize("size", ((1280, 900), (420, 800)))
def test_readable(made, browser, size):
    """Contrast of texts and of the data's colors, light and dark; nothing is wider than the window, also a narrow one."""
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        browser.open(made[1])
        for scheme in ("dark", "light"):
            browser.scheme(scheme)
            text, data, count = browser.run(CONTRAST, [*STATES, *(f"--c{at}" for at in range(9))])
            assert text >= 4.5 and data >= 3 and count > 50, (scheme, text, data)
        assert browser.run("return document.documentElement.scrollWidth") <= size[0]
        assert browser.run("return [curve.width, canvas.width, canvas.getAttribute('aria-label').length > 20]")[0] > size[0] // 2
        assert "at most" in browser.find("#curve").get_attribute("aria-label")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert browser.messages() == []


def test_no_time_at_all(browser, tmp_path):
    """All at once, and at the clock's beginning: nothing divides by the time."""
    events = leak(50, step_ns=0)
    open_trace(browser, tmp_path / "trace.db", events)
    shown = tip(browser, "curve", 160, 80)
    assert (shown["objects"], shown["bytes"]) == (50, 3200)
    browser.keys("#bars", "+", "-", "\ue014", "0")
    assert browser.messages() == []


@pytest.mark.skipif(not FULL, reason="opens a page of 25 MB: with DILL_FULL=1")
def test_half_a_million_objects(browser, tmp_path):
    """Each has its bar or its share of a density; a move of the view counts nothing again."""
    path = tmp_path / "trace.db"
    subprocess.run([traces.MAKE_TRACE, path, "--random", "900000"], check=True, stdout=subprocess.DEVNULL)
    browser.open(write_page(path))
    assert mode(browser) == "density" and browser.run("return objects.count") > 450000
    assert not browser.find("#left-out").is_displayed()
    browser.keys("#bars", "+", "+")
    browser.run("kept.mark = 1")
    browser.keys("#bars", "\ue014", "\ue014", "\ue012")
    assert browser.run("return kept.mark") == 1
    shown = tip(browser, "curve", 600, 80)
    with_sql = subprocess.run([
        ROOT / "build/dill", "sql", path, "--json",
        f"SELECT sum(CASE kind WHEN 0 THEN bytes_given ELSE -(SELECT a.bytes_given FROM event a WHERE a.sequence = e.alloc_sequence) END) "
        f"AS bytes FROM event e WHERE time_ns <= {int(shown['time'])}"], capture_output=True, text=True, check=True).stdout
    assert str(int(shown["bytes"])) in re.findall(r"\d+", with_sql)
    assert browser.messages() == []
