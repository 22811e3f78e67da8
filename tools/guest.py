# SPDX-License-Identifier: MIT
"""`make guest`: keep a guest with a load running, to try dill on, until Ctrl-C. A kernel may be named: `make guest SERIES=6.1`."""
import logging
import signal
import sys

from tests.guest.kernels import SOURCES, KernelUnavailable, kernel
from tests.guest.vm import Guest
from tools.demo import some_kernel

COMMANDS = (
    "build/dill -r :{port} kcensus --rows 10",
    "build/dill -r :{port} kcache kmalloc-64",
    "build/dill -r :{port} kmap kmalloc-64",
    "build/dill -r :{port} knext kmalloc-64 --count 5",
    "build/dill -r :{port} trace -o t.db",
    "gdb -ex 'target remote :{port}' -ex 'source build/dill.py'",
)


def chosen(series):
    """The kernel that was named, or the demo's."""
    if not series:
        return some_kernel()
    if len(series) > 1 or series[0] not in SOURCES:
        sys.exit(f"guest: SERIES is one of {' '.join(SOURCES)}, not {' '.join(series)}")
    try:
        return kernel(series[0])
    except KernelUnavailable as reason:
        sys.exit(f"guest: {reason}")


def main(series):
    """Boot, say what there is, wait; the guest ends with this process."""
    logging.basicConfig(level=logging.INFO, format="guest: %(message)s")
    which = chosen(series)
    print(f"guest: booting Linux {which.release} with a load in QEMU", flush=True)
    with Guest(which, smp=2) as guest:
        guest.spawn("load").wait_output(r"^ready")
        lines = "\n".join(f"  {command.format(port=guest.gdb_port)}" for command in COMMANDS)
        print(f"guest: its gdbstub listens on port {guest.gdb_port}. In another terminal, try:\n\n{lines}\n", flush=True)
        print("A trace ends with Ctrl-C; `report t.db` and `report t.db --html t.html` tell what it saw.", flush=True)
        print("guest: Ctrl-C here ends it", flush=True)
        guest.wait_end()
    sys.exit("guest: it has ended")


if __name__ == "__main__":
    # Whoever ends the guest has what he wants: no trace, no failure. A terminal that is closed, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        print("\nguest: ended")
