"""One QEMU process: its devices, its sockets and its end."""

import concurrent.futures
import contextlib
import dataclasses
import mmap
import os
import pathlib
import re
import socket
import subprocess

from .monitor import Monitor

QEMU = "qemu-system-x86_64"


@dataclasses.dataclass(frozen=True)
class Machine:
    """A machine of QEMU's, by Debian's name of its architecture.

    @param program  this machine's QEMU for it
    @param machine  its name there
    @param cpu      the model unless another one is asked for
    @param serial   the device of the second serial port; empty: as the first
    @param append   kernel parameters that all its guests get
    @param memory   physical address where memory begins
    """

    program: str
    machine: str
    cpu: str
    serial: str
    append: str
    memory: int = 0


MACHINES = {
    # Page-table isolation is off on this model (an AMD): append "pti=on" to have it.
    # tsc=reliable: a guest that a debugger had stopped must not take its clock for broken afterwards.
    # no_timer_check: on a busy host the check at boot may see no tick in time, and panics.
    "amd64": Machine(QEMU, "pc", "qemu64", "", "console=ttyS0 tsc=reliable no_timer_check"),
    # Emulating the architecture's own algorithm of pointer authentication takes half of the time.
    "arm64": Machine("qemu-system-aarch64", "virt", "max,pauth-impdef=on", "pci-serial", "console=ttyAMA0", 1 << 30),
}

# Each half holds one message of the command channel: see agent.c.
WINDOW_BYTES = 16 << 20

# PR_SET_PDEATHSIG fires when the *thread* that started a process ends, so all QEMUs are started
# by one thread that lives as long as the interpreter.
_launcher = concurrent.futures.ThreadPoolExecutor(1, "qemu-launcher")


class Qemu:
    """A QEMU with a console file, a control port, a memory window, a monitor and a gdbstub.

    Sockets are made here and passed as open descriptors, so no path or port can be taken by
    another process in between. QEMU is killed when this process ends, however that happens.

    `control` is the socket of the guest's second serial port, `window` the memory of its ivshmem
    device, `monitor` the QMP session, `gdb_port` the debugger's port on 127.0.0.1 or None.

    @param arguments  what QEMU shall run: kernel, memory, CPUs, further devices
    @param folder     existing folder for QEMU's messages
    @param console    file for the first serial port
    @param gdbstub    whether a debugger can connect
    @param program    how QEMU is started, such as Foreign.command; None: this machine's
    @param machine    a row of MACHINES
    """

    def __init__(
        self,
        arguments: list,
        folder: pathlib.Path,
        console: pathlib.Path,
        gdbstub: bool,
        program=None,
        machine: Machine = MACHINES["amd64"],
    ):
        self._machine = machine
        self.gdb_port: int | None = None
        self._log = folder / "qemu.log"
        self._process: subprocess.Popen | None = None
        self._inherited: list[int] = []
        self._ours = contextlib.ExitStack()
        try:
            with contextlib.ExitStack() as theirs:
                command = [
                    # The same process number before and after: setpriv executes QEMU.
                    *("setpriv", "--pdeathsig", "KILL", *(program or (machine.program,))),
                    *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
                    *("-machine", machine.machine, "-accel", "tcg,thread=multi"),
                    *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
                    *self._control_arguments(theirs),
                    *self._window_arguments(theirs),
                    *self._monitor_arguments(theirs),
                    *(self._gdbstub_arguments(theirs) if gdbstub else ()),
                    *arguments,
                ]
                self._process = _launcher.submit(self._launch, command).result()
        except BaseException:
            self.close()
            raise

    def _launch(self, command: list) -> subprocess.Popen:
        with open(self._log, "wb") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self._inherited,
                start_new_session=True,  # Ctrl-C in a terminal is not for QEMU
            )

    def _inherit(self, file) -> int:
        """Let QEMU have an open file or descriptor; return the number it has there."""
        number = file if isinstance(file, int) else file.fileno()
        self._inherited.append(number)
        return number

    def _socket_pair(self, theirs: contextlib.ExitStack) -> tuple[socket.socket, int]:
        """Return our end of a new socket pair and the descriptor of QEMU's."""
        our_end, their_end = socket.socketpair()
        self._ours.enter_context(our_end)
        return our_end, self._inherit(theirs.enter_context(their_end))

    def _control_arguments(self, theirs: contextlib.ExitStack) -> list[str]:
        self.control, number = self._socket_pair(theirs)
        device = self._machine.serial
        port = ("-device", f"{device},chardev=control") if device else ("-serial", "chardev:control")
        return ["-chardev", f"socket,id=control,fd={number}", *port]

    def _monitor_arguments(self, theirs: contextlib.ExitStack) -> list[str]:
        connection, number = self._socket_pair(theirs)
        self.monitor = Monitor(connection)
        chardev = f"socket,id=monitor,fd={number}"
        return ["-chardev", chardev, "-mon", "chardev=monitor,mode=control"]

    def _window_arguments(self, theirs: contextlib.ExitStack) -> list[str]:
        number = os.memfd_create("dill-window")
        theirs.callback(os.close, number)
        os.truncate(number, WINDOW_BYTES)
        self.window = self._ours.enter_context(mmap.mmap(number, WINDOW_BYTES))
        path = f"/proc/self/fd/{self._inherit(number)}"
        backend = f"memory-backend-file,id=window,mem-path={path},size={WINDOW_BYTES},share=on"
        return ["-object", backend, "-device", "ivshmem-plain,memdev=window"]

    def _gdbstub_arguments(self, theirs: contextlib.ExitStack) -> list[str]:
        listener = theirs.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        self.gdb_port = listener.getsockname()[1]
        number = self._inherit(listener)
        chardev = f"socket,id=gdb,fd={number},server=on,wait=off,nodelay=on"
        return ["-chardev", chardev, "-gdb", "chardev:gdb"]

    @property
    def pid(self) -> int:
        """QEMU's process number."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until the process has ended."""
        self._process.wait()

    def messages(self) -> str:
        """Return what QEMU has written to its standard output and error."""
        return self._log.read_text(encoding="utf-8", errors="replace").strip()

    def close(self) -> None:
        """End QEMU and close all sockets. May be called twice."""
        if self._process:
            self._process.kill()
            self._process.wait()
        self._ours.close()


def megabytes(memory: str) -> int:
    """Return a size with suffix M or G in MiB; ValueError if it is none."""
    match = re.fullmatch(r"(\d+)([MG])", memory)
    if not match:
        raise ValueError(f"memory {memory!r}: not a number with suffix M or G")
    return int(match.group(1)) * (1024 if match.group(2) == "G" else 1)


def numa_arguments(memory: str, smp: int, nodes: int | None) -> list[str]:
    """Return QEMU's arguments for *nodes* NUMA nodes of equal size; ValueError if impossible."""
    if not nodes:
        return []
    size = megabytes(memory)
    if size % nodes:
        raise ValueError(f"{memory} cannot be dealt to {nodes} nodes")
    arguments = []
    for node in range(nodes):
        cpus = "".join(f",cpus={cpu}" for cpu in range(smp) if cpu * nodes // smp == node)
        arguments += ["-object", f"memory-backend-ram,id=node{node},size={size // nodes}M"]
        arguments += ["-numa", f"node,nodeid={node},memdev=node{node}{cpus}"]
    return arguments
