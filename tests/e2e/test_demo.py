# SPDX-License-Identifier: MIT
"""`make demo` ends by itself, shows every command, and leaves nothing behind."""
import os
import re
import signal
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
    last = by_gdb.split("$ build/dill", 1)[1]
    for command in ("kobj", "knext", "kmap", "trace", "report"):
        assert re.search(rf"\b{command}\b", last), text
    assert re.search(r"^\d+ events? in \d", last, re.MULTILINE), text
    assert "<html" in (ROOT / "build/demo.html").read_text()
    assert not processes_with(mark)


def test_guest_stays_until_ctrl_c():
    """Its port answers, the commands that it names work, and nothing is left behind."""
    mark = f"DILL_TEST={uuid.uuid4()}"
    environment = {**os.environ, **dict([mark.split("=")])}
    with subprocess.Popen(
        ["env", "--default-signal=INT", sys.executable, "-m", "tools.guest", "6.12"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as keeper:
        text = ""
        for line in keeper.stdout:
            text += line
            if "Ctrl-C" in line and line.startswith("guest:"):
                break
        port = re.search(r"listens on port (\d+)", text)[1]
        commands = re.findall(r"^  (\S.*)$", text, re.MULTILINE)
        assert len(commands) == 6 and all(f":{port}" in command for command in commands), text
        for command in commands:
            if " trace " not in command and not command.startswith("gdb"):
                subprocess.run(command, shell=True, cwd=ROOT, check=True, capture_output=True, timeout=300)
        # As the terminal does it: to all of the foreground's processes.
        os.killpg(keeper.pid, signal.SIGINT)
        rest = keeper.communicate(timeout=300)[0]
    assert keeper.returncode == 0 and rest.strip() == "guest: ended", rest
    assert not processes_with(mark)
