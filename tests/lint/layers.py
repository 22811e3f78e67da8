# SPDX-License-Identifier: MIT
"""Fail when a file includes something from a layer above its own.

The layers stand in the order of the subdir() calls in meson.build, lowest first; the front ends may include all of them
but not each other. Public headers (include/dill) are free to all.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRONT_ENDS = {"cli", "gdb"}


def main() -> int:
    """Print each upward include; status 1 when there is one."""
    layers = [name for name in re.findall(r"subdir\('src/(\w+)'\)", (ROOT / "meson.build").read_text())]
    rank = {name: number for number, name in enumerate(n for n in layers if n not in FRONT_ENDS)}
    bad = 0
    for path in sorted((ROOT / "src").glob("*/*.[ch]")):
        own = path.parent.name
        for line, text in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include "(\w+)/', text)
            if not match or match[1] == own:
                continue
            other = match[1]
            if other in FRONT_ENDS or other not in rank or (own in rank and rank[other] > rank[own]):
                print(f"{path.relative_to(ROOT)}:{line}: {own} must not include from {other}")
                bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
