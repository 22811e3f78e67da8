# SPDX-License-Identifier: MIT
"""How many events a second each way of tracing gives on the same guest, beside a handler in GDB's Python.

All print every event. The guest sends messages to itself (tests/guest/turns.c); nothing is filtered.
"""
import dataclasses
import json
import os
import re
import statistics
import subprocess
import time

from bench.measure import RunFailed
from tests.guest.foreign import ForeignUnavailable, foreign
from tests.guest.kernels import kernel
from tests.guest.vm import Guest

# Where the Python handler stops: name -> kind, register of the size or pointer.
FUNCTIONS = {
    "__kmalloc": ("alloc", "rdi"), "__kmalloc_node": ("alloc", "rdi"), "__kmalloc_track_caller": ("alloc", "rdi"),
    "__kmalloc_node_track_caller": ("alloc", "rdi"), "kmalloc_trace": ("alloc", "rdx"), "__kmalloc_cache": ("alloc", "rdx"),
    "kmem_cache_alloc": ("alloc", "rdi"), "kmem_cache_alloc_lru": ("alloc", "rdi"), "kmem_cache_alloc_node": ("alloc", "rdi"),
    "kmem_cache_alloc_trace": ("alloc", "rdx"), "kfree": ("free", "rdi"), "kmem_cache_free": ("free", "rsi"),
}
# Of the guest alone: long enough to be measured, and what the tracers see of it.
FREE_TURNS = 400000
TIMEOUT_S = 180
PYTHON = "Python stop() in GDB"
ALONE = "dill's rsp engine alone"


@dataclasses.dataclass(frozen=True)
class Setting:
    """A QEMU, events per run, and how many times the Python handler's rate is wanted of the rsp engine."""

    title: str
    suite: str | None
    events: int
    goal: float


SETTINGS = (Setting("QEMU of this machine", None, 500, 1.3), Setting("QEMU of sid", "sid", 4000, 3.5))


def functions(guest):
    """The Python handler's table: of this kernel's functions those that are known."""
    found = []
    for line in guest.run("cat /proc/kallsyms").splitlines():
        address, _, name = line.split()[:3]
        if entry := FUNCTIONS.get(name.removesuffix("_noprof")):
            found.append((int(address, 16), name, *entry))
    return found


def finish(command, environment=None):
    """Run a command to its end; what it has printed."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"no end after {TIMEOUT_S} s: {' '.join(command)}") from None
    return done.stdout + done.stderr


def gdb(port, *lines):
    """A batch GDB on the guest."""
    words = [f"target remote :{port}", "set pagination off", *lines]
    return ["gdb", "-q", "-nx", "-batch", *(word for line in words for word in ("-ex", line))]


def python_rate(guest, events):
    """Of the handler in Python."""
    environment = {
        **os.environ, "DILL_BENCH_EVENTS": str(events), "DILL_BENCH_FUNCTIONS": json.dumps(functions(guest)),
    }
    printed = finish(gdb(guest.gdb_port, "source bench/python_handler.py", "continue", "detach"), environment)
    found = re.search(r"^rate ([\d.]+)", printed, re.MULTILINE)
    if not found:
        raise RunFailed(f"{PYTHON}: {printed.strip().splitlines()[-1:]}")
    return float(found[1])


def stop_rate(guest, events):
    """Of `dill run`: lines of events until there are enough; GDB is killed then, and the guest rescued."""
    command = gdb(guest.gdb_port, "source build/dill.py", "dill run", "continue")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        began, count = None, 0
        for line in process.stdout:
            if not re.search(r" (alloc|free) ", line):
                continue
            began = began or time.monotonic()
            count += 1
            if count == events:
                break
        taken = time.monotonic() - began if began else 0
        process.kill()
        rest = process.communicate()[0]
    finish(["build/dill", "-r", f":{guest.gdb_port}", "rescue"])
    if count < events:
        raise RunFailed(f"dill run: only {count} events: {rest[-200:]}")
    return (count - 1) / taken


def trace_rate(command, events):
    """Of a `dill trace`, by its own clock."""
    printed = finish(command)
    found = re.search(r"^(\d+) events in ([\d.]+) (ms|s):", printed, re.MULTILINE)
    if not found or int(found[1]) < events:
        raise RunFailed(f"{' '.join(command)}: {printed.strip().splitlines()[-1:]}")
    return int(found[1]) / float(found[2]) * (1000 if found[3] == "ms" else 1)


def engines(guest, events):
    """Each way's title and how it is measured."""
    port = guest.gdb_port
    alone = ["build/dill", "-r", f":{port}", "trace", "-n", str(events)]
    inside = gdb(port, "source build/dill.py", f"dill trace -n {events}", "detach")
    return {
        PYTHON: lambda: python_rate(guest, events),
        "dill's stop engine in GDB (dill run)": lambda: stop_rate(guest, events),
        "dill's rsp engine in GDB (dill trace)": lambda: trace_rate(inside, events),
        ALONE: lambda: trace_rate(alone, events),
        "  the same of one process (trace turns)": lambda: trace_rate([*alone, "turns"], events),
    }


def free_rate(guest):
    """Events a second when nobody looks: turns a second, and one allocation and free each."""
    began = time.monotonic()
    guest.run("turns 0")
    empty = time.monotonic()
    guest.run(f"turns {FREE_TURNS}", timeout=TIMEOUT_S)
    return 2 * FREE_TURNS / (time.monotonic() - empty - (empty - began))


def table(rates, free, goal):
    """The rows of one guest, in events a second. The best run counts: what else runs here only slows down."""
    base = max(rates[PYTHON])
    lines = [f"{'':42}{'best':>10}{'median':>8}{'min':>8}{'x Python':>10}{'guest slower':>14}"]
    for title, values in rates.items():
        best, middle = max(values), statistics.median(values)
        verdict = f"   at least {goal:g} {'met' if best / base >= goal else 'NOT MET'}" if title == ALONE else ""
        lines.append(
            f"{title:42}{best:10.0f}{middle:8.0f}{min(values):8.0f}{best / base:10.2f}{free / best:13.0f}x{verdict}"
        )
    return "\n".join(lines)


def bench_tracing(series, count):
    """Measure and print, in each QEMU that can be had."""
    for setting in SETTINGS:
        options = {}
        if setting.suite:
            try:
                options["qemu"] = foreign("qemu", setting.suite).command
            except ForeignUnavailable as reason:
                print(f"\nbench: tracing in the {setting.title}: skipped: {reason}", flush=True)
                continue
        with Guest(kernel(series), memory="512M", smp=2, **options) as guest:
            free = free_rate(guest)
            guest.spawn("turns").wait_output("^ready")
            ways = engines(guest, setting.events)
            rates = {title: [] for title in ways}
            for _ in range(count):
                for title, measure in ways.items():  # in turn, as all rows
                    rates[title].append(measure())
            release = guest.kernel.release
        print(f"\nTracing, Linux {release}, {setting.title}: {count} runs of {setting.events} events each, in turn")
        print(f"(untraced: {free:.0f} events a second)\n")
        print(table(rates, free, setting.goal), flush=True)
