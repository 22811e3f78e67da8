# SPDX-License-Identifier: MIT
"""What a kernel does not record, and advice that it can take: by kernels of several configurations."""
import collections
import re

import pytest

from conftest import Program
from test_kobj import ask
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import Messages
from tests.matrix import debug_word, message_cache, on

SIZE = 200
SOURCE = re.compile(r"^[\w/.-]+\.[ch]:\d+ (\w+)\(\)$")


def refused(guest, *words):
    """The line on stderr of a kcensus that ends with status 2 and prints nothing."""
    done = Program(guest).run("kcensus", *words)
    assert done.returncode == 2 and not done.stdout and len(done.stderr.strip().splitlines()) == 1, done
    return done.stderr.strip()


@pytest.mark.parametrize("case", on("plain"), ids=str)
def test_word_of_the_kernel(case, pool):
    """The boot parameter is named as this kernel does."""
    with pool.lend(case) as guest:
        guest.stop()
        for group in ("site", "stack", "age", "pid", "cpu"):
            line = refused(guest, "dentry", "--by", group)
            assert line.endswith(f"does not record who allocates from these caches: boot with {debug_word(case.series)}=U")
        summary = Program(guest).json("kcheck", "dentry")[-1]
        assert any(f"boot with {debug_word(case.series)}=ZP" in text for text in summary["not_checked"]), summary


def kept_objects(guest, symbols, messages):
    """Addresses of the messages that are still there, in a stopped guest."""
    with Memory(guest, symbols) as memory:
        return [memory.virtual(phys) for serial, _, phys in messages.find(memory) if messages.is_kept(serial)]


@pytest.mark.parametrize("case", on("plain", series=("6.12-kasan",)), ids=str)
def test_kasan_knows_threads_and_stacks(case, pool):
    """KASAN's records are counted; what it does not record has advice."""
    with pool.lend(case) as guest:
        messages = Messages(guest, (SIZE, 60), free_every=3)
        guest.stop()
        dill, cache = Program(guest), message_cache(case.series, "256")
        kept = sum(map(messages.is_kept, messages.serials))
        pids = {row.get("pid"): row["objects"] for row in dill.json("kcensus", cache, "--by", "pid") if row["record"] == "census_pid"}
        assert kept <= pids[messages.pid] <= kept + 5  # and what else the program holds
        stacks = [row for row in dill.json("kcensus", cache, "--by", "stack") if row["record"] == "census_stack"]
        assert kept in [row["objects"] for row in stacks if any("load_msg" in frame for frame in row["stack"])]
        for group in ("age", "cpu"):
            assert "records threads and stacks (KASAN)" in refused(guest, cache, "--by", group)


@pytest.mark.parametrize("case", on("single", series=("6.12-bare",)), ids=str)
def test_kernel_without_debugging(case, pool):
    """Only another kernel will help."""
    with pool.lend(case) as guest:
        guest.stop()
        assert refused(guest, "--by", "site").endswith(": build the kernel with CONFIG_SLUB_DEBUG")
        summary = Program(guest).json("kcheck")[-1]
        assert any("build the kernel with CONFIG_SLUB_DEBUG" in text for text in summary["not_checked"])
        for words in ((), ("kmalloc-64",)):
            done = Program(guest).run("kcache", *words)
            assert done.returncode == 0 and "kcensus and kmap count them" in done.stderr, done


def allocinfo(guest):
    """function() -> objects that the kernel has counted, of the places in one file."""
    lines = guest.run("cat /proc/allocinfo").splitlines()[2:]
    counted = collections.Counter()
    for line in lines:
        fields = line.split()
        counted[fields[2] + " " + fields[3].removeprefix("func:")] += int(fields[1])
    return counted


@pytest.mark.parametrize("case", on("plain", series=("7.2-tags",)), ids=str)
def test_profiling_never_on(case, pool):
    """Compiled in, and off since the boot: how to boot, and status 2."""
    with pool.lend(case) as guest:
        guest.stop()
        assert "boot with sysctl.vm.mem_profiling=1" in refused(guest, "--by", "site")


@pytest.mark.parametrize("case", on("profiling", series=("7.2-tags",), spoils=True), ids=str)
def test_profiling_switched_off(case, pool):
    """While it is on, sites are the kernel's; once it is off, each tag comes with the reason not to trust it."""
    with pool.lend(case) as guest:
        messages = Messages(guest, (SIZE, 60), free_every=3)
        symbols = kallsyms(guest)
        guest.stop()
        objects = kept_objects(guest, symbols, messages)
        answers, _ = ask(guest, objects)
        sites = {record["alloc_tag"] for record in answers.values()}
        assert len(sites) == 1 and SOURCE.match(*sites).group(1) == "alloc_msg"
        assert not [record for record in answers.values() if "alloc_tag_doubt" in record]
        cache = message_cache(case.series, "256")
        rows = Program(guest).json("kcensus", cache, "--by", "site")
        assert not [row for row in rows if "site_doubt" in row or row["record"] == "gap"]
        found = {row["site"]: row["objects"] for row in rows if row["record"] == "census_site" and "site" in row}
        guest.cont()
        name = sites.pop()
        place, _, function = name.removesuffix("()").partition(" ")
        assert found[name] == allocinfo(guest)[f"{place} {function}"]
        guest.run("echo 0 >/proc/sys/vm/mem_profiling")
        guest.stop()
        answers, _ = ask(guest, objects)
        assert all("switched off" in record["alloc_tag_doubt"] for record in answers.values())
        records = Program(guest).json("kcensus", cache, "--by", "site")
        assert all("switched off" in row["site_doubt"] for row in records if row["record"] == "census_site" and "site" in row)
        assert [row for row in records if row["record"] == "gap"]
