"""Boot a kernel in QEMU and talk to it.

    with Guest(kernel("6.12"), smp=2) as guest:
        print(guest.run("cat /proc/slabinfo"))
"""

import atexit
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import tempfile
import time

from . import initramfs
from .channel import Channel, ChannelError, Result
from .kernels import Kernel
from .monitor import Monitor, MonitorGone
from .qemu import MACHINES, QEMU, Qemu, megabytes, numa_arguments

BOOT_TIMEOUT_S = 300
RUN_TIMEOUT_S = 300
CONSOLE_TAIL_LINES = 40
COMMAND_LINE = "panic=-1 oops=panic loglevel=4"

_alive: "set[Guest]" = set()


class GuestError(Exception):
    """The guest did not do what was asked; the text ends with the tail of its console."""


class CommandFailed(GuestError):
    """A command in the guest ended with a non-zero status; `result` has the details."""

    def __init__(self, command: str, result: Result):
        errors = result.stderr.decode(errors="replace").strip()
        super().__init__(f"status {result.status} of: {command}\n{errors}")
        self.result = result


class Process:
    """A program started with Guest.spawn(); `pid` is its number in the guest, `log` the file there with its output."""

    def __init__(self, guest: "Guest", pid: int, log: str):
        self._guest = guest
        self.log = log
        self.pid = pid

    def output(self) -> str:
        """Return what the program has written so far, stdout and stderr."""
        return self._guest.run(f"cat {self.log} 2>/dev/null || true")  # none before its shell has begun

    def wait_output(self, pattern: str, timeout: float = RUN_TIMEOUT_S) -> re.Match:
        """Wait until the output matches the regex *pattern* ("^" and "$" match at lines).

        Raises GuestError after *timeout* seconds, or at once if the program has ended without it.
        """
        deadline = time.monotonic() + timeout
        while True:
            waiting = time.monotonic() < deadline and self.alive()
            text = self.output()
            match = re.search(pattern, text, re.MULTILINE)
            if match:
                return match
            if not waiting:
                raise GuestError(f"process {self.pid}: no {pattern!r} in its output:\n{text}")
            time.sleep(0.05)

    def alive(self) -> bool:
        """Return whether the program still runs."""
        return self._guest.execute(f"kill -0 {self.pid}").status == 0

    def kill(self, signal: int = 15) -> None:
        """Send a signal (a number, SIGTERM by default); no error if the program has ended."""
        self._guest.execute(f"kill -{signal} {self.pid}")


class Guest:
    """A running guest; a context manager that ends it.

    The constructor boots and returns when the guest takes commands, or raises GuestError. With
    *wait* false it returns at once; call wait_ready() later.

    @param kernel     what to boot
    @param append     more kernel parameters, for example "nokaslr slub_debug=FZPU"
    @param memory     size with suffix M or G
    @param smp        number of CPUs
    @param numa       number of NUMA nodes, memory and CPUs dealt evenly; None: no NUMA table
    @param cpu        QEMU's CPU model, None: that of MACHINES; "max" has five-level page tables
    @param gdbstub    listen for a debugger on 127.0.0.1, port `gdb_port`
    @param vmcoreinfo let dump() write a VMCOREINFO note (loads the guest module for it)
    @param modules    kernel modules to load, names without .ko
    @param extra_args more arguments for QEMU
    @param console    file for the kernel's console; None: in the guest's temporary folder
    @param wait       return only when the guest is ready
    @param qemu       how QEMU is started, such as the command of foreign("qemu", "sid"); None: this machine's
    @param in_file    the guest's memory is the file `memory_path`, as other hypervisors keep it, without holes
    """

    def __init__(
        self,
        kernel: Kernel,
        append: str = "",
        memory: str = "512M",
        smp: int = 1,
        numa: int | None = None,
        cpu: str | None = None,
        gdbstub: bool = True,
        vmcoreinfo: bool = False,
        modules=(),
        extra_args=(),
        console: str | os.PathLike | None = None,
        wait: bool = True,
        qemu=None,
        in_file: bool = False,
    ):
        self.kernel = kernel
        self.memory_bytes = megabytes(memory) << 20
        self.boot_seconds: float | None = None
        self._spawned: list[Process] = []
        self._cleanup = contextlib.ExitStack()
        try:
            folder = tempfile.TemporaryDirectory(prefix="dill-guest-")
            self.folder = pathlib.Path(self._cleanup.enter_context(folder))
            self.console_path = pathlib.Path(console or self.folder / "console.log").absolute()
            machine = MACHINES[kernel.architecture]
            wanted = [*modules, *(["qemu_fw_cfg"] if vmcoreinfo else [])]
            arguments = [
                *("-kernel", kernel.vmlinuz, "-initrd", initramfs.build(kernel, wanted)),
                *("-append", f"{machine.append} {COMMAND_LINE} {append}".strip()),
                # A kernel without ACPI finds one CPU in each socket.
                *("-m", memory, "-smp", f"{smp},sockets={smp}", "-cpu", cpu or machine.cpu),
                *numa_arguments(memory, smp, numa),
                *(["-device", "vmcoreinfo"] if vmcoreinfo else []),
                *(self._memory_arguments(memory) if in_file else ()),
                *extra_args,
            ]
            self._started = time.monotonic()
            self._qemu = Qemu(arguments, self.folder, self.console_path, gdbstub, qemu, machine)
            self._cleanup.callback(self._qemu.close)
            _alive.add(self)
            self._channel = Channel(self._qemu.control, self._qemu.window)
            if wait:
                self.wait_ready()
        except BaseException:
            self.close()
            raise

    def _memory_arguments(self, memory):
        self.memory_path = self.folder / "ram"
        return (
            *("-object", f"memory-backend-file,id=ram,size={memory},mem-path={self.memory_path},share=on"),
            *("-machine", "memory-backend=ram"),
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def wait_ready(self, timeout: float = BOOT_TIMEOUT_S) -> None:
        """Wait until the guest takes commands; raise GuestError after *timeout* seconds."""
        try:
            self._channel.wait_ready(timeout)
        except (ChannelError, TimeoutError) as error:
            raise self._error(str(error)) from None
        self.boot_seconds = time.monotonic() - self._started

    def close(self) -> None:
        """End QEMU and remove the temporary folder. May be called twice."""
        _alive.discard(self)
        self._cleanup.close()

    @property
    def pid(self) -> int:
        """The process number of QEMU on the host."""
        return self._qemu.pid

    def wait_end(self) -> None:
        """Wait until QEMU ends by itself, or somebody ends it."""
        self._qemu.wait()

    @property
    def gdb_port(self) -> int | None:
        """The port of the gdbstub on 127.0.0.1, None without one."""
        return self._qemu.gdb_port

    @property
    def monitor(self) -> Monitor:
        """QEMU's monitor, for commands that have no method here."""
        return self._qemu.monitor

    def _error(self, what: str) -> GuestError:
        tail = "\n".join(self.console().splitlines()[-CONSOLE_TAIL_LINES:])
        parts = [
            f"{self.kernel.release}: {what}",
            self._qemu.messages(),
            f"--- end of the console:\n{tail}",
        ]
        return GuestError("\n".join(part for part in parts if part))

    def console(self) -> str:
        """Return what the kernel has written to its console so far."""
        try:
            return self.console_path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    # Commands in the guest

    def execute(
        self, command: str, stdin: bytes = b"", timeout: float = RUN_TIMEOUT_S
    ) -> Result:
        """Run a shell command as root in the guest and return status, stdout and stderr.

        The command is done when its shell ends, background processes live on. Output is held in
        the guest's memory until it has been read.

        Raises GuestError if it takes longer than *timeout* seconds (it is killed, the guest stays
        usable), or if the guest is stopped or gone.
        """
        try:
            return self._channel.execute(command, stdin, timeout)
        except ChannelError as error:
            raise self._error(str(error)) from None

    def run(self, command: str, timeout: float = RUN_TIMEOUT_S) -> str:
        """Run a shell command and return its stdout; raise CommandFailed if its status is not 0."""
        result = self.execute(command, timeout=timeout)
        if result.status != 0:
            raise CommandFailed(command, result)
        return result.stdout.decode("utf-8", "surrogateescape")

    def spawn(self, command: str) -> Process:
        """Start one program (no pipes or lists) in the background, output going to a file."""
        log = f"/tmp/spawned-{len(self._spawned) + 1}.log"
        pid = self.run(f"exec {command} >{log} 2>&1 </dev/null & echo $!")
        process = Process(self, int(pid), log)
        self._spawned.append(process)
        return process

    def end_spawned(self) -> None:
        """End all programs that spawn() started and wait until they are gone; remove the files in /tmp."""
        numbers = " ".join(str(process.pid) for process in self._spawned)
        if numbers:
            self.run(f"kill -CONT {numbers}; kill {numbers}; while kill -0 {numbers}; do sleep 0.1; done 2>/dev/null; :")
        self._spawned.clear()
        self.run("rm -rf /tmp/*")

    def read_file(self, path: str, timeout: float = RUN_TIMEOUT_S) -> bytes:
        """Return the bytes of a file in the guest; raise CommandFailed if it cannot be read."""
        command = f"cat {shlex.quote(path)}"
        result = self.execute(command, timeout=timeout)
        if result.status != 0:
            raise CommandFailed(command, result)
        return result.stdout

    def write_file(self, path: str, data: bytes) -> None:
        """Write a file in the guest; raise CommandFailed if it cannot be written."""
        step = self._channel.max_input_bytes
        for start in range(0, max(len(data), 1), step):
            command = f"cat {'>>' if start else '>'}{shlex.quote(path)}"
            result = self.execute(command, stdin=data[start : start + step])
            if result.status != 0:
                raise CommandFailed(command, result)

    # The machine. These raise MonitorError if QEMU refuses.

    def stop(self) -> None:
        """Stop all CPUs."""
        self.monitor.command("stop")

    def cont(self) -> None:
        """Let all CPUs run."""
        self.monitor.command("cont")

    def is_running(self) -> bool:
        """Return whether QEMU lives and its CPUs run."""
        try:
            return self.monitor.command("query-status")["running"]
        except MonitorGone:
            return False

    def save_physical(self, path: str | os.PathLike, address: int, size: int) -> None:
        """Write *size* bytes of physical memory to a file on the host."""
        name = str(pathlib.Path(path).absolute())
        self.monitor.command("pmemsave", val=address, size=size, filename=name)

    def dump(self, path: str | os.PathLike, form: str = "elf", paging: bool = False) -> None:
        """Write a crash dump with QEMU's dump-guest-memory; the guest is stopped meanwhile.

        Besides the guest's memory the dump holds the command channel's window, as it would hold
        a graphics card's: a segment of qemu.WINDOW_BYTES above the end of memory.

        @param form    "elf", "kdump-zlib", "kdump-lzo" or "kdump-snappy"
        @param paging  give the program headers virtual addresses (elf only)
        """
        protocol = f"file:{pathlib.Path(path).absolute()}"
        options = {} if form == "elf" else {"format": form}
        self.monitor.command(
            "dump-guest-memory", timeout=600, paging=paging, protocol=protocol, **options
        )


def missing_tools() -> list[str]:
    """Return the names of programs that booting a guest needs and this machine lacks."""
    needed = (QEMU, "setpriv", "gcc", "busybox")
    return [name for name in needed if not shutil.which(name)]


@atexit.register
def _close_all() -> None:
    for guest in list(_alive):
        guest.close()
