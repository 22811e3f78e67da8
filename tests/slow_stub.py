# SPDX-License-Identifier: MIT
"""A gdbstub as KGDB has it over a serial line, in front of QEMU's: small packets, and nothing that only QEMU knows.

    with SlowStub(guest) as stub:
        subprocess.run([DILL, "-r", f":{stub.port}", "kbase"])
        print(stub.packets)
"""
import re
import socket
import threading

# What kernel/debug/gdbstub.c answers besides memory and registers; to all other queries it is silent.
QUERIES = (b"qC", b"qfThreadInfo", b"qsThreadInfo")
# Its 'g': sixteen registers and rip in eight bytes each, eflags and six selectors in four.
REGISTERS_DIGITS = 2 * (17 * 8 + 7 * 4)
PACKET = re.compile(rb"\$([^#]*)#[0-9a-f]{2}", re.DOTALL)


def framed(body):
    """A packet with its checksum."""
    return b"$%s#%02x" % (body, sum(body) % 256)


class SlowStub:
    """The proxy. It serves one debugger after the other, and counts what they ask.

    @param packet_size  bytes of a packet, which bound an 'm' to half of that
    """

    def __init__(self, guest, packet_size=0x80):
        self._guest_port = guest.gdb_port
        self._packet_size = packet_size
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.packets = 0  # requests so far
        self._last = b""
        self.asked = {}  # by their first letter
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._guest_port)) as stub:
                for end in (client, stub):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    self._converse(client, stub)
                except ConnectionError:
                    pass

    @staticmethod
    def _settle(stub):
        """Swallow the stop that QEMU tells whoever connects, as KGDB does not."""
        stub.sendall(framed(b"qC"))
        data = b""
        while not (found := re.search(rb"\$QC[^#]*#..", data, re.DOTALL)):
            more = stub.recv(65536)
            if not more:
                raise ConnectionError("the guest's stub hangs up")
            data += more
        stub.sendall(b"+" * len(PACKET.findall(data[:found.end()])))

    def _converse(self, client, stub):
        """Until one of them hangs up. A stop that comes later is a reply as well, for the guest's sake."""
        self._settle(stub)
        relay = threading.Thread(target=self._relay, args=(stub, client), daemon=True)
        relay.start()
        data = b""
        while more := client.recv(65536):
            data += more
            while True:
                data = data.lstrip(b"+-")
                if data.startswith(b"\x03"):
                    stub.sendall(data[:1])
                    data = data[1:]
                elif found := PACKET.match(data):
                    data = data[found.end():]
                    client.sendall(b"+")
                    self._take(found[1], client, stub)
                else:
                    break
        stub.shutdown(socket.SHUT_RDWR)
        relay.join()

    def _relay(self, stub, client):
        """Hand the stub's packets on, and acknowledge them."""
        data = b""
        try:
            while more := stub.recv(65536):
                data += more
                while found := PACKET.search(data):
                    data = data[found.end():]
                    stub.sendall(b"+")
                    body = found[1]
                    if self._last == b"g" and not body.startswith(b"E"):
                        body = body[:REGISTERS_DIGITS]
                    client.sendall(framed(body))
        except OSError:
            pass

    def _take(self, request, client, stub):
        self.packets += 1
        self.asked[request[:1]] = self.asked.get(request[:1], 0) + 1
        self._last = request
        answer = self._own_answer(request)
        if answer is None:
            # QEMU remembers of an earlier debugger that it knows processes, and then wants one named.
            stub.sendall(framed(b"D;1" if request == b"D" else request))
        else:
            client.sendall(framed(answer))

    def _own_answer(self, request):
        """What this stub says by itself; None for what QEMU's answers as well."""
        if request.startswith(b"qSupported"):
            return b"PacketSize=%x" % self._packet_size
        if request[:1] in b"qQv" and request not in QUERIES:
            return b""
        if request[:1] == b"m" and 2 * int(request.split(b",")[1], 16) > self._packet_size:
            return b"E22"
        return None
