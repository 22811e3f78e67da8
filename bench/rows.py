# SPDX-License-Identifier: MIT
"""The rows of the table: which commands are measured, and the goals they have."""
import dataclasses

DIRECT = "set dill direct auto"
STUB_ONLY = "set dill direct off"


@dataclasses.dataclass(frozen=True)
class Row:
    """One command.

    `seconds` and `megabytes` are its goals, both only above those of the row `above` if that is named; `times` is the
    goal for its time in proportion to the row `beside`. None is no goal. `asking` is the command that also says what
    it has read from the target.
    """

    title: str
    command: list
    asking: list | None = None
    seconds: float | None = None
    megabytes: float | None = None
    above: str | None = None
    times: float | None = None
    beside: str | None = None


PLAIN_READ = "plain reader of as many bytes from the stub"
EMPTY_GDB = "gdb -batch"
EMPTY_GDB_TOO = "gdb -batch, again"
SYMBOLS = "build/bench/vmlinux.dill"


def dill(port, *words, options=(), **goals):
    """A row of the program."""
    command = ["build/dill", "-r", f":{port}", *options, *words]
    return Row(
        title=" ".join(["dill", *options, *words]),
        command=command,
        asking=[command[0], "--stats", *command[1:]],
        megabytes=100,
        **goals,
    )


def gdb_command(*lines):
    """A batch GDB without the user's settings."""
    return ["gdb", "-q", "-nx", "-batch", *(word for line in lines for word in ("-ex", line))]


def plugin(port, direct, title):
    """A row of the plugin in GDB."""
    start = [f"target remote :{port}", "source build/dill.py", direct, "kcache kmalloc-64"]
    return Row(
        title=title,
        command=gdb_command(*start, "detach"),
        asking=gdb_command(*start, "show dill statistics", "detach"),
        seconds=0.3,
        megabytes=100,
        above=EMPTY_GDB,
    )


def all_rows(port, stub_bytes):
    """The table. Rows that are compared stand close together, as they run in this order.

    @param port        of the guest's gdbstub
    @param stub_bytes  how much `kcache kmalloc-64` reads through the stub when nothing else is allowed
    """
    stub = ["--no-direct"]
    kmalloc = ["kcache", "kmalloc-64"]
    return [
        dill(port, *kmalloc, seconds=0.3, times=4, beside=PLAIN_READ),
        Row(PLAIN_READ, ["build/bench/read_stub", str(port), str(stub_bytes)]),
        dill(port, *kmalloc, options=stub, seconds=0.3, times=4, beside=PLAIN_READ),
        # A kernel without types: the layout of its heap is solved from memory first.
        dill(port, *kmalloc, options=["--hide=types"], seconds=0.15),
        dill(port, *kmalloc, options=["--hide=types", *stub], seconds=0.5),
        dill(port, "kcache", seconds=1),
        dill(port, "kcache", options=stub, seconds=1),
        # Every slab, full ones by their struct pages, and the state of every object.
        dill(port, "kmap", "*", "--json", seconds=1.5),
        dill(port, "kmap", "*", "--json", options=stub, seconds=1.5),
        dill(port, "kcheck"),
        dill(port, "kobj", "init_task"),
        dill(port, "knext", "kmalloc-64", "-n", "50"),
        dill(port, "kbase"),
        dill(port, "ktask"),
        dill(port, "kstruct", "task_struct"),
        dill(port, "symbols", "-o", SYMBOLS, seconds=0.5),
        Row(EMPTY_GDB_TOO, gdb_command()),
        Row(f"gdb -batch, symbol-file {SYMBOLS}", gdb_command(f"symbol-file {SYMBOLS}"), seconds=1, above=EMPTY_GDB_TOO),
        plugin(port, DIRECT, "gdb -batch, plugin, kcache kmalloc-64"),
        Row(EMPTY_GDB, gdb_command()),
        plugin(port, STUB_ONLY, f"gdb -batch, plugin, {STUB_ONLY}, kcache kmalloc-64"),
        Row("gdb -batch, target remote, detach", gdb_command(f"target remote :{port}", "detach")),
    ]
