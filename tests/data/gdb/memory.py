# SPDX-License-Identifier: MIT
"""For GDB: what memory a command that fails leaves behind in GDB's process, by glibc's own count."""
import ctypes

import gdb

FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"  # malloc.h


class Mallinfo2(ctypes.Structure):
    """What mallinfo2() returns, since glibc 2.33."""

    _fields_ = [(name, ctypes.c_size_t) for name in FIELDS.split()]


def in_use():
    """Bytes that are allocated in this process."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = Mallinfo2
    return library.mallinfo2().uordblks


def fail(command, times):
    """The error of a command that is tried many times."""
    said = None
    for _ in range(times):
        try:
            gdb.execute(command, to_string=True)
        except gdb.error as error:
            said = str(error)
    return said


class Left(gdb.Command):
    """left COMMAND: say its error, and the bytes that 200 more failures of it leave."""

    def __init__(self):
        super().__init__("left", gdb.COMMAND_USER)

    def invoke(self, argument, from_tty):
        """What GDB calls."""
        del from_tty
        said = fail(argument, 20)  # what is kept from the first time on
        before = in_use()
        fail(argument, 200)
        gdb.write(f"{said}\nleft {in_use() - before}\n")


Left()
