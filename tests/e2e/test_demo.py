# SPDX-License-Identifier: MIT
"""`make demo` ends by itself, shows every command, and leaves nothing behind."""
import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

from conftest import ROOT

COMMANDS = ("kbase", "ktask", "kstruct", "kcache")


def processes_with(mark):
    """Command lines of the processes that have @mark in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return found


def test_demo_shows_every_command_and_ends():
    """The program first, then GDB."""
    mark = f"DILL_TEST={uuid.uuid4()}"
    environment = {**os.environ, **dict([mark.split("=")])}
    with subprocess.Popen(
        [sys.executable, "-m", "tools.demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as demo:
        # A program that has only just been started may not show its environment yet.
        end = time.monotonic() + 10
        while not processes_with(mark):
            assert time.monotonic() < end, "the mark is not seen"
        text = demo.communicate(timeout=600)[0]
    assert demo.returncode == 0, text
    by_program, by_gdb = text.split("$ gdb", 1)
    for command in COMMANDS:
        assert re.search(rf"^\$ build/dill .*\b{command}\b", by_program, re.MULTILINE), text
        assert re.search(rf"^\(gdb\) {command}\b", by_gdb, re.MULTILINE), text
    for part in (by_program, by_gdb):
        assert "Linux version" in part and "kmem_cache_cpu 0xff" in part, text
    assert not processes_with(mark)
