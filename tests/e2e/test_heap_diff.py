# SPDX-License-Identifier: MIT
"""`diff` of two exported heaps around a change that the test has made."""
import os
import subprocess

import pytest

from conftest import ROOT, Program
from test_json_fields import check, documented
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import Messages
from tests.matrix import message_cache, on


# Where dumps are compared, too.
DUMPED = ("6.1", "7.2")


def diff(a, b, *words):
    """Records of diff; needs no target."""
    done = subprocess.run(
        [ROOT / "build/dill", "diff", str(a), str(b), *words, "--json"], capture_output=True, text=True, timeout=300, check=True,
        env={**os.environ, "TMPDIR": str(a.parent)},
    )
    kinds, records = documented(), Program.lines(done)
    for record in records:
        check(kinds, record["record"], {key: value for key, value in record.items() if key != "record"})
    return records


def check_rows(dill, a, b, debug):
    """--rows bounds each list, whatever else is asked for; the guest is stopped."""
    for words in ([], ["--objects"]):
        lists = {}
        for row in diff(a, b, *words):
            lists.setdefault((row["record"], row["change"] if words else ""), []).append(row)
        assert not words or len(lists) == 2
        expected = [row for rows in lists.values() for row in rows[:2]]
        assert diff(a, b, *words, "--rows", "2") == expected
        assert diff(a, b, *words, "--rows", "0") == diff(a, b, *words)
    groups = ("cache", "slab", "node", "age", "site", "pid", "cpu", "stack") if debug else ("cache", "slab", "node")
    for words in (["--objects"], *(["--by", group] for group in groups)):
        everything = dill.json("kcensus", *words)
        others = [row for row in everything if row["record"] != everything[0]["record"]]
        some = dill.json("kcensus", *words, "--rows", "1")
        assert some == everything[:1] + others, words


@pytest.mark.parametrize("case", [*on("plain"), *on("debug", series=("6.12",))], ids=str)
def test_diff(case, pool, tmp_path):
    """400 messages more, then none of them: as many objects, at their addresses, in their cache."""
    with pool.lend(case) as guest:
        dill, symbols = Program(guest), kallsyms(guest)
        name = message_cache(case.series, "2k")
        before, between, after = (tmp_path / f"{name}.db" for name in "abc")
        dill.json("export", str(before))
        messages = Messages(guest, (1900, 400))
        guest.stop()
        dill.json("export", str(between))
        dumps = [tmp_path / "between.elf", tmp_path / "after.elf"] if case.series in DUMPED else []
        for path in dumps[:1]:
            guest.dump(path)
        with Memory(guest, symbols) as memory:
            found = {memory.virtual(start) for _, _, start in messages.find(memory)}
        guest.cont()
        assert len(found) == 400
        grown = {row["cache"]: row for row in diff(before, between) if row["record"] == "diff_cache"}
        # Kernels to 5.10 have others in that cache, too.
        tolerance = 8 if case.series == "5.10" else 0
        assert abs(grown[name]["live_change"] - 400) <= tolerance and grown[name]["change"] == "grew"
        assert grown[name]["live_b"] - grown[name]["live_a"] == grown[name]["live_change"]
        assert grown[name]["memory_change"] >= 400 * 2048 - 32768
        order = [abs(row["memory_change"]) for row in diff(before, between) if row["record"] == "diff_cache"]
        assert order == sorted(order, reverse=True)
        objects = {int(row["object"], 16): row for row in diff(before, between, "--objects") if row["cache"] == name}
        appeared = {at for at, row in objects.items() if row["change"] == "appeared"}
        assert found <= appeared and len(appeared - found) <= tolerance
        messages.program.kill()
        while messages.program.alive():
            pass
        guest.stop()
        dill.json("export", str(after))
        for path in dumps[1:]:
            guest.dump(path)
        back = {row["cache"]: row for row in diff(between, after) if row["record"] == "diff_cache"}
        assert abs(back[name]["live_change"] + 400) <= tolerance and back[name]["change"] in ("shrank", "went")
        went = {int(row["object"], 16) for row in diff(between, after, "--objects") if row["cache"] == name and row["change"] == "went"}
        assert found <= went and len(went - found) <= tolerance
        if dumps:
            expected = [{**row, "seconds": None} for row in diff(between, after)]
            for pair in (dumps, (between, dumps[1])):
                assert [{**row, "seconds": None} for row in diff(*pair)] == expected
            assert "seconds" not in diff(*dumps)[-1] and not list(tmp_path.glob("dill-*"))
        check_rows(dill, before, between, debug=case.flavour == "debug")
        total = diff(before, between)[-1]
        assert total["record"] == "diff_total" and total["live_change"] == sum(row["live_change"] for row in grown.values())
        if case.flavour == "debug":
            sites = [row for row in diff(before, between) if row["record"] == "diff_site" and row["cache"] == name]
            assert [row["live_change"] for row in sites if row["site"].startswith(("alloc_msg", "load_msg"))] == [400]
        else:
            assert total["sites"] == 0
