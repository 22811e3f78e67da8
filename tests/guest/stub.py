"""A small client of QEMU's gdbstub: reads and writes a stopped guest's memory by the test's own means."""

import re
import select
import socket
import time


PAGE = 4096


class StubError(Exception):
    """The stub refused, or answered nonsense."""


class Stub:
    """One conversation; a context manager. The guest must be stopped, and stays stopped."""

    def __init__(self, guest):
        self._guest = guest
        self._is_physical = False
        self._socket = socket.create_connection(("127.0.0.1", guest.gdb_port), timeout=300)
        # Acknowledgement and next request are two small writes: else each waits for the other end's delayed ACK.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""
        self.ask("qSupported:multiprocess+")
        self.ask("qXfer:features:read:target.xml:0,ffb")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._socket.close()

    def _packet(self) -> str:
        while True:
            match = re.search(rb"\$([^#]*)#..", self._bytes, re.DOTALL)
            if match:
                self._bytes = self._bytes[match.end() :]
                self._socket.sendall(b"+")
                return match.group(1).decode("latin-1")
            more = self._socket.recv(65536)
            if not more:
                raise StubError("the stub has hung up")
            self._bytes += more

    def ask(self, request: str) -> str:
        """Send one packet and return its answer; stop replies that come by themselves are dropped."""
        text = request.encode("latin-1")
        self._socket.sendall(b"$%s#%02x" % (text, sum(text) & 0xFF))
        answer = self._packet()
        while re.match(r"T\d\dthread:", answer):
            answer = self._packet()
        return answer

    def send(self, request: str) -> None:
        """Send one packet whose answer wait() gives: the guest runs meanwhile."""
        text = request.encode("latin-1")
        self._socket.sendall(b"$%s#%02x" % (text, sum(text) & 0xFF))

    def wait(self, seconds: float) -> str | None:
        """The stop of a running guest, None when there is none in that time.

        It is not acknowledged while it may run: any byte would stop the guest.
        """
        deadline = time.monotonic() + seconds
        while not (match := re.search(rb"\$([^#]*)#..", self._bytes, re.DOTALL)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._socket], [], [], left)[0]:
                return None
            more = self._socket.recv(65536)
            if not more:
                raise StubError("the stub has hung up")
            self._bytes += more
        self._bytes = self._bytes[match.end() :]
        return match.group(1).decode("latin-1")

    def interrupt(self) -> str:
        """Stop the running guest; its stop."""
        self._socket.sendall(b"\x03")
        stop = self.wait(20)
        if stop is None:
            raise StubError("the guest does not stop")
        return stop

    def physical(self, on: bool) -> None:
        """Let addresses be physical ones, or the kernel's virtual ones."""
        if self.ask(f"Qqemu.PhyMemMode:{int(on)}") != "OK":
            raise StubError("no physical memory mode")
        self._is_physical = on

    def read(self, address: int, size: int) -> bytes:
        """Bytes of memory, of any length."""
        data = b""
        while len(data) < size:
            at = address + len(data)
            part = min(0x400, size - len(data), PAGE - at % PAGE)
            data += bytes.fromhex(self._access(at, f"m{{:x}},{part:x}", 2 * part))
        return data

    def write(self, address: int, data: bytes) -> None:
        """Write bytes of one page."""
        if self._access(address, f"M{{:x}},{len(data):x}:{data.hex()}", 2) != "OK":
            raise StubError(f"cannot write {address:#x}")

    def _access(self, address: int, request: str, size: int) -> str:
        """The answer, of so many characters, to a request at an address."""
        answer = self.ask(request.format(address))
        if len(answer) != size and not self._is_physical:
            # A CPU in user mode does not see the kernel's memory where its page tables are isolated (pti=on).
            target = self._translate(address)
            self.physical(True)
            answer = self.ask(request.format(target))
            self.physical(False)
        if len(answer) != size:
            raise StubError(f"no memory at {address:#x}: {answer[:20]}")
        return answer

    def _translate(self, address: int) -> int:
        """Physical address of one of the kernel's: its page table is the lower of two neighbours."""
        registers = self._guest.monitor.hmp("info registers")
        cr3, cr4 = (int(re.search(rf"{name}=([0-9a-f]+)", registers)[1], 16) for name in ("CR3", "CR4"))
        entry, shift = cr3 & ~PAGE, 48 if cr4 >> 12 & 1 else 39
        self.physical(True)
        try:
            while True:
                table = entry & (1 << 52) - PAGE
                entry = int.from_bytes(self.read(table + (address >> shift & 511) * 8, 8), "little")
                if not entry & 1:
                    raise StubError(f"{address:#x} is not mapped")
                if shift == 12 or entry & 0x80:
                    return entry & (1 << 52) - (1 << shift) | address & (1 << shift) - 1
                shift -= 9
        finally:
            self.physical(False)


def kfence_pool(guest, symbols) -> range:
    """The addresses of a stopped guest's KFENCE pool: of 255 objects, as in all kernels of the tests."""
    with Stub(guest) as stub:
        start = int.from_bytes(stub.read(symbols["__kfence_pool"], 8), "little")
    return range(start, start + (2 << 20))
