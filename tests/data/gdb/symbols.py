# SPDX-License-Identifier: MIT
"""Run inside GDB by test_symbols.py: what GDB makes of a symbol file, as JSON lines.

$DILL_TEST is a JSON object: port, file, addresses, structs, sleeping (thread.sp of such tasks), commands, breakpoints, and
finish, one of them.
"""
import json
import os

import gdb

ASK = json.loads(os.environ["DILL_TEST"])
WORD = 8
FRAMES_MAX = 200


def say(what, value):
    """One line of the answer."""
    gdb.write(json.dumps({"what": what, "value": value}) + "\n")


def run(command):
    """What a command of GDB's prints."""
    return gdb.execute(command, to_string=True)


def members(kind, at=0):
    """[name, bits from the start, bits] of a struct's members; those of anonymous ones by their plain names."""
    found = []
    for field in kind.fields():
        inner = field.type.strip_typedefs()
        if field.name is None or field.name == "":
            found += members(inner, at + field.bitpos)
        else:
            found.append([field.name, at + field.bitpos, field.bitsize or 8 * inner.sizeof])
    return found


def frames():
    """[program counter, name] of the selected thread's frames, and why they end."""
    found = []
    frame = gdb.newest_frame()
    while frame is not None and len(found) < FRAMES_MAX:
        found.append([frame.pc(), frame.name()])
        last, frame = frame, frame.older()
    return {"frames": found, "end": gdb.frame_stop_reason_string(last.unwind_stop_reason()), "bt": run("bt")}


def lookup(name):
    """A struct or a union, as it is written and as GDB has it."""
    for keyword in ("struct", "union"):
        try:
            return keyword, gdb.lookup_type(f"{keyword} {name}")
        except gdb.error:
            continue
    raise gdb.GdbError(f"no type {name}")


def word(address):
    """A number in the target's memory."""
    return int(gdb.parse_and_eval(f"*(unsigned long *){address}")) & (1 << 64) - 1


def sleeping(stack_pointer):
    """The frames of a task that does not run: what __switch_to_asm() has pushed is struct inactive_task_frame."""
    before = {name: int(gdb.parse_and_eval(f"${name}")) & (1 << 64) - 1 for name in ("rip", "rsp", "rbp")}
    frame = run("ptype struct inactive_task_frame")
    size = int(gdb.parse_and_eval("sizeof(struct inactive_task_frame)"))
    pushed = [word(stack_pointer + at) for at in range(0, size, WORD)]
    for name, value in (("rip", pushed[-1]), ("rbp", pushed[-2]), ("rsp", stack_pointer + size)):
        run(f"set ${name} = {value}")
    say("sleeping", {**frames(), "frame": frame})
    for name, value in before.items():
        run(f"set ${name} = {value}")


def main():
    """All of it."""
    run("set confirm off")
    run("set pagination off")
    run("set width 0")
    run("set complaints 100")
    run("set max-value-size unlimited")
    # GDB takes names with "__" for Ada's.
    run("set print demangle off")
    run("set print asm-demangle off")
    say("load", run(f"symbol-file {ASK['file']}"))
    run(f"target remote :{ASK['port']}")
    say("symbols", [run(f"info symbol {address}") for address in ASK["addresses"]])
    types = {name: lookup(name) for name in ASK["structs"]}
    say("structs", {name: members(kind) for name, (_, kind) in types.items()})
    say("sizes", {name: kind.sizeof for name, (_, kind) in types.items()})
    say("ptype", {name: run(f"ptype /o {keyword} {name}") for name, (keyword, _) in types.items()})
    for name in ASK["breakpoints"]:
        breakpoint_ = gdb.Breakpoint(name)
        run("continue")
        say("stop", {"at": name, **frames()})
        breakpoint_.delete()
        if name == ASK["finish"]:
            run("finish")
            say("finish", run("p $"))  # the value that it has shown
    # Here the CPU sees the kernel: of a program its page tables lack most of it (isolation), and a stub reads through them.
    say("ask", [[command, run(command)] for command in ASK["commands"]])
    for address in ASK["sleeping"]:
        sleeping(address)
    run("detach")


main()
