# SPDX-License-Identifier: MIT
"""Boot a guest per kernel, measure all rows in turn, print the table. Status 1 when something did not run, never for a time."""
import argparse
import os
import subprocess
import sys

from bench.heap import FILES, large_dump
from bench.heap_rows import heap_rows
from bench.measure import RunFailed, ask_reads, measure
from bench.reports import bench_reports
from bench.rows import all_rows, dill
from bench.table import table
from bench.tracing import bench_tracing
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest, GuestError

SERIES = ("6.12", "6.1", "7.2")
HEAP_SERIES = "6.12"
PARTS = ("commands", "reports", "tracing", "heap")
# How long the allocator is kept busy before, so that its lists are not those of a fresh boot.
LOAD_SECONDS = 3


def measure_rows(rows, count):
    """The runs of every row; each runs once before it counts."""
    runs = {row.title: [] for row in rows}
    for number in range(-1, count):
        # In turn: what slows the machine down for a while hits all rows alike.
        for row in rows:
            run = measure(row.command)
            if number >= 0:
                runs[row.title].append(run)
    return runs


def measure_all(port, count):
    """Return the rows, their runs and what they read."""
    probe = dill(port, "kcache", "kmalloc-64", options=["--no-direct"])
    rows = all_rows(port, ask_reads(probe.asking).packet_bytes)
    reads = {row.title: ask_reads(row.asking) for row in rows if row.asking}
    return rows, measure_rows(rows, count), reads


def heading(what, count):
    """Print what is measured, and on what."""
    load = os.getloadavg()[0]
    print(f"\n{what}: {count} runs of each, in turn")
    print(f"(this machine: {os.cpu_count()} CPUs, load {load:.1f}; wall times are worth something when it has some left)\n")


def bench_heap(series, count):
    """Measure on a dump of a large heap, which lies in the host's page cache, and print the table."""
    with large_dump(kernel(series)) as dump, large_dump(kernel(series), FILES // 2) as half:
        rows = heap_rows(dump, half)
        runs = measure_rows(rows, count)
    heading(f"Linux {series}, dump of 2.5 GB with 400,000 files and 200,000 holes among them", count)
    print(table(rows, runs, {}), flush=True)


def bench(series, count):
    """Measure on one kernel and print the table."""
    with Guest(kernel(series), memory="512M", smp=2) as guest:
        guest.run(f"load {LOAD_SECONDS}")
        rows, runs, reads = measure_all(guest.gdb_port, count)
    heading(f"Linux {guest.kernel.release}, 512 MB, 2 CPUs", count)
    print(table(rows, runs, reads), flush=True)


def main():
    """Everything is tried, whatever became of what was before it."""
    parser = argparse.ArgumentParser(prog="bench", description="Print dill's times, memory and reads beside the goals.")
    parser.add_argument("--runs", type=int, default=7, help="counted runs of each command (default 7)")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be given again")
    parser.add_argument("series", nargs="*", default=SERIES, help=f"kernels (default {' '.join(SERIES)}); the first is traced")
    arguments = parser.parse_args()
    count = max(arguments.runs, 1)
    tasks = {
        "commands": [lambda series=series: bench(series, count) for series in arguments.series],
        "reports": [lambda: bench_reports(count)],
        "tracing": [lambda: bench_tracing(arguments.series[0], max(count // 2, 1))],
        "heap": [lambda: bench_heap(HEAP_SERIES, count)],
    }
    measured = failed = 0
    for part in arguments.part or PARTS:
        for task in tasks[part]:
            try:
                task()
                measured += 1
            except KernelUnavailable as reason:
                print(f"bench: skipped: {reason}", flush=True)
            except (RunFailed, GuestError, subprocess.SubprocessError) as reason:
                print(f"bench: {part} FAILED: {reason}", flush=True)
                failed += 1
    return int(failed > 0 or not measured)


if __name__ == "__main__":
    sys.exit(main())
