# SPDX-License-Identifier: MIT
"""Refresh the examples in the documents: run every command they show on a booted guest, put its output below.

A block with a command that fails, such as on an address of another guest, is left as it is, and named.

An example is a fenced block of the language `console`, in which the lines "$ COMMAND" are run, or `gdb` with its lines
"(gdb) COMMAND". The guest is at :1234 there. Behind the language may stand how many lines of each output are kept, and
the kernel and a boot parameter: "```console lines=20 kernel=7.2 append=slab_debug=U". Files that a command writes are
there for those behind it, in a folder that goes at the end. Blocks with "sitting=NAME" are one of tools/cookbook.py: they have
a guest of their own, and lines "guest# COMMAND" are run in it.

The blocks of FILE.zh-CN.md are those of FILE.md.

    python3 -m tools.examples [FILE...]
"""
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from fcntl import ioctl
from pathlib import Path

from tests.guest.kernels import kernel
from tests.guest.vm import Guest, GuestError
from tools import cookbook

ROOT = Path(__file__).resolve().parents[1]
SERIES = "6.12"  # of blocks that name none
COLUMNS = 100
BLOCK = re.compile(r"^```(console|gdb)(.*?)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


class Failed(Exception):
    """A command of an example could not do what it was asked; the text is what it said."""


def on_terminal(words, folder):
    """What a command prints in @folder on a terminal without colours; raises Failed."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 1000, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "dumb", "PATH": f"{ROOT / 'build'}:{os.environ['PATH']}"}
    with subprocess.Popen(words, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, env=environment, cwd=folder) as process:
        os.close(slave)
        text = b""
        while chunk := read(master):
            text += chunk
    os.close(master)
    if process.returncode not in (0, 1):
        raise Failed(text.decode().strip())
    return text.decode().replace("\r\n", "\n")


def read(terminal):
    """The next piece of output; empty when the last writer has closed the terminal, which Linux reports as EIO."""
    try:
        return os.read(terminal, 1 << 16)
    except OSError:
        return b""


def shorten(text, limit):
    """The first @limit lines, with a mark where something is missing."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    return "\n".join([*lines[:limit], "..."] if limit and len(lines) > limit else lines) + "\n"


def shell(command, limit, port, folder):
    """What a command of the shell prints."""
    output = on_terminal(["bash", "-o", "pipefail", "-c", command.replace(":1234", f":{port}")], folder)
    return shorten(output.replace(f":{port}", ":1234"), limit)


def console(body, limit, port, folder):
    """A block of the shell: its commands are the lines that start with a dollar sign."""
    commands = re.findall(r"^\$ (.*)$", body, re.MULTILINE)
    return "".join(f"$ {command}\n{shell(command, limit, port, folder)}" for command in commands)


def sitting(name, text, lucky=True):
    """The bodies of a sitting's blocks in a document, made anew and checked, with its luck or without; raises Unlike and Failed."""
    limits, bodies = zip(*cookbook.blocks_of(text, name))
    with cookbook.boot(name) as guest, tempfile.TemporaryDirectory() as folder:

        def answer(command, number):
            return shell(command, limits[number], guest.gdb_port, folder)

        made = cookbook.sit(name, bodies, guest, Path(folder), answer)
    cookbook.check(name, "".join(made), lucky)
    return made


def gdb(body, limit, port, folder):
    """A session of GDB: one process for the whole block, connected and with the plugin loaded."""
    commands = re.findall(r"^\(gdb\) (.*)$", body, re.MULTILINE)
    words = ["gdb", "-q", "-nx", "-batch", "-ex", "set width 0", "-ex", f"target remote :{port}"]
    words += ["-ex", f"source {ROOT / 'build/dill.py'}"]
    for command in commands:
        words += ["-ex", "echo \\n===\\n", "-ex", command]
    outputs = on_terminal([*words, "-ex", "echo \\n===\\n", "-ex", "detach"], folder).split("\n===\n")[1:-1]
    return "".join(f"(gdb) {command}\n{shorten(output, limit)}" for command, output in zip(commands, outputs))


def sit(path):
    """Rewrite the sittings of one file."""
    text = path.read_text()
    for name in dict.fromkeys(name for name, _, _ in cookbook.BLOCK.findall(text)):
        try:
            made = iter(sitting(name, text))
        except (Failed, cookbook.Unlike, GuestError) as reason:
            print(f"examples: {path.relative_to(ROOT)}: sitting {name} is left as it is: {reason}")
            continue
        text = cookbook.BLOCK.sub(lambda match: put(match, next(made)) if match[1] == name else match[0], text)  # noqa: B023
        path.write_text(text)
        print(f"examples: {path.relative_to(ROOT)}: sitting {name}")


def put(match, body):
    """A block with another body: the third group of cookbook.BLOCK and of BLOCK."""
    return f"{match[0][: match.start(3) - match.start()]}{body}```\n"


def translate(path):
    """The blocks of a document into its Chinese one, when there is one, in their order."""
    other = path.with_suffix(".zh-CN.md")
    if not other.exists():
        return
    bodies = [match[3] for match in BLOCK.finditer(path.read_text())]
    text = other.read_text()
    if len(bodies) != len(BLOCK.findall(text)):
        sys.exit(f"examples: {other.relative_to(ROOT)} has not as many blocks as {path.name}")
    left = iter(bodies)
    other.write_text(BLOCK.sub(lambda match: put(match, next(left)), text))


def options_of(info):
    """What stands behind a block's language: how many lines, which guest (kernel and boot parameter)."""
    options = dict(word.split("=", 1) for word in info.split())
    return int(options.get("lines", 0)), (options.get("kernel", SERIES), options.get("append", ""))


def refresh(path, which, port, folder):
    """Rewrite the examples of one file that belong to one guest."""

    def replace(match):
        language, info, body = match.groups()
        limit, wanted = options_of(info)
        if wanted != which or "sitting=" in info:
            return match[0]
        run = console if language == "console" else gdb
        try:
            return f"```{language}{info}\n{run(body, limit, port, folder)}```\n"
        except Failed as reason:
            print(f"examples: {path.relative_to(ROOT)}: left as it is: {reason}")
            return match[0]

    old = path.read_text()
    new = BLOCK.sub(replace, old)
    if new != old:
        path.write_text(new)
        print(f"examples: {path.relative_to(ROOT)} on {' '.join(which)}")


def main():
    """Refresh the files that were named, or all documents."""
    files = [Path(name).resolve() for name in sys.argv[1:]]
    files = files or [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    files = [path for path in files if not path.name.endswith(".zh-CN.md")]
    blocks = [info for path in files for _, info, _ in BLOCK.findall(path.read_text()) if "sitting=" not in info]
    wanted = {options_of(info)[1] for info in blocks}
    for which in sorted(wanted):
        series, append = which
        qemu = cookbook.qemu_of("sid")  # ten times as fast at traces
        with Guest(kernel(series), append=append, smp=2, **qemu) as guest, tempfile.TemporaryDirectory() as folder:
            guest.spawn("load").wait_output(r"^ready")
            for path in sorted(files):
                refresh(path, which, guest.gdb_port, folder)
    for path in sorted(files):
        sit(path)
        translate(path)


if __name__ == "__main__":
    main()
