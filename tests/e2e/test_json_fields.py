# SPDX-License-Identifier: MIT
"""Every field that the commands print as JSON is documented, with the type that it has."""
import re

import pytest

from conftest import ROOT

PAGES = [*ROOT.glob("docs/commands/*.md"), ROOT / "docs/json.md"]
TYPES = {
    "address": lambda value: isinstance(value, str) and re.fullmatch("0x[0-9a-f]{16}", value),
    "number": lambda value: type(value) is int and 0 <= value < 1 << 64,
    "signed number": lambda value: type(value) is int and -(1 << 63) <= value < 1 << 63,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str) and value.isprintable(),
    "array of addresses": lambda value: all(TYPES["address"](item) for item in value),
    "array of strings": lambda value: all(TYPES["string"](item) for item in value),
}
COMMANDS = (
    ("info",),
    ("kbase",),
    ("ktask", "--threads"),
    ("ktask", "1"),
    ("kcache",),
    ("kcache", "*"),
    ("kcache", "kmalloc-*", "--counts"),
    ("kcensus",),
    ("kcensus", "--by", "slab", "--rows", "5"),
    ("kcensus", "--by", "node"),
    ("kcensus", "filp", "--objects"),
    ("kfind", "--ptr", "init_task"),
    ("kfind", "u64:1", "filp"),
    ("kstruct", "task_struct"),
    ("kstruct", "enum", "pid_type"),
    ("kstruct", "task_struct", "@init_task"),
    ("kstruct", "task_struct", "cred.uid"),
    ("kstruct", "task_struct", "in_execve"),
    ("kstruct", "task_struct", "comm", "@init_task"),
)


def documented():
    """{record: {field: (type, record of the items or None)}} of all pages."""
    kinds = {}
    for page in PAGES:
        kind = None
        for line in page.read_text().splitlines():
            if heading := re.fullmatch(r"#+ (.*)", line):
                kind = heading[1]
            row = re.match(r"\| `(\w+)` \| ([a-z ]+)(?:, see \[(\w+)\]\(.*\))? \| ", line)
            if row and line.count(" | ") >= 2:
                kinds.setdefault(kind, {})[row[1]] = (row[2], row[3])
    return kinds


def check(kinds, kind, record):
    """One record against the table of its kind, and those inside of it."""
    assert kind in kinds
    for field, value in record.items():
        assert field in kinds[kind], f"{kind} has {field}"
        of_type, of_kind = kinds[kind][field]
        if not of_kind:
            assert TYPES[of_type](value), f"{kind}.{field} is no {of_type}: {value}"
            continue
        for item in value:
            check(kinds, of_kind, item)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_fields_are_documented(dill, words):
    """All records of a command."""
    kinds = documented()
    records = dill.json(*words)
    assert records
    for record in records:
        kind = record.pop("record")
        check(kinds, kind, record)


def test_fields_of_files(dill, tmp_path):
    """What export, diff and symbols say."""
    kinds = documented()
    path = str(tmp_path / "heap.db")
    for words in (("export", path, "kmalloc-*"), ("diff", path, path), ("symbols", "-o", str(tmp_path / "elf"), "--no-types")):
        for record in dill.json(*words):
            check(kinds, record.pop("record"), record)
