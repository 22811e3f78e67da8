#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fail when a tag of a header is defined a second time, in another header or for a file's own use, or a file's name comes twice.

Who reads "struct place" anywhere shall know which one it is, and who reads "place.c" as well. Files may share tags that no
header has: those are seen there alone.
"""
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = re.compile(r"^(?:typedef )?(?:struct|enum|union) (\w+)\s*\{", re.MULTILINE)


def main() -> int:
    """Status 1 when a tag or a file's name has two meanings."""
    places = defaultdict(list)
    for path in sorted([*ROOT.glob("src/**/*.[ch]"), *ROOT.glob("include/**/*.h")]):
        for tag in DEFINITION.findall(path.read_text()):
            places[tag].append(path.relative_to(ROOT))
    twice = {tag: files for tag, files in places.items() if len(files) > 1 and any(path.suffix == ".h" for path in files)}
    for tag, files in twice.items():
        print(f"{tag} is defined in {', '.join(map(str, files))}: name one of them by what it is of")
    names = Counter(path.name for path in ROOT.glob("src/**/*.c"))
    again = [name for name, count in names.items() if count > 1]
    for name in again:
        print(f"src has more than one {name}: name them by what they are of")
    return int(bool(twice or again) or not places)


if __name__ == "__main__":
    sys.exit(main())
