# SPDX-License-Identifier: MIT
"""`make demo`: boot a small guest with a load, and show the inspection commands on it, program first, then GDB."""
import subprocess
import sys

from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

SERIES = ("6.12", "6.1")
COMMANDS = (
    ["kbase"],
    ["ktask", "1"],
    ["kstruct", "list_head"],
    ["kstruct", "task_struct", "cred.uid"],
    ["kcache", "kmalloc-64"],
)


def some_kernel():
    """The first kernel of SERIES that can be had."""
    for series in SERIES:
        try:
            return kernel(series)
        except KernelUnavailable as reason:
            print(f"demo: {reason}")
    sys.exit("demo: no kernel could be fetched")


def show(title, words):
    """Run a command and show it as typed; its failure is the demo's."""
    print(f"\n\033[1m$ {title}\033[0m" if sys.stdout.isatty() else f"\n$ {title}", flush=True)
    subprocess.run(words, check=True, timeout=60)


def main():
    """Boot, show, end; the guest ends with this process."""
    print("demo: booting a guest ...", flush=True)
    with Guest(some_kernel(), smp=2) as guest:
        load = guest.spawn("load")
        load.wait_output(r"^ready")
        port = f":{guest.gdb_port}"
        for command in COMMANDS:
            show("dill -r :1234 " + " ".join(command), ["build/dill", "-r", port, *command])
        gdb = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote {port}", "-ex", "source build/dill.py"]
        shown = ["kbase", "ktask 1", "kstruct list_head", "kcache kmalloc-64 --counts", 'p $kcache("kmalloc-64")']
        for command in shown:
            gdb += ["-ex", f"echo \\n(gdb) {command}\\n", "-ex", command]
        show("gdb -ex 'target remote :1234' -ex 'source build/dill.py'", gdb + ["-ex", "detach"])
    print("\ndemo: done")


if __name__ == "__main__":
    main()
