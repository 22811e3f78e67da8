# SPDX-License-Identifier: MIT
"""`make demo`: boot a small guest with a load, and show the inspection commands on it, program first, then GDB."""
import logging
import shlex
import subprocess
import sys

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


def main():
    """Boot, show, end; the guest ends with this process."""
    logging.basicConfig(level=logging.INFO, format="demo: %(message)s")
    which = some_kernel()
    print(f"demo: booting Linux {which.release} with a load in QEMU", flush=True)
    with Guest(which, smp=2) as guest:
        guest.spawn("load").wait_output(r"^ready")
        show_program(guest)
        show_gdb(guest)
    print("\ndemo: done")


if __name__ == "__main__":
    main()
