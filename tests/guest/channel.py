"""The host half of the command channel into a guest; agent.c is the other and has the protocol."""

import dataclasses
import mmap
import select
import socket
import struct
import threading
import time

_REQUEST = struct.Struct("<III")
# How long a killed command may take to be reported as ended.
KILL_GRACE_S = 5


class ChannelError(Exception):
    """The other end is gone or silent; the text says what was waited for."""


@dataclasses.dataclass(frozen=True)
class Result:
    """How a command ended: exit status (128 + signal if killed) and what it wrote."""

    status: int
    stdout: bytes
    stderr: bytes


class Channel:
    """Runs commands in the guest, one at a time; may be used from several threads.

    @param port    socket connected to the guest's serial port; owned by the caller
    @param window  memory shared with the guest; owned by the caller
    """

    def __init__(self, port: socket.socket, window: mmap.mmap):
        self._port = port
        self._window = window
        self._half = len(window) // 2
        self._received = bytearray()
        self._id = 0
        self._lock = threading.Lock()

    def wait_ready(self, timeout: float) -> None:
        """Wait for the guest's agent; raise ChannelError after *timeout* seconds."""
        deadline = time.monotonic() + timeout
        while self._line(deadline, "the guest's agent") != "ready":
            pass

    def execute(self, command: str, stdin: bytes, timeout: float) -> Result:
        """Run a shell command and return its result.

        Raises ChannelError when it does not end within *timeout* seconds (it is killed then), or
        when the guest is gone or stopped.
        """
        line = command.encode()
        if _REQUEST.size + len(line) + len(stdin) > self._half:
            raise ValueError("command and input do not fit into the window")
        with self._lock:
            self._id += 1
            header = _REQUEST.pack(self._id, len(line), len(stdin))
            request = header + line + stdin
            self._window[: len(request)] = request
            self._send("run")
            return self._result(command, timeout)

    @property
    def max_input_bytes(self) -> int:
        """How much standard input surely fits beside a command of up to 4096 bytes."""
        return self._half - _REQUEST.size - 4096

    def _result(self, command: str, timeout: float) -> Result:
        deadline = time.monotonic() + timeout
        try:
            status, out_bytes, err_bytes = self._answer("done", deadline, command)
        except TimeoutError:
            self._send("kill")
            try:
                self._answer("done", time.monotonic() + KILL_GRACE_S, command)
            except TimeoutError:
                raise ChannelError(
                    f"no answer from the guest (is it stopped?) to: {command}"
                ) from None
            raise ChannelError(f"killed after {timeout} s: {command}") from None
        total = out_bytes + err_bytes
        data = bytearray()
        while True:
            part = min(total - len(data), self._half)
            data += self._window[self._half : self._half + part]
            if len(data) == total:
                break
            self._send("more")
            try:
                self._answer("part", deadline, command)
            except TimeoutError:
                raise ChannelError(f"output took more than {timeout} s: {command}") from None
        return Result(status, bytes(data[:out_bytes]), bytes(data[out_bytes:]))

    def _send(self, verb: str) -> None:
        try:
            self._port.sendall(f"{verb} {self._id}\n".encode())
        except OSError as error:
            raise ChannelError(f"the guest is gone: {error}") from None

    def _answer(self, verb: str, deadline: float, what: str) -> list[int]:
        """Wait for an answer to the current command, return the numbers after its ID."""
        while True:
            words = self._line(deadline, what).split()
            if words[:2] == [verb, str(self._id)]:
                return [int(word) for word in words[2:]]

    def _line(self, deadline: float, what: str) -> str:
        while b"\n" not in self._received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._port], [], [], left)[0]:
                raise TimeoutError(f"timeout while waiting for {what}")
            try:
                data = self._port.recv(4096)
            except ConnectionError:
                data = b""
            if not data:
                raise ChannelError(f"the guest ended while waiting for {what}")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line.decode("ascii", "replace")
