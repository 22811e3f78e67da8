"""A small QMP client: QEMU's monitor over a connected socket."""

import json
import socket
import threading


class MonitorError(Exception):
    """QEMU refused a command; the text is QEMU's."""


class MonitorGone(MonitorError):
    """QEMU has ended or does not answer."""


class Monitor:
    """One QMP session.

    @param connection  socket whose other end is QEMU's monitor; owned by the caller
    @param timeout     seconds to wait for an answer
    """

    def __init__(self, connection: socket.socket, timeout: float = 60):
        self._socket = connection
        self._timeout = timeout
        self._file = connection.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()
        self._negotiated = False

    def command(self, name: str, timeout: float | None = None, **arguments):
        """Execute a QMP command and return its value; underscores in argument names become "-"."""
        with self._lock:
            if not self._negotiated:
                self._exchange("qmp_capabilities", {}, self._timeout)
                self._negotiated = True
            renamed = {key.replace("_", "-"): value for key, value in arguments.items()}
            return self._exchange(name, renamed, timeout or self._timeout)

    def _exchange(self, name: str, arguments: dict, timeout: float):
        request = {"execute": name, "arguments": arguments}
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            for line in self._file:
                if not line.endswith("\n"):
                    break  # QEMU has ended in the middle of it
                answer = json.loads(line)
                if "error" in answer:
                    raise MonitorError(f"{name}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
                # Anything else is the greeting or an event.
        except OSError as error:
            raise MonitorGone(f"{name}: {error}") from None
        raise MonitorGone(f"{name}: QEMU is gone")

    def hmp(self, line: str) -> str:
        """Execute a command of the human monitor and return what it prints."""
        return self.command("human-monitor-command", command_line=line)
