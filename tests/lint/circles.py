#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fail when files of a room need each other in a circle.

x.h and x.c are one file here: it needs what it includes of its own room. With a build directory as argument the functions
count as well: who calls what, as the objects there say, so that a header that declares the functions of several files
hides nothing.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["kernel", "slub", "gdb"]
SKIPPED = 77  # as Meson understands it

Needs = dict[str, set[str]]


def includes(room: str) -> Needs:
    """What each file of a room includes of it."""
    needs: Needs = defaultdict(set)
    for path in (ROOT / "src" / room).glob("*.[ch]"):
        for name in re.findall(rf'^\s*#\s*include "{room}/(\w+)\.h"', path.read_text(), re.M):
            needs[path.stem].add(name)
    return needs


def calls(room: str, build: Path) -> Needs:
    """Whose functions and data each file of a room uses, by its object files."""
    home: dict[str, str] = {}
    wants: Needs = defaultdict(set)
    # What has no source is left behind by an older build.
    objects = [path for path in (build / "src" / room).glob("*.p/*.o")
               if (ROOT / "src" / room / f"{path.name.split('.')[0]}.c").exists()]
    listing = subprocess.run(["nm", "-A", *objects], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        path, rest = line.rsplit(":", 1)
        stem = Path(path).name.split(".")[0]
        kind, name = rest.split()[-2:]
        if kind == "U":
            wants[stem].add(name)
        elif kind in "TDBRV":
            home[name] = stem
    return {stem: {home[name] for name in names if name in home} for stem, names in wants.items()}


def circle(needs: Needs) -> list[str]:
    """The files of one circle in order, the first once more at the end; empty when there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return way[way.index(name):] + [name]
        if name not in done:
            for other in sorted(needs.get(name, set()) - {name}):
                if found := walk(other, way + [name]):
                    return found
            done.add(name)
        return []

    for name in sorted(needs):
        if found := walk(name, []):
            return found
    return []


def main() -> int:
    """Print a circle of each room that has one; status 1 when there is one."""
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    bad = 0
    for room in ROOMS:
        needs = calls(room, build) if build else includes(room)
        if build and not any(needs.values()):
            print(f"no symbols in the objects of {room}: built with -flto?")
            return SKIPPED
        if found := circle(needs):
            print(f"src/{room}: {' needs '.join(found)}")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
