# SPDX-License-Identifier: MIT
"""Addresses as people have them: from a kernel's log, from a module, from a value function; /proc/kallsyms is the oracle."""
import subprocess

import pytest

from conftest import ROOT, Gdb, Program
from tests.matrix import ONE, kernels, on


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def modular(request, pool):
    """A stopped guest with a module."""
    with pool.lend(request.param) as lent:
        lent.symbols = [line.split() for line in lent.run("cat /proc/kallsyms").splitlines()]
        lent.stop()
        yield lent
        lent.cont()


def address(dill, *words):
    """What dill takes it for."""
    return int(dill.json("kobj", *words)[0]["address"], 16)


@pytest.mark.parametrize("door", (Program, Gdb))
def test_as_in_a_log(modular, door):
    """The kernel's own lines, sizes and modules included."""
    dill = door(modular)
    value = next(int(words[0], 16) for words in modular.symbols if words[2] == "vfs_read")
    assert address(dill, "vfs_read+0xc2/0x490") == value + 0xC2
    words = next(words for words in modular.symbols if len(words) == 4 and words[1] in "tT")
    name, module = words[2], words[3]
    assert address(dill, f"{name}+0x9", module) == int(words[0], 16) + 9
    assert address(dill, name) == int(words[0], 16)


def test_value_functions(modular):
    """Those of GDB, without it."""
    dill = Program(modular)
    base = next(int(words[0], 16) for words in modular.symbols if words[2] == "_text")
    assert address(dill, "$kbase()") == base
    cache = dill.json("kcache", "kmalloc-64")[0]["address"]
    assert address(dill, '$kcache("kmalloc-64")') == address(dill, "$kcache(kmalloc-64)") == int(cache, 16)
    task = dill.json("ktask", "1")[0]
    assert address(dill, "$ktask(1)+0x10") == int(task["task"], 16) + 0x10


@kernels(*ONE)
def test_mistakes(modular):
    """One line that says what was wrong; in GDB nothing of its own symbols."""
    for door in (Program, Gdb):
        done = door(modular).run("kobj", "vfs_raed")
        assert "the kernel has no symbol vfs_raed" in done.stdout + done.stderr
        assert "symbol table" not in done.stdout + done.stderr
    done = Program(modular).run("kobj", "vfs_read+0x1", "[nosuch]")
    assert done.returncode == 2 and done.stderr == "dill: no module is named nosuch\n"
    done = Program(modular).run("kobj", "$kcache(nosuch)")
    assert done.returncode == 2 and 'no cache is named "nosuch"' in done.stderr
    assert "pipe kcache | head" in Gdb(modular).run("kcache", "|", "head").stderr


@kernels(*ONE)
def test_nothing_behind_a_member(modular):
    """A member is offered once: behind a complete one stands an address or nothing."""
    def offered(line):
        command = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{modular.gdb_port}"]
        command += ["-ex", f"source {ROOT}/build/dill.py", "-ex", f"complete {line}", "-ex", "disconnect"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        return [text for text in done.stdout.splitlines() if text.startswith("kstruct list_head")]

    assert offered("kstruct list_head ") == ["kstruct list_head next", "kstruct list_head prev"]
    assert offered("kstruct list_head next ") == []
