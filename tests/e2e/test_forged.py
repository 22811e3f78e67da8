# SPDX-License-Identifier: MIT
"""Forged targets: recorded memory of every kernel with values replaced at random, under the sanitizers.

Needs build-asan, which `make check` has made before. SECONDS of runs for each of the recordings; for longer ones keep a
recording (`pytest --basetemp=FOLDER`) and call build-asan/tests/forge/forge by hand.
"""
import os
import subprocess

import pytest

from conftest import ROOT, SERIES
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

FORGE = ROOT / "build-asan/tests/forge/forge"
SECONDS = int(os.environ.get("FORGE_SECONDS", "10"))
FLAVOURS = {"plain": "", "debug": "slub_debug=FZPU"}


def record(guest, path):
    """Keep what all commands read of a guest that was stopped under load."""
    guest.spawn("msg -f 3 24 200 100 200 900 100").wait_output(r"^ready")
    guest.spawn("load").wait_output(r"^ready")
    guest.stop()
    lines = subprocess.run([FORGE, "--lines"], capture_output=True, check=True).stdout
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}", "--record", path]
    done = subprocess.run(command, input=lines, capture_output=True, timeout=300, check=False)
    assert b"recorded " in done.stderr, done.stderr


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_forged(series, flavour, tmp_path):
    """Nothing in the kernel's memory makes a command crash, hang, or take memory without bound."""
    if not FORGE.exists():
        pytest.skip("build-asan is not built: make check does it")
    try:
        which = kernel(series)
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    path = tmp_path / "recording"
    with Guest(which, append=FLAVOURS[flavour], smp=2) as guest:
        record(guest, path)
    command = [FORGE, path, "--seconds", str(SECONDS), "--runs", "1000000"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
