"""A running guest's RAM in QEMU's process, for a test that writes it while somebody else has the gdbstub."""

import os
import re


class Ram:
    """Read and written by physical address below 3 GiB; a context manager."""

    def __init__(self, guest):
        with open(f"/proc/{guest.pid}/maps", encoding="ascii") as file:
            ranges = re.findall(r"^(\w+)-(\w+) rw", file.read(), re.MULTILINE)
        areas = [(int(low, 16), int(high, 16)) for low, high in ranges]
        self.size = guest.memory_bytes
        self._start = next(low for low, high in areas if high - low == self.size)
        self._file = os.open(f"/proc/{guest.pid}/mem", os.O_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        os.close(self._file)

    def read(self, address: int, size: int) -> bytes:
        """Bytes at a physical address."""
        return os.pread(self._file, size, self._start + address)

    def write(self, address: int, data: bytes) -> None:
        """Write them."""
        os.pwrite(self._file, data, self._start + address)

    def find(self, pattern: bytes) -> list[int]:
        """Return the address of every occurrence."""
        return [match.start() for match in re.finditer(re.escape(pattern), self.read(0, self.size))]
