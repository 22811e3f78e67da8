#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fail when an address is printed in another way than "0x%" PRIx64, without a cast: then 0 is 0x0 everywhere.

Columns of fixed width have "0x%016" PRIx64. What is no 64-bit number (%#x, %02x) is not looked at.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OTHERS = re.compile(r"%#ll?x|0x%0?\d*ll?x")


def main() -> int:
    """Status 1 when there is one."""
    found = False
    for path in sorted(ROOT.glob("src/**/*.[ch]")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if OTHERS.search(line) and "printf('0x" not in line:  # SQL has a printf of its own
                print(f'{path.relative_to(ROOT)}:{number}: write "0x%" PRIx64: {line.strip()}')
                found = True
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
