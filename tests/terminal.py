# SPDX-License-Identifier: MIT
"""A real terminal (tmux), in which programs run as a person sees them.

    with Terminal(folder) as terminal:
        screen = terminal.run(["build/dill", "help"], columns=60)
        screen.lines, screen.status
"""
import os
import re
import subprocess
import time
from typing import NamedTuple

TIMEOUT_S = 300
# tmux 3.3 loses the status of one program in a dozen, and what it has not read yet of one that ends: the shell says
# how the program has ended, in a file that has its text at once and in a last line, and stays until the session ends.
# Ctrl-C is for the program alone.
LAST_LINE = "terminal.py: that was all"
SHELL = f'''trap : INT; "$@"; echo $? >"$0.new"; mv "$0.new" "$0"; printf '\\n{LAST_LINE}\\n'; exec sleep infinity'''


class Screen(NamedTuple):
    """What a program that has ended has left: all its lines, those that were too long in one piece."""

    lines: list
    status: int


class Terminal:
    """One tmux server. Its programs have no pager unless env names one."""

    def __init__(self, folder):
        self._folder = folder
        self._words = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._number = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        subprocess.run([*self._words, "kill-server"], check=False, capture_output=True)

    def _tmux(self, *words):
        return subprocess.run([*self._words, *words], check=True, capture_output=True, text=True).stdout

    def _target(self):
        """The newest session, said so that tmux does not take it for a window or a pane."""
        return f"=run{self._number}:"

    def _status_path(self):
        return self._folder / f"status{self._number}"

    def start(self, words, columns=80, rows=24, env=None):
        """Start a program in a window of its own, which is the current one then."""
        unset = [f"-u{name}" for name in ("PAGER", "DILL_PAGER", "LESS", "NO_COLOR")]
        given = [f"{name}={value}" for name, value in (env if env is not None else {"DILL_PAGER": "cat"}).items()]
        self._number += 1
        self._tmux(
            "start-server", ";", "set-option", "-g", "history-limit", "100000", ";",
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", f"run{self._number}",
            "-c", os.getcwd(), "env", *unset, *given, "sh", "-c", SHELL, str(self._status_path()), *map(str, words),
        )

    def keys(self, *keys):
        """Type them, by tmux's names."""
        self._tmux("send-keys", "-t", self._target(), *keys)

    def keys_until_end(self, key):
        """Type a key until the program ends: less forgets what is typed while it handles an interrupt."""
        def press():
            self._tmux("send-keys", "-t", self._target(), key)
            time.sleep(1)
            return self.status()

        self._until(press)

    def text(self):
        """All that has been shown, also what has scrolled away; lines that tmux broke are joined."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-", "-t", self._target())

    def wait_text(self, pattern):
        """Wait for what a regex matches."""
        return self._until(lambda: re.search(pattern, self.text(), re.MULTILINE))

    def status(self):
        """How the program has ended; empty while it runs."""
        path = self._status_path()
        return path.read_text() if path.exists() else ""

    def end(self):
        """Wait for the program's end."""
        status = self._until(self.status)
        end = self._until(lambda: re.search(rf"\n{LAST_LINE}$", text := self.text(), re.MULTILINE) and text)
        lines = [line.rstrip() for line in end[: end.rindex(f"\n{LAST_LINE}")].splitlines()]
        return Screen(lines, int(status))

    def run(self, words, columns=80, rows=24, env=None):
        """What a program shows, and its status."""
        self.start(words, columns, rows, env)
        screen = self.end()
        if self._number > 1:  # the server ends with its last session
            self._tmux("kill-session", "-t", self._target())
        return screen

    def _until(self, is_so):
        deadline = time.monotonic() + TIMEOUT_S
        while not (found := is_so()):
            assert time.monotonic() < deadline, f"in {TIMEOUT_S} s:\n{self.text()}"
            time.sleep(0.1)
        return found
