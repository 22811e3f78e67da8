# SPDX-License-Identifier: MIT
"""A GDB with the plugin, as somebody uses it who types one command after the other.

    with GdbSession(guest) as gdb:
        print(gdb.run("info breakpoints"))
        gdb.start("continue")
        gdb.interrupt()
        print(gdb.wait())
"""
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 300


class GdbSession:
    """One GDB at a guest, which it stops; at the end it detaches, so that the guest runs.

    @param symbols  words for symbol-file, None: GDB knows no symbols
    @param command  how GDB is started
    """

    def __init__(self, guest, symbols=None, command=("gdb",)):
        # Of a suite that a shell runs in the background Ctrl-C is ignored: GDB would do so, too.
        self._process = subprocess.Popen(
            ["env", "--default-signal=INT", *command, "-q", "-nx"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self._remote = f":{guest.gdb_port}"
        self._bytes = b""
        self._ended = False
        self._more = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self._number = 0
        for word in ("confirm off", "pagination off", "width 0", "prompt \\n"):
            self.run(f"set {word}")
        if symbols:
            self.run(f"symbol-file {symbols}", timeout=300)
        self.run(f"target remote {self._remote}")
        self.run(f"source {ROOT}/build/dill.py")

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        try:
            if not exc_info[0]:
                self.run("detach")
                self._send("quit")
                self._process.wait(timeout=TIMEOUT_S)
        finally:
            self._process.kill()
            self._process.wait()
            if exc_info[0]:  # others use the guest, or look at it
                subprocess.run([ROOT / "build/dill", "-r", self._remote, "rescue"], check=False, timeout=TIMEOUT_S)

    def _read(self):
        while data := self._process.stdout.read1(65536):
            with self._more:
                self._bytes += data
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _send(self, line):
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def _mark(self):
        return f"@@ done {self._number} @@"

    def start(self, command):
        """Give a command, and do not wait for its end."""
        with self._more:
            self._bytes = b""
        self._number += 1
        self._send(command)
        self._send(f"echo {self._mark()}\\n")

    def output(self):
        """What the command that was started has printed so far."""
        with self._more:
            return self._bytes.decode("utf-8", "replace")

    def wait(self, timeout=TIMEOUT_S):
        """What the command that was started has printed, once it has ended."""
        return self._until(lambda text: self._mark() in text, timeout).split(self._mark())[0].strip("\n")

    def wait_output(self, pattern, timeout=TIMEOUT_S, count=1):
        """Wait until the command that was started has printed so many times what matches a regex; the text so far."""
        return self._until(lambda text: len(re.findall(pattern, text, re.MULTILINE)) >= count, timeout)

    def _until(self, is_there, timeout):
        deadline = time.monotonic() + timeout
        with self._more:
            while not is_there(text := self._bytes.decode("utf-8", "replace")):
                left = deadline - time.monotonic()
                assert not self._ended, f"GDB has ended:\n{text[-2000:]}"
                assert left > 0 and self._more.wait(left), f"GDB does not answer in {timeout} s:\n{text[-2000:]}"
        return text

    def run(self, command, timeout=TIMEOUT_S):
        """What a command prints, errors too."""
        self.start(command)
        return self.wait(timeout)

    def interrupt(self):
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)
