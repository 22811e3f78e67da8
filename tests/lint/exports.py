#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fail unless libdill.so exports what its map and the public headers name, and the GDB module its PyInit function only.

exports.py LIBRARY MODULE
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def exported(path):
    """The names that a shared object defines for others, without versions and the versions' own."""
    lines = subprocess.run(["nm", "-D", "--defined-only", path], check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in lines.splitlines()]
    return {name.partition("@")[0] for _, kind, name in words if kind != "A"}


def mapped(path):
    """The names under "global:" of a version script."""
    text = re.search(r"global:(.*?)local:", path.read_text(), re.S)[1]
    return set(re.findall(r"(\w+);", text))


def declared():
    """The functions of the public headers."""
    texts = (re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S) for path in (ROOT / "include/dill").glob("*.h"))
    return {name for text in texts for name in re.findall(r"\b(dill_\w+)\(", text)}


def differ(what, found, wanted):
    """Print the names that only one of the sets has; True when there are any."""
    for name in sorted(found ^ wanted):
        print(f"{what}: {name} is {'too much' if name in found else 'missing'}")
    return found != wanted


def main():
    """Compare all pairs; status 1 when one differs."""
    library, module = sys.argv[1:]
    names = mapped(ROOT / "src/libdill.map")
    bad = [
        differ("libdill.so", exported(library), names),
        differ("libdill.map", names, declared()),
        differ("dill.abi3.so", exported(module), {"PyInit_dill"}),
    ]
    return int(any(bad))


if __name__ == "__main__":
    sys.exit(main())
