# SPDX-License-Identifier: MIT
"""Guests that the end-to-end tests share: one boot per kernel, and the doors through which dill is asked."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.guest.kernels import KernelUnavailable, kernel  # noqa: E402
from tests.guest.vm import Guest  # noqa: E402

SERIES = ("5.10", "6.1", "6.12", "7.2", "7.3")


def pytest_collection_modifyitems(items):
    """With xdist (-n 2 --dist loadgroup) all tests of one kernel run in one process, which boots it once.

    So do all of one guest in another QEMU.
    """
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        values = item.callspec.params if hasattr(item, "callspec") else {}
        series = next((value for value in values.values() if value in SERIES), None)
        item.add_marker(pytest.mark.xdist_group(series or values.get("in_qemu") or item.nodeid))


class Program:
    """The dill program on a guest."""

    def __init__(self, guest):
        self.guest = guest

    def run(self, *words):
        """Run a command; the finished process with its text."""
        command = [ROOT / "build/dill", "-r", f":{self.guest.gdb_port}", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def json(self, *words):
        """Records of a command that must succeed."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr + done.stdout[-500:]
        return self.lines(done)

    @staticmethod
    def lines(done):
        """The records in a finished process's output."""
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


class Gdb(Program):
    """The plugin in a batch gdb, which leaves by a command: "detach" lets the guest run, "disconnect" does not."""

    def __init__(self, guest, leave="detach"):
        super().__init__(guest)
        self.leave = leave

    def run(self, *words):
        if not words[0].startswith("k"):  # only those have a short name
            words = ("dill", *words)
        command = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{self.guest.gdb_port}", "-ex"]
        command += [f"source {ROOT}/build/dill.py", "-ex", " ".join(words), "-ex", self.leave]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def json(self, *words):
        done = self.run(*words, "--json")
        lines = self.lines(done)
        assert lines, done.stderr + done.stdout[-500:]
        return lines


@pytest.fixture(scope="session", params=SERIES)
def guest(request):
    """A booted guest at rest: two CPUs, KASLR as the kernel has it, page-table isolation on."""
    try:
        which = kernel(request.param)
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    with Guest(which, smp=2, append="pti=on") as booted:
        yield booted


@pytest.fixture(scope="session", params=(Program, Gdb), ids=("program", "gdb"))
def dill(request, guest):
    """Each door in turn."""
    return request.param(guest)
