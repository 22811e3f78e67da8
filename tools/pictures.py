# SPDX-License-Identifier: MIT
"""Make the pictures of the READMEs: kmap and GDB as they look on a terminal, the page of a trace as it looks in a browser.

    python3 -m tools.pictures [NAME...]

boots a guest under load and writes those of docs/pictures/, or some of them. What a terminal shows becomes SVG: text with its
colours, that can be searched and stays sharp. The page is a photograph of Chromium, by tests/browser.py.
"""
import html
import re
import sys
import tempfile
from pathlib import Path

from tests.browser import Browser
from tests.guest.foreign import foreign
from tests.guest.kernels import kernel
from tests.guest.vm import Guest
from tools.examples import on_terminal

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "docs/pictures"
SERIES = "6.12"
ESCAPE = re.compile(r"\033\[([0-9;]*)m")
OTHER_ESCAPE = re.compile(r"\033(\[[0-9;?]*[A-LN-Za-ln-z]|[=>])|\r")
# What GDB says of itself.
GDB_NOISE = (
    "debuginfod", "No executable has been specified", "determining executable automatically", "detached]",
    "stopped without sending a thread-id", " in ?? ()",
)
CELL, LINE, MARGIN = 8.4, 18, 12  # pixels of a 14 px monospace font
BACKGROUND, FOREGROUND = "#1e2228", "#d4d7dd"
# The colours of a terminal by their SGR numbers, the bright ones too, on a dark ground.
COLOURS = dict(zip(
    [*range(30, 38), *range(90, 98)],
    ["#5c6370", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d4d7dd"] * 2,
))


def pieces(line):
    """The (style, text) pieces of one line, each style the set of SGR numbers that were in force."""
    style, at = set(), 0
    for escape in ESCAPE.finditer(line):
        if text := line[at:escape.start()]:
            yield frozenset(style), text
        for number in escape[1].split(";"):
            style = style | {int(number)} if number.strip("0") else set()
        at = escape.end()
    if line[at:]:
        yield frozenset(style), line[at:]


def span(style, text):
    """One piece as SVG."""
    colour = next((COLOURS[number] for number in style if number in COLOURS), FOREGROUND)
    looks = f' fill="{colour}"' + (' font-weight="bold"' if 1 in style else "") + (' opacity="0.6"' if 2 in style else "")
    unbroken = html.escape(text).replace(" ", "\u00a0")  # other blanks are joined
    return f"<tspan{looks}>{unbroken}</tspan>"


def svg(lines, title):
    """A terminal's lines as an SVG file's text."""
    width = max(len(ESCAPE.sub("", line)) for line in lines) * CELL + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * number + 14}">{"".join(span(*piece) for piece in pieces(line))}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
        f' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">\n'
        f'<title>{html.escape(title)}</title>\n<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>\n{rows}\n</svg>\n'
    )


def draw(name, prompt, words, limit):
    """Run a command on a terminal and draw what it shows below its prompt, at most so many lines."""
    text = OTHER_ESCAPE.sub("", on_terminal(words, ROOT)).strip("\n")
    lines = [line.rstrip() for line in text.splitlines() if not any(noise in line for noise in GDB_NOISE)][:limit]
    (PLACE / name).write_text(svg([f"\033[1m{prompt}\033[0m", *lines], prompt))


def draw_map(guest):
    """All slabs of a cache that the load uses."""
    words = ["dill", "--color=always", "-r", f":{guest.gdb_port}", "kmap", "sock_inode_cache"]
    draw("kmap.svg", "$ dill -r :1234 kmap sock_inode_cache", words, 30)


def draw_gdb(guest):
    """A session of GDB."""
    commands = ["ktask 1", 'p/x $kcache("kmalloc-64")', "knext kmalloc-64 --count 4", 'kobj $kcache("kmalloc-64")']
    words = ["gdb", "-q", "-nx", "-batch", "-ex", "set width 0", "-ex", "set style enabled on"]
    words += ["-ex", f"target remote :{guest.gdb_port}", "-ex", f"source {ROOT / 'build/dill.py'}"]
    for command in commands:
        quoted = command.replace('"', '\\"')
        words += ["-ex", f"echo \\033[1m(gdb) {quoted}\\033[0m\\n", "-ex", command]
    draw("gdb.svg", "$ gdb -ex 'target remote :1234' -ex 'source build/dill.py'", [*words, "-ex", "detach"], 40)


def photograph(guest):
    """The page of a trace."""
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        on_terminal(["dill", "-r", f":{guest.gdb_port}", "trace", "-n", "6000", "-t", "60", "-o", "trace.db"], folder)
        on_terminal(["dill", "report", "trace.db", "--html", "trace.html"], folder)
        browser.open(Path(folder, "trace.html"))
        browser.driver.save_screenshot(str(PLACE / "page.png"))


PICTURES = {"kmap": draw_map, "gdb": draw_gdb, "page": photograph}


def main(names):
    """All pictures, or those that are named, from one guest."""
    unknown = set(names) - set(PICTURES)
    if unknown:
        sys.exit(f"pictures: {' '.join(sorted(unknown))}: there are {' '.join(PICTURES)}")
    PLACE.mkdir(exist_ok=True)
    # sid's QEMU: tracing is ten times as fast there.
    with Guest(kernel(SERIES), smp=2, qemu=foreign("qemu", "sid").command) as guest:
        guest.spawn("load").wait_output(r"^ready")
        for name in names or PICTURES:
            PICTURES[name](guest)
            print(f"pictures: {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
