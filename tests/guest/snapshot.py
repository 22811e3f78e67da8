"""The kernel's own counters of a heap at rest: what snapshot.c read before and after a look."""

import re
import shlex
import time

# Long enough for what the starting shell has freed to be free, and for a few readings.
SETTLE_S = 0.5


def _readings(text: str) -> list[dict[str, str]]:
    """Return file -> text for every reading in snapshot's output, oldest first."""
    readings = []
    for part in re.split(r"^== \d+\n", text, flags=re.MULTILINE)[1:]:
        pieces = re.split(r"^-- (.*)\n", part.removesuffix("end\n"), flags=re.MULTILINE)[1:]
        readings.append(dict(zip(pieces[::2], pieces[1::2])))
    return readings


def looked_at(guest, files, look):
    """Call *look* while the guest reads *files*; return its value and what the guest read.

    The guest runs nothing else meanwhile, so that a counter which does not change by itself is the
    same in *look*'s eyes and in one of the readings.
    """
    # Quoted: realtime kernels have a cache "page->ptl".
    program = guest.spawn(f"snapshot {shlex.join(files)}")
    program.wait_output(r"^ready \d+")
    time.sleep(SETTLE_S)
    value = look()
    time.sleep(SETTLE_S / 4)
    program.kill(10)  # SIGUSR1
    program.wait_output(r"^end$")
    return value, _readings(program.output())
