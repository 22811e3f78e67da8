# SPDX-License-Identifier: MIT
"""`make demo`: boot a small guest with a load, and show the commands on it: program, GDB, a trace and its page."""
import json
import logging
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

SERIES = ("6.12", "6.1")
COMMANDS = (
    "kbase",
    "ktask 1",
    "ktask 'load*'",
    "kstruct list_head",
    "kstruct task_struct cred.uid",
    "kstruct task_struct comm @init_task",
    "kcache kmalloc-64",
)
GDB_COMMANDS = (
    "kbase",
    "ktask 1",
    "kstruct list_head @slab_caches",
    "kcache kmalloc-64 --counts",
    'p/x $kcache("kmalloc-64")',
    "kstruct kmem_cache name @$kcache(\"kmalloc-64\")",
)
LAST_COMMANDS = ("kobj {object}", "knext kmalloc-64 --count 5", "kmap kmalloc-64 --limit 8")
TRACE = Path("build/demo.db")
PAGE = Path("build/demo.html")


def some_kernel():
    """The first kernel of SERIES that can be had."""
    for series in SERIES:
        try:
            return kernel(series)
        except KernelUnavailable as reason:
            print(f"demo: {reason}", flush=True)
    sys.exit("demo: no kernel could be fetched")


def show(title, words):
    """Run a command below a line that says what is run; its failure is the demo's."""
    print(f"\n\033[1m$ {title}\033[0m" if sys.stdout.isatty() else f"\n$ {title}", flush=True)
    try:
        status = subprocess.run(words, check=False, timeout=60).returncode
    except subprocess.TimeoutExpired:
        sys.exit("demo: no answer within 60 s")
    if status:
        sys.exit(f"demo: status {status}")


def show_program(guest):
    """Every command with the program."""
    for command in COMMANDS:
        line = f"build/dill -r :{guest.gdb_port} {command}"
        show(line, shlex.split(line))


def show_gdb(guest):
    """Commands and values in one session of GDB."""
    opening = f"gdb -q -nx -ex 'target remote :{guest.gdb_port}' -ex 'source build/dill.py'"
    words = [*shlex.split(opening), "-batch"]
    for command in GDB_COMMANDS:
        quoted = command.replace('"', '\\"')
        words += ["-ex", f"echo \\n(gdb) {quoted}\\n", "-ex", command]
    show(opening, [*words, "-ex", "detach"])


def next_object(guest):
    """An object to ask about: the one that the next allocation gets."""
    words = ["build/dill", "-r", f":{guest.gdb_port}", "knext", "kmalloc-64", "--count", "1", "--json"]
    lines = subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=60).stdout.splitlines()
    return next(record["object"] for record in map(json.loads, lines) if "object" in record)


def show_objects(guest):
    """What an address is, who gets it next, and all around it."""
    thing = next_object(guest)
    for command in LAST_COMMANDS:
        line = f"build/dill -r :{guest.gdb_port} {command.format(object=thing)}"
        show(line, shlex.split(line))


def show_trace(guest):
    """Three seconds of one process's allocations, and what they amount to."""
    TRACE.unlink(missing_ok=True)
    for line in (
        f"build/dill -r :{guest.gdb_port} trace -t 3 -o {TRACE}",
        f"build/dill report {TRACE} --rows 5",
        f"build/dill report {TRACE} --html {PAGE}",
    ):
        show(line, shlex.split(line))


def main():
    """Boot, show, end; the guest ends with this process."""
    logging.basicConfig(level=logging.INFO, format="demo: %(message)s")
    os.environ["DILL_PAGER"] = "cat"  # it goes on by itself
    which = some_kernel()
    print(f"demo: booting Linux {which.release} with a load in QEMU", flush=True)
    with Guest(which, smp=2) as guest:
        guest.spawn("load").wait_output(r"^ready")
        show_program(guest)
        show_gdb(guest)
        show_objects(guest)
        show_trace(guest)
    print(f"\ndemo: done. A browser shows the trace's page, {PAGE}; `make guest` keeps such a guest running")


if __name__ == "__main__":
    main()
