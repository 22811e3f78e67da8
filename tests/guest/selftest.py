"""Boot every kernel, try the whole kit on it, print one line each.

``python3 -m tests.guest.selftest [SERIES...]``; exit status 1 if a kernel fails, a series that
cannot be had is only reported.
"""

import argparse
import os
import re
import sys
import tempfile
import time

from .kernels import SERIES, Kernel, KernelUnavailable, kernel
from .memory import kallsyms
from .monitor import MonitorError
from .stub import Stub
from .vm import CommandFailed, Guest, GuestError

ROUND_TRIPS = 20
BULK_BYTES = 32 << 20
CONTROL_NAME = "evil\x1b[31m\n"


class Unexpected(Exception):
    """The kit answered something else than it should."""


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise Unexpected(what)


def _check_commands(guest: Guest) -> None:
    """Exit status, the two outputs, input, timeouts and files."""
    result = guest.execute("cat; echo error >&2; exit 3", stdin=b"a\0b\xff")
    _expect((result.status, result.stdout, result.stderr) == (3, b"a\0b\xff", b"error\n"), "result")
    try:
        guest.run("false")
        raise Unexpected("false succeeded")
    except CommandFailed:
        pass
    try:
        guest.run("sleep 60", timeout=0.5)
        raise Unexpected("a timeout did not happen")
    except GuestError as error:
        _expect("killed after" in str(error), "a timeout is not said to be one")
    data = os.urandom(1000) * 12000  # more than the window holds
    guest.write_file("/tmp/data", data)
    _expect(guest.read_file("/tmp/data") == data, "a file changed on its way")
    guest.run("rm /tmp/data")


def _check_oracles(guest: Guest) -> None:
    """What the tests compare with is there and tells addresses."""
    _expect("kmalloc-64" in guest.run("cat /proc/slabinfo"), "no /proc/slabinfo")
    text = re.search(r"^([0-9a-f]+) T _text$", guest.run("cat /proc/kallsyms"), re.MULTILINE)
    _expect(text is not None and int(text.group(1), 16) != 0, "no addresses in /proc/kallsyms")
    guest.run("test -r /sys/kernel/slab/kmalloc-64/objects")
    guest.run("test -d /sys/kernel/tracing/events/kmem/kmalloc")
    guest.run("test -s /sys/kernel/btf/vmlinux")


def _check_programs(guest: Guest) -> None:
    """The programs do what they print."""
    named = guest.spawn(r"named 'evil\e[31m\n' 2 1000")
    named.wait_output("^ready")
    tids = re.findall(r"^thread (\d+)$", named.output(), re.MULTILINE)
    _expect(len(tids) == 2, "named: threads")
    comm = guest.read_file(f"/proc/{named.pid}/task/{tids[0]}/comm")
    _expect(comm == CONTROL_NAME.encode() + b"\n", f"named: comm is {comm}")
    _expect("\t1000\t1000" in guest.run(f"grep ^Uid /proc/{named.pid}/status"), "named: uid")

    messages = guest.spawn("msg -f 4 80 100 5000 8")
    messages.wait_output("^ready")
    _expect("size 80 serials 1 100 live 75 freed 25" in messages.output(), "msg: first size")
    count = "awk 'NR > 1 { n += $5 } END { print n + 0 }' /proc/sysvipc/msg"
    _expect(guest.run(count).strip() == "81", "msg: not 81 messages in the kernel")
    messages.kill()

    cpus = int(guest.run("nproc"))
    load = guest.spawn("load 1")
    load.wait_output(f"^ready {5 * cpus}$")
    done = load.wait_output("^done( [a-z]+ [1-9][0-9]*){5}$")
    _expect(done is not None, "load: a kind made no turn")

    spin = guest.spawn(f"spin {cpus - 1}")
    spin.wait_output("^ready")
    _expect(spin.alive(), "spin ended")
    spin.kill()
    named.kill()


def _check_machine(guest: Guest) -> None:
    """Stop, continue, memory and crash dumps."""
    guest.stop()
    _expect(not guest.is_running(), "it runs after stop")
    guest.cont()
    _expect(guest.is_running(), "it does not run after cont")
    with tempfile.TemporaryDirectory() as folder:
        guest.save_physical(f"{folder}/memory", 0x100000, 4096)
        _expect(os.path.getsize(f"{folder}/memory") == 4096, "pmemsave")
        guest.dump(f"{folder}/vmcore")
        with open(f"{folder}/vmcore", "rb") as core:
            head = core.read(65536)
        _expect(head.startswith(b"\x7fELF") and b"OSRELEASE=" in head, "no VMCOREINFO in the dump")


def _check_stub(guest: Guest) -> None:
    """The kernel's memory can be read and written whatever a CPU does."""
    symbols = kallsyms(guest)
    for cpu in range(int(guest.run("nproc"))):
        guest.spawn(f"spin {cpu}").wait_output("^ready")
    modes = set()
    for _ in range(100):
        guest.stop()
        modes |= set(re.findall("CPL=([03])", guest.monitor.hmp("info registers")))
        with Stub(guest) as stub:
            banner = stub.read(symbols["linux_banner"], 100)
            offset = int.from_bytes(stub.read(symbols["page_offset_base"], 8), "little")
            word = stub.read(offset, 8)
            stub.write(offset, word)
            _expect(stub.read(offset, 8) == word, "stub: a word changed")
        _expect(banner.startswith(b"Linux version "), f"stub: {banner}")
        guest.cont()
        if modes == {"0", "3"}:
            break
    _expect("3" in modes, "stub: no CPU in user mode")
    guest.end_spawned()


def _measure(guest: Guest) -> str:
    """Return boot time, round trip and transfer rate as text."""
    started = time.monotonic()
    for _ in range(ROUND_TRIPS):
        guest.run(":")
    trip_ms = (time.monotonic() - started) / ROUND_TRIPS * 1000
    guest.run(f"head -c {BULK_BYTES} /dev/zero >/tmp/bulk")
    started = time.monotonic()
    guest.read_file("/tmp/bulk")
    rate = BULK_BYTES / (time.monotonic() - started) / 1e6
    guest.run("rm /tmp/bulk")
    return f"boot {guest.boot_seconds:.1f} s, round trip {trip_ms:.1f} ms, transfer {rate:.0f} MB/s"


def check(found: Kernel) -> str:
    """Boot one kernel and check everything; return the line to print."""
    with Guest(found, smp=2, vmcoreinfo=True) as guest:
        _check_commands(guest)
        _check_oracles(guest)
        _check_programs(guest)
        _check_machine(guest)
        _check_stub(guest)
        return _measure(guest)


def main() -> int:
    """Check the series named on the command line, all without arguments."""
    parser = argparse.ArgumentParser(prog="tests.guest.selftest", description=main.__doc__)
    parser.add_argument("series", nargs="*", default=SERIES)
    failed = False
    for series in parser.parse_args().series:
        try:
            found = kernel(series)
            print(f"{found.release}: {check(found)}", flush=True)
        except KernelUnavailable as error:
            print(f"skipped: {error}", flush=True)
        except (GuestError, MonitorError, Unexpected) as error:
            print(f"FAILED: {series}: {error}", flush=True)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
