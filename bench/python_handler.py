# SPDX-License-Identifier: MIT
"""For GDB: what a tracer in Python would be, to measure dill's beside it. Not part of dill.

Breakpoints whose stop() says False: at each of the allocator's functions it reads the pointer or size and who called,
and follows an allocation to its return address, where a breakpoint stays. The table of functions comes in the
environment, as JSON: [[address, name, "alloc" or "free", register of the size or pointer], ...]; the number of events,
too. They are printed, and counted and timed from the first to the last.
"""
import json
import os
import time

import gdb

LIMIT = int(os.environ["DILL_BENCH_EVENTS"])
MASK = (1 << 64) - 1


class Trace:
    """Events so far, and calls whose return is awaited: (return address, stack) -> (function, size, caller)."""

    count = 0
    began = None
    returns = {}
    waiting = {}

    @classmethod
    def tell(cls, *words):
        """An event; True when it was the last."""
        cls.began = cls.began or time.monotonic()
        cls.count += 1
        gdb.write(" ".join(words) + "\n")
        if cls.count == LIMIT:
            gdb.write(f"rate {(LIMIT - 1) / (time.monotonic() - cls.began):.1f}\n")
        return cls.count >= LIMIT


def registers(*names):
    """Values of the stopped CPU's registers."""
    frame = gdb.newest_frame()
    return [int(frame.read_register(name)) & MASK for name in names]


def word(address):
    """Eight bytes of memory."""
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8).tobytes(), "little")


class Return(gdb.Breakpoint):
    """Where an allocation returns to."""

    def __init__(self, address):
        super().__init__(f"*{address:#x}", internal=True)

    def stop(self):
        rip, rsp, rax = registers("rip", "rsp", "rax")
        call = Trace.waiting.pop((rip, rsp), None)
        return bool(call) and Trace.tell("alloc", call[0], f"{rax:#x} {call[1]} {call[2]:#x}")


class Entry(gdb.Breakpoint):
    """One of the allocator's functions."""

    def __init__(self, address, name, kind, register):
        super().__init__(f"*{address:#x}", internal=True)
        self.name, self.kind, self.register = name, kind, register

    def stop(self):
        rsp, value = registers("rsp", self.register)
        caller = word(rsp)
        if self.kind == "free":
            return value > 16 and Trace.tell("free", self.name, f"{value:#x} {caller:#x}")
        if caller not in Trace.returns:
            Trace.returns[caller] = Return(caller)
        Trace.waiting[caller, rsp + 8] = self.name, value, caller
        return False


gdb.execute("set pagination off")
for entry in json.loads(os.environ["DILL_BENCH_FUNCTIONS"]):
    Entry(*entry)
