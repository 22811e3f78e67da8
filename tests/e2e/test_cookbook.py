# SPDX-License-Identifier: MIT
"""The sittings of docs/cookbook.md, done again: what the document says of the answers holds, and they have the same form.

Each boots a guest of its own: without DILL_FULL=1 there are three of them.
"""
import re

import pytest

from conftest import ROOT, chosen_series
from tests.guest.kernels import KernelUnavailable
from tests.guest.modules import ModuleUnavailable
from tools import cookbook, examples
from tests.matrix import FULL

BY_DEFAULT = ("stale", "dump", "exploit")
PAGE = ROOT / "docs/cookbook.md"
# A page that is given back is taken by somebody else now and then, a process moved to the other CPU.
TRIES = 3
# A label of a list: words in small letters, then at least two blanks.
LABEL = re.compile(r"^ *([a-z][a-z' ]*?)  ")
HEAD = re.compile(r"^[A-Z][A-Z +/-]*[A-Z-](  .*)?$")
HIDDEN = re.compile(r"^not shown for want of room: (.*) \(")


def form(text):
    """Labels of lists and columns of tables, those that were left out as well."""
    found = set()
    for line in text.splitlines():
        if label := LABEL.match(line):
            found.update({label[1]} - {"freed"})  # not of an object whose slab is new
        elif HEAD.match(line):
            found.update(re.split(r"  +", line.strip()))
        elif hidden := HIDDEN.match(line):
            found.update(hidden[1].split(", "))
    return found


def sit(name):
    """The bodies of the blocks, from a new guest."""
    for left in reversed(range(TRIES)):
        try:
            return examples.sitting(name, PAGE.read_text(), lucky=False)
        except (KernelUnavailable, ModuleUnavailable) as reason:
            pytest.skip(str(reason))
        except cookbook.Unlike:
            if not left:
                raise
    return None


@pytest.mark.parametrize("name", cookbook.SITTINGS if FULL else BY_DEFAULT)
def test_sitting(request, name):
    """A sitting on a new guest, by the commands that the document has."""
    series = cookbook.SITTINGS[name].series
    if series not in chosen_series(request.config):
        pytest.skip(f"the document's guests are of {series}")
    old = [body for _, body in cookbook.blocks_of(PAGE.read_text(), name)]
    new = sit(name)
    assert len(old) == len(new)
    for before, now in zip(old, new):
        assert form(before) - form(now) == set()


def test_form_is_seen():
    """What is compared: a column and a label that are gone are told."""
    text = "NAME  MEMORY +/-  LIVE\nkmalloc-8  1  2\n  state      live\nnot shown for want of room: SHARE, X (--wide shows all)\n"
    assert form(text) == {"NAME", "MEMORY +/-", "LIVE", "state", "SHARE", "X"}


def test_fact_is_missed():
    """An answer that is not what the document says is an error of the sitting."""
    with pytest.raises(cookbook.Unlike):
        cookbook.check("dump", "kmalloc-128 is whole")
