# SPDX-License-Identifier: MIT
"""The sittings of docs/cookbook.md, done again: what the document says of the answers holds, and they have the same form."""
import re

import pytest

from conftest import ROOT
from tests.guest.modules import ModuleUnavailable
from tools import cookbook, examples

PAGE = ROOT / "docs/cookbook.md"
# A label of a list: words in small letters, then at least two blanks.
LABEL = re.compile(r"^ *([a-z][a-z' ]*?)  ")
HEAD = re.compile(r"^[A-Z][A-Z +/-]*[A-Z-](  .*)?$")
HIDDEN = re.compile(r"^not shown for want of room: (.*) \(")


def form(text):
    """Labels of lists and columns of tables, those that were left out as well."""
    found = set()
    for line in text.splitlines():
        if label := LABEL.match(line):
            found.add(label[1])
        elif HEAD.match(line):
            found.update(re.split(r"  +", line.strip()))
        elif hidden := HIDDEN.match(line):
            found.update(hidden[1].split(", "))
    return found


@pytest.mark.parametrize("name", cookbook.SITTINGS)
def test_sitting(name):
    """A sitting on a new guest, by the commands that the document has."""
    old = [body for _, body in cookbook.blocks_of(PAGE.read_text(), name)]
    cookbook.check(name, "".join(old))
    try:
        new = examples.sitting(name, PAGE.read_text())
    except ModuleUnavailable as reason:
        pytest.skip(str(reason))
    assert len(old) == len(new)
    for before, now in zip(old, new):
        assert form(before) - form(now) == set()


def test_form_is_seen():
    """What is compared: a column and a label that are gone are told."""
    text = "NAME  MEMORY +/-  LIVE\na  1  2\n  state      live\nnot shown for want of room: SHARE, X (--wide shows all)\n"
    assert form(text) == {"NAME", "MEMORY +/-", "LIVE", "state", "SHARE", "X"}


def test_fact_is_missed():
    """An answer that is not what the document says is an error of the sitting."""
    with pytest.raises(cookbook.Unlike):
        cookbook.check("dump", "kmalloc-128 is whole")
