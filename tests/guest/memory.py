"""A stopped guest's memory by the test's own means: all of it in a file, and the addresses of the direct map."""

import mmap
import re
import struct

from .qemu import MACHINES
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
        self.first = MACHINES[guest.kernel.architecture].memory
        guest.save_physical(path, self.first, self.size)
        with open(path, "rb") as file:
            self.bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        path.unlink()
        with Stub(guest) as stub:
            if guest.kernel.architecture == "arm64":
                self._place_arm64(guest.kernel, self._word(stub, "memstart_addr"))
            else:
                self.page_offset = self._word(stub, "page_offset_base")
                self.vmemmap = self._word(stub, "vmemmap_base")
            # Without SMP there is one copy, where the symbols are.
            offsets = symbols.get("__per_cpu_offset")
            self.per_cpu = struct.unpack("<2Q", stub.read(offsets, 16)) if offsets else (0,)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.bytes.close()

    def _place_arm64(self, kernel, start):
        """Both arrays as of physical address 0: arch/arm64/include/asm/memory.h (6.9 on), with pages of 4 KiB."""
        bits = int(re.search(r"^CONFIG_ARM64_VA_BITS=(\d+)$", kernel.config.read_text(encoding="utf-8"), re.MULTILINE)[1])
        least = min(bits, 48)
        size = ((1 << bits) - (1 << (least - 1))) >> 12 << 6
        self.page_offset = -(1 << bits) - start & (1 << 64) - 1
        self.vmemmap = -(1 << 30) - size - (start >> 12 << 6) & (1 << 64) - 1

    def _word(self, stub, symbol) -> int:
        return int.from_bytes(stub.read(self.symbols[symbol], 8), "little")

    def find(self, pattern: bytes):
        """Yield the physical address of every occurrence."""
        for match in re.finditer(re.escape(pattern), self.bytes):
            yield self.first + match.start()

    def part(self, phys: int, size: int) -> bytes:
        """Return bytes at a physical address."""
        return self.bytes[phys - self.first : phys - self.first + size]

    def word(self, phys: int) -> int:
        """Return the 64-bit word at a physical address."""
        return int.from_bytes(self.part(phys, 8), "little")

    def virtual(self, phys: int) -> int:
        """Return its address in the direct map."""
        return self.page_offset + phys & (1 << 64) - 1

    def page_struct(self, phys: int) -> int:
        """Return the address of the struct page, of 64 bytes in all kernels of the tests."""
        return self.vmemmap + phys // 4096 * 64 & (1 << 64) - 1
