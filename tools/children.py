# SPDX-License-Identifier: MIT
"""Programs that run below this process, and all that they start: ended together, without a word of theirs."""
import contextlib
import ctypes
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 10  # for programs that put something in order first


def below(pid):
    """The processes below one, of all generations."""
    found = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, listing.read_text().split()):
                found += [child, *below(child)]
        except OSError:  # it has ended
            continue
    return found


class Children:
    """Each runs in a session of its own: the terminal's Ctrl-C is for this process, which ends them.

    Orphans of theirs become children of this process, so that none is lost.
    """

    def __init__(self):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._ending = threading.Event()
        self._own, self._lock = set(), threading.Lock()
        threading.Thread(target=self._bury, daemon=True).start()

    def _bury(self):
        """Orphans that have ended would stay as zombies, which look alive to a test that waits for their end."""
        while True:
            time.sleep(0.5)
            with self._lock:
                for listing in Path("/proc/self/task").glob("*/children"):
                    with contextlib.suppress(OSError):  # somebody else was quicker
                        for pid in set(map(int, listing.read_text().split())) - self._own:
                            os.waitpid(pid, os.WNOHANG)

    def start(self, words):
        """Start a program whose output is a pipe, lines of text."""
        if self._ending.is_set():
            raise KeyboardInterrupt
        with self._lock:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                start_new_session=True,
            )
            self._own.add(process.pid)
        return process

    def end(self):
        """End all that runs. Another Ctrl-C is the end of patience."""
        self._ending.set()
        try:
            self._signal(signal.SIGINT)
            deadline = time.monotonic() + PATIENCE_S
            while time.monotonic() < deadline and self._left():
                time.sleep(0.05)
        except KeyboardInterrupt:
            pass
        while self._left():
            self._signal(signal.SIGKILL)
            time.sleep(0.05)

    def _signal(self, number):
        for pid in below(os.getpid()):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _left(self):
        """Whether any is left; those that have ended are collected."""
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return False
        return True
