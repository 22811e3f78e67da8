# SPDX-License-Identifier: MIT
"""The sittings of docs/cookbook.md: a guest with a fault, and the commands of the document's blocks, one after the other.

The commands stand in the document, in blocks "```console sitting=NAME": "$ COMMAND" is run here, "guest# COMMAND" in the
guest. Here stands what a document cannot hold: how the guest is made, what later commands take over from earlier answers,
and what the document says of these answers. tools/examples.py runs them all and writes the answers down,
tests/e2e/test_cookbook.py looks whether they still are the same.
"""
import contextlib
import re
import time
from dataclasses import dataclass, field

from tests.guest.foreign import ForeignUnavailable, foreign
from tests.guest.kernels import kernel
from tests.guest.modules import module
from tests.guest.vm import Guest, GuestError

BLOCK = re.compile(r"^```console sitting=(\w+)(.*?)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(\$|guest#) (.*)$", re.MULTILINE)
ACT = "/sys/module/heaptest/parameters/act"
PANIC_S = 120


class Unlike(Exception):
    """An answer is not what the document says of it."""


def with_module(guest, _folder):
    """The module with the faults waits in the guest."""
    guest.write_file("/tmp/heaptest.ko", module(guest.kernel, "heaptest").read_bytes())


def crashed(guest, folder):
    """The guest has panicked, and QEMU has written its memory: vmcore, and what was on its console."""
    with_module(guest, folder)
    guest.run("insmod /tmp/heaptest.ko")
    turns = "; ".join(f"echo {word} >{ACT}" for word in ("open", "close", "ask", "open", "open", "open"))
    guest.run(f"(sleep 1; exec taskset 2 sh -c '{turns}') >/dev/null 2>&1 </dev/null &")
    deadline = time.monotonic() + PANIC_S
    while "end Kernel panic" not in guest.console():
        if time.monotonic() > deadline:
            raise GuestError(f"it has not crashed:\n{guest.console()}")
        time.sleep(0.1)
    guest.dump(folder / "vmcore", form="kdump-zlib")
    (folder / "console.log").write_text(guest.console())


@dataclass(frozen=True)
class Sitting:
    """One guest and what is asked of it.

    @param append   kernel parameters
    @param suite    of Debian, whose QEMU it runs in when that can be had; empty: this machine's
    @param prepare  what is done before the first command: a function of the guest and the folder of the commands
    @param names    {name: regex}: what later commands refer to, the group in what is shown up to there
    @param facts    regexes: what the document says of the answers
    @param luck     the same, of what not every boot gives: it must be in the document, not in each new sitting
    """

    append: str = ""
    prepare: object = with_module
    series: str = "6.12"
    suite: str = ""
    names: dict = field(default_factory=dict)
    facts: tuple = ()
    luck: tuple = ()


SITTINGS = {
    "leak": Sitting(
        append="slab_debug=U",
        names={"object": r"(?m)^(0xffff\w+) +kmalloc-192 +live"},
        facts=(
            r"(?m)^grew +kmalloc-192 .* 5000 ",
            r"(?m)^appeared +kmalloc-192 .* 5000 .*poll_reply\+\w+ \[heaptest\]",
            r"(?m)^5000 objects, .* of kmalloc-192",
            r"(?m)^ +poll_reply.*\n +act\+.*\n +param_attr_store",
            r"REPLY 200 OK",
            r"(?m)^ +0 +0 +\d+ ",
        ),
    ),
    "stale": Sitting(
        append="slab_debug=FZPU",
        names={"object": r"content\s+of\s+the\s+free\s+object\s+(0x\w+)", "holder": r"(?m)^(0x\w+) +kmalloc-64 +live"},
        facts=(
            r'expected 0x6b, seen 41 41 41 41 41 41 41 41 "AAAAAAAA"',
            r"freed +close_session\+\w+ \[heaptest\]",
            r"(?m)^0x\w+ +kmalloc-64 +live +16 ",
            r"allocated +open_connection\+",
            r"CONNECT!",
        ),
    ),
    "traced": Sitting(
        suite="sid",  # ten times as fast at breakpoints
        names={"object": r"(?m)^(0xffff\w+) +\d+$"},
        facts=(
            r"(?m)^ *\d+ events in ",
            r"(?m)^ +\d+ .* free .* close_session\+\w+ \[heaptest\]",
            r"allocated [2-9] times",
        ),
    ),
    "overflow": Sitting(
        append="slab_debug=FZPU",
        names={"object": r"size\s+of\s+the\s+live\s+object\s+(0x\w+)"},
        facts=(
            r"expected 0xcc, seen 74 00",
            r"allocated +open_connection\+\w+ \[heaptest\]",
            r"asked for +104 bytes",
            r"SESSION!",
            r"administrator@ex|istrator@example",
        ),
    ),
    "dump": Sitting(
        append="panic=0",
        prepare=crashed,
        names={
            "bad": r"stored (0x\w+), expected",
            "key": r"xor_swapped, key (0x\w+)",
            "object": r"(?m)^(0x\w+) +kmalloc-128 +unknown",
        },
        facts=(
            r"general protection fault, probably for non-canonical address 0x",
            r"RIP: 0010:__kmalloc_cache_noprof",
            r"\] +open_connection\+\w+/\w+ \[heaptest\]",
            r"kmem_cache_cpu.freelist of\s+kmalloc-128",
            r"free pointer +at offset 64, xor_swapped",
            r"(?m)^b'AAAAAAAA'$",
            r"(?m)^0x\w+ +\d+ +\d+ +1 +0 +1 +R \(running\) +sh$",
        ),
    ),
    "exploit": Sitting(
        prepare=lambda guest, folder: None,
        names={"next": r"(?m)^ +0  (0x\w+) +CPU 0's freelist, position 0", "victim": r"(?m)^(0x\w+) +msg_msg-192 +live +16 "},
        facts=(
            r"object of msg_msg-192, live",
            r"(?m)^0x\w+  object of (?!msg_msg)\w+, live",
        ),
        luck=(r"(?m)^0x\w+  object of filp, live",),
    ),
}


def blocks_of(text, name):
    """[(how many lines of each answer are kept, body)] of a sitting's blocks in a document, in their order."""
    found = [(info, body) for which, info, body in BLOCK.findall(text) if which == name]
    return [(int((re.search(r"lines=(\d+)", info) or [0, 0])[1]), body) for info, body in found]


def sit(name, bodies, guest, folder, answer):
    """Run a sitting's blocks on its guest: their bodies with the answers of now.

    @param bodies  what stands in the blocks
    @param answer  function of a command and the number of its block: what the command prints here
    """
    sitting, old, new = SITTINGS[name], "", []
    sitting.prepare(guest, folder)
    for number, body in enumerate(bodies):
        text = ""
        for match in COMMAND.finditer(body):
            prompt, command = match.groups()
            command = renamed(command, sitting.names, old + body[: match.start()], "".join(new) + text)
            text += f"{prompt} {command}\n{answer(command, number) if prompt == '$' else guest.run(command)}"
        old += body
        new.append(text)
    return new


def renamed(command, names, old, new):
    """The command with what it takes from earlier answers as it is now: written as {name}, or as it was when they were made."""
    for name, pattern in names.items():
        was, found = re.findall(pattern, old), re.findall(pattern, new)
        if found:
            command = command.replace(f"{{{name}}}", found[-1])
            if was:
                command = re.sub(rf"\b{was[-1]}\b", found[-1], command)
    if "{" in re.sub(r"'[^']*'", "", command):
        raise Unlike(f"what stands in \"{command}\" has not been shown by\n{new}")
    return command


def check(name, text, lucky=True):
    """Raise Unlike when one of a sitting's facts is not in the text of its blocks, nor luck when it must be."""
    sitting = SITTINGS[name]
    for fact in sitting.facts + (sitting.luck if lucky else ()):
        if not re.search(fact, text):
            raise Unlike(f"nothing like {fact} in\n{text}")


def boot(name):
    """A sitting's guest."""
    sitting = SITTINGS[name]
    return Guest(kernel(sitting.series), append=sitting.append, smp=2, memory="256M", vmcoreinfo=True, **qemu_of(sitting.suite))


def qemu_of(suite):
    """The argument of Guest for a suite's QEMU, none when it cannot be had or for this machine's."""
    if suite:
        with contextlib.suppress(ForeignUnavailable):
            return {"qemu": foreign("qemu", suite).command}
    return {}
