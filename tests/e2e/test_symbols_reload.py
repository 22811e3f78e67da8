# SPDX-License-Identifier: MIT
"""What `dill symbols` has loaded in GDB follows the guest: modules that come and go, another boot; GDB's breakpoints go along."""
import re
import threading

import pytest

from tests.gdb_session import GdbSession
from tests.matrix import on

# Functions that run when somebody asks for it, and how: one of the kernel's, one of a module's.
KERNEL = ("vmstat_refresh", "cat /proc/sys/vm/stat_refresh")
MODULE = ("fw_cfg_showrev", "cat /sys/firmware/qemu_fw_cfg/rev")
NAME = "qemu_fw_cfg"


class Session:
    """A GDB that has nothing but what dill loads, and what the guest itself says of where things are."""

    def __init__(self, guest, gdb, folder):
        self.guest, self.gdb, self.folder = guest, gdb, folder
        self.addresses = {}
        self.stopped = threading.Thread()  # waits for a command that a breakpoint has stopped

    def look(self):
        """Ask the guest, which runs, where the two functions are."""
        symbols = [line.split() for line in self.guest.read_file("/proc/kallsyms").decode().splitlines()]
        self.addresses = {line[2]: int(line[0], 16) for line in symbols if line[2] in (KERNEL[0], MODULE[0])}

    def go_on(self):
        """The guest runs, and has done what it was stopped in."""
        self.gdb.start("continue")
        if self.stopped.ident:
            self.stopped.join()

    def let_run(self, *commands):
        """The guest runs as long as it takes to do something, and is stopped then."""
        self.go_on()
        for command in commands:
            self.guest.run(command)
        self.look()
        self.gdb.interrupt()
        self.gdb.wait()

    def breakpoints(self):
        """{function: (enabled, address or None)} as GDB lists them."""
        text = self.gdb.run("info breakpoints")
        found = {}
        for line in text.splitlines():
            if match := re.match(r"(\d)\s+breakpoint\s+keep ([yn])\s+(?:0x([0-9a-f]+) <(\w+)|<PENDING>\s+(\w+))", line):
                found[match[4] or match[5]] = (match[2] == "y", match[3] and int(match[3], 16))
        return found

    def check(self, *functions, enabled=True):
        """Breakpoints and symbols are where the guest has these functions, and of one that it lacks nothing is left."""
        for name, _ in (KERNEL, MODULE):
            address = self.addresses.get(name)
            assert (address is not None) == (name in functions)
            assert self.breakpoints()[name] == (enabled, address), self.gdb.run("info breakpoints")
            if address:
                assert self.gdb.run(f"info symbol {address}").startswith(f"{name} in section ")
            else:
                assert f'No symbol "{name}" in current context' in self.gdb.run(f"p {name}")
        assert len(list(self.folder.iterdir())) == 1  # what was loaded before is gone

    def hit(self, function, command):
        """A breakpoint is met, and the way there leads from the program."""
        self.go_on()
        self.stopped = threading.Thread(target=self.guest.run, args=(command,))
        self.stopped.start()
        assert re.search(rf"Breakpoint \d, .*{function} \(", self.gdb.wait())
        assert re.search(r"<signal handler called>\n#\d+ +0x0000[0-9a-f]+ in \?\? \(\)$", self.gdb.run("bt"))


@pytest.mark.parametrize("case", on("plain", spoils=True), ids=str)
def test_symbols_follow_the_guest(case, pool, tmp_path, monkeypatch):
    """By themselves with the setting, before the next command of dill's; and by hand."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pool.lend(case) as guest, GdbSession(guest) as gdb:
        session = Session(guest, gdb, tmp_path)
        gdb.run("set dill symbols on")
        session.let_run()
        assert "set dill symbols on" not in gdb.run("kcache kmalloc-64")  # nothing is missing
        for function, _ in (KERNEL, MODULE):
            gdb.run(f"break {function}")
        session.check(KERNEL[0], MODULE[0])
        session.hit(*MODULE)

        session.let_run(f"rmmod {NAME}")
        assert "Error" not in gdb.run("kcache kmalloc-64")
        session.check(KERNEL[0])
        session.hit(*KERNEL)

        gdb.run("set dill symbols off")
        session.let_run(f"insmod /modules/{NAME}.ko")
        assert "Error" not in gdb.run("dill symbols")
        session.check(KERNEL[0], MODULE[0])
        session.hit(*MODULE)

        # Another boot, where the kernel is somewhere else: breakpoints at places of the old one might be met in it.
        gdb.run("disable")
        guest.monitor.command("set-action", reboot="reset")
        session.go_on()
        guest.monitor.command("system_reset")
        guest.wait_ready()
        session.look()
        gdb.interrupt()
        gdb.wait()
        gdb.run("set dill symbols on")
        assert "Error" not in gdb.run("kcache kmalloc-64")
        session.check(KERNEL[0], MODULE[0], enabled=False)
        gdb.run("enable")
        session.hit(*MODULE)
        session.hit(*KERNEL)
        gdb.run("delete")
        session.go_on()
        gdb.interrupt()
        gdb.wait()
    assert not list(tmp_path.iterdir())
