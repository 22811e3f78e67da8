"""A stopped guest's memory by the test's own means: all of it in a file, and the addresses of the direct map."""

import mmap
import re
import struct

from .stub import Stub


def kallsyms(guest) -> dict[str, int]:
    """Return name -> address of the kernel's symbols; of several with a name the first."""
    symbols = {}
    for line in guest.run("cat /proc/kallsyms").splitlines():
        address, _, name = line.split()[:3]
        symbols.setdefault(name, int(address, 16))
    return symbols


class Memory:
    """A stopped guest's physical memory, of less than 3 GiB; a context manager.

    @param symbols  of kallsyms(), asked for while the guest ran
    """

    def __init__(self, guest, symbols):
        self.symbols = symbols
        self.size = guest.memory_bytes
        path = guest.folder / "memory"
        guest.save_physical(path, 0, self.size)
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        path.unlink()
        with Stub(guest) as stub:
            self.page_offset = self._word(stub, "page_offset_base")
            self.vmemmap = self._word(stub, "vmemmap_base")
            # Without SMP there is one copy, where the symbols are.
            offsets = symbols.get("__per_cpu_offset")
            self.per_cpu = struct.unpack("<2Q", stub.read(offsets, 16)) if offsets else (0,)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.bytes.close()

    def _word(self, stub, symbol) -> int:
        return int.from_bytes(stub.read(self.symbols[symbol], 8), "little")

    def find(self, pattern: bytes):
        """Yield the physical address of every occurrence."""
        for match in re.finditer(re.escape(pattern), self.bytes):
            yield match.start()

    def word(self, phys: int) -> int:
        """Return the 64-bit word at a physical address."""
        return int.from_bytes(self.bytes[phys : phys + 8], "little")

    def virtual(self, phys: int) -> int:
        """Return its address in the direct map."""
        return self.page_offset + phys

    def page_struct(self, phys: int) -> int:
        """Return the address of the struct page, of 64 bytes in all kernels of the tests."""
        return self.vmemmap + phys // 4096 * 64
