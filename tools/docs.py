# SPDX-License-Identifier: MIT
"""Fill the tables of the documents that come from the program's own tables, or check that they are up to date.

Such a table stands between the lines "<!-- dill-docs WORDS -->" and "<!-- end -->" and is what `dill-docs WORDS`
prints.

    python3 -m tools.docs [--check] [DILL-DOCS]
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^(<!-- dill-docs ([a-z -]+) -->\n).*?^(<!-- end -->\n)", re.MULTILINE | re.DOTALL)


def filled(text, program):
    """The text of a document with all its tables as they must be."""

    def replace(match):
        words = match[2].split()
        table = subprocess.run([program, *words], stdout=subprocess.PIPE, text=True, check=True).stdout
        return f"{match[1]}\n{table}\n{match[3]}"

    return BLOCK.sub(replace, text)


def main():
    """Rewrite what differs; with --check only name it, and status 1."""
    parser = argparse.ArgumentParser(prog="tools.docs", description="fill the tables of the documents")
    parser.add_argument("--check", action="store_true", help="only say which documents are out of date")
    parser.add_argument("program", nargs="?", default=ROOT / "build/dill-docs", help="path of dill-docs")
    arguments = parser.parse_args()
    stale = 0
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        old = path.read_text()
        new = filled(old, arguments.program)
        if new == old:
            continue
        stale += 1
        print(f"{path.relative_to(ROOT)}: " + ("out of date, run `make docs`" if arguments.check else "filled"))
        if not arguments.check:
            path.write_text(new)
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
