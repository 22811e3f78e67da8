# SPDX-License-Identifier: MIT
"""A plugin for GDB that behaves as pwndbg does: when one of its names is a command already, GDB ends."""
import gdb

NAMES = ("kbase", "kcache", "jealous")


def exists(name):
    """Whether GDB knows a command, by its list of all and by asking for this one."""
    if any(line.split()[:1] == [name] for line in gdb.execute("help all", to_string=True).splitlines()):
        return True
    try:
        gdb.execute(f"help {name}", to_string=True)
    except gdb.error:
        return False
    return True


class Jealous(gdb.Command):
    """A command of the plugin's, which says whose it is."""

    def __init__(self, name):
        if exists(name):
            gdb.write(f"jealous: {name} exists already\n")
            gdb.execute("quit 3")
        super().__init__(name, gdb.COMMAND_USER)
        self._name = name

    def invoke(self, argument, from_tty):
        """What GDB calls."""
        del from_tty
        gdb.write(f"jealous {self._name} {argument}".rstrip() + "\n")


for each in NAMES:
    Jealous(each)
