# SPDX-License-Identifier: MIT
"""Runs of whole processes, and what they read from the target."""
import dataclasses
import re
import subprocess

TIMEOUT_S = 120
STATISTICS = re.compile(r"(\d+) packets with (\d+) bytes of memory, (\d+) direct reads with (\d+) bytes")


class RunFailed(Exception):
    """A command that is measured did not run; the text says which and why."""


@dataclasses.dataclass(frozen=True)
class Run:
    """One run: seconds on the clock, seconds of CPU time, peak of resident memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    peak: float


@dataclasses.dataclass(frozen=True)
class Reads:
    """What was read from the target: through its stub, and directly from QEMU's memory."""

    packets: int
    packet_bytes: int
    calls: int
    call_bytes: int


def _finish(command, words):
    """Run @words, which run @command; what it has printed, RunFailed when it fails."""
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise RunFailed(f"no end after {TIMEOUT_S} s: {' '.join(command)}") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["(no message)"]
        raise RunFailed(f"status {done.returncode} of: {' '.join(command)}\n{lines[-1]}")
    return done.stdout + done.stderr


def measure(command):
    """Run a command once, its output thrown away."""
    printed = _finish(command, ["build/bench/measure", *command])
    wall, user, system, peak = (int(number) for number in printed.split()[:4])
    return Run(wall / 1e6, (user + system) / 1e6, peak * 1024 / 1e6)


def ask_reads(command):
    """Run a command that says what it has read."""
    found = STATISTICS.search(_finish(command, command))
    if not found:
        raise RunFailed(f"does not say what it has read: {' '.join(command)}")
    return Reads(*(int(number) for number in found.groups()))
