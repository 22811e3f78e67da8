"""System V messages in a guest, whose content the test knows: see msg.c.

The kernel puts a struct msg_msg in front of a message's content, with the type (the serial) and the
size at offsets 16 and 24.
"""

import time

HEADER = 48
MAGIC = b"DILLMSG!"
# Every spawn has serials of its own: what an earlier one has left in free memory is none of its
# messages. Those of order.c are smaller. A multiple of everything that `free_every` can be.
_STEP = 5040 * 1000

_spawned = 0


class Messages:
    """Messages of (size, count) in *pairs*; each whose serial is a multiple of *free_every* is received again."""

    def __init__(self, guest, *pairs, free_every: int = 0, pause_us: int = 0):
        global _spawned
        _spawned += 1
        self.free_every = free_every
        self.count = sum(count for _, count in pairs)
        first = _spawned * _STEP + 1
        self.serials = range(first, first + self.count)
        words = " ".join(f"{size} {count}" for size, count in pairs)
        freed = f"-f {free_every} " if free_every else ""
        paced = f"-p {pause_us} " if pause_us else ""
        self.program = guest.spawn(f"msg {freed}{paced}-s {first} {words}")
        self.program.wait_output("^ready")
        self.pid = self.program.pid

    def is_kept(self, serial: int) -> bool:
        """Whether the program still holds this one."""
        return not self.free_every or serial % self.free_every != 0

    def find(self, memory):
        """Yield (serial, size, physical address of the struct msg_msg) of every one that was ever in a kernel object.

        A copy in a process's memory does not have the kernel's header in front.
        """
        for phys in memory.find(MAGIC):
            serial, size = memory.word(phys + 8), memory.word(phys + 16)
            start = phys - HEADER
            if serial in self.serials and memory.word(start + 16) == serial and memory.word(start + 24) == size:
                yield serial, size, start


def fragment(guest, *pairs):
    """Make holes in many caches, and Messages of which every third was received again."""
    guest.run("for i in $(seq 600); do : >/tmp/f$i; done; rm /tmp/f*[2357]")
    return Messages(guest, *pairs, free_every=3)


def sample_messages(guest):
    """500 messages of 200 bytes, of which KFENCE gets dozens.

    It takes one allocation every so many milliseconds: here of 5, and seldom again afterwards; a message
    is sent every 2.
    """
    parameter = "/sys/module/kfence/parameters/sample_interval"
    usual = int(guest.read_file(parameter))
    guest.run(f"echo 5 >{parameter}")
    time.sleep(usual / 1000 + 0.5)  # until the next sample, which is planned already
    messages = Messages(guest, (200, 500), pause_us=2000)
    guest.run(f"echo {usual} >{parameter}")
    return messages


def exhaust_large_blocks(guest, cache, free_every: int = 0):
    """Hold messages in *cache*, of 2 KiB, until it has 40 slabs of the smallest order; for guests of the flavour "tight".

    How many that takes varies: what a CPU has in its own list of free pages may become a large block again.

    @returns  the Messages
    """
    held = []
    for _ in range(8):
        held.append(Messages(guest, (1900, 3000), free_every=free_every))
        words = guest.run(f"cd /sys/kernel/slab/{cache}; cat slabs objs_per_slab total_objects").split("\n")
        slabs, each, total = (int(word.split()[0]) for word in words[:3])
        if total < slabs * each - 40 * (each - 2):
            return held
    raise AssertionError(f"{cache}: {slabs} slabs, hardly one of less than {each} objects")
