# SPDX-License-Identifier: MIT
"""Forged targets: recorded memory of every kernel with values replaced at random, under the sanitizers.

Needs build-asan, which `make check` has made before. SECONDS of runs for each of the recordings; for longer ones keep a
recording (`pytest --basetemp=FOLDER`) and call build-asan/tests/forge/forge by hand.
"""
import os
import subprocess

import pytest

from conftest import ROOT
from tests.guest.messages import Messages
from tests.matrix import MOST, on

FORGE = ROOT / "build-asan/tests/forge/forge"
SECONDS = int(os.environ.get("FORGE_SECONDS", "7"))


def record(guest, path):
    """Keep what all commands read of a guest that was stopped under load."""
    Messages(guest, (24, 200), (100, 200), (900, 100), free_every=3)
    guest.spawn("load").wait_output(r"^ready")
    guest.stop()
    lines = subprocess.run([FORGE, "--lines"], capture_output=True, check=True).stdout
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}", "--record", path]
    done = subprocess.run(command, input=lines, capture_output=True, timeout=300, check=False)
    assert b"recorded " in done.stderr, done.stderr


@pytest.mark.parametrize("case", [*on("plain", by_default=MOST), *on("debug")], ids=str)
def test_no_crash_on_forged_memory(case, pool, tmp_path):
    """Nothing in the kernel's memory makes a command crash, hang, or take memory without bound."""
    if not FORGE.exists():
        pytest.skip("build-asan is not built: make check does it")
    path = tmp_path / "recording"
    with pool.lend(case) as guest:
        record(guest, path)
    command = [FORGE, path, "--seconds", str(SECONDS), "--runs", "1000000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
