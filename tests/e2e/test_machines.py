# SPDX-License-Identifier: MIT
"""Machines that dill does not know: each is refused by its name. No kernel need run there, so that nothing is booted."""
import shutil
import socket
import subprocess

import pytest

from conftest import ROOT
from tests.guest.foreign import ForeignUnavailable, foreign


def other_qemu(program):
    """How QEMU for another machine is started."""
    if program == "i386":
        return ("qemu-system-i386",)
    try:
        return foreign("qemu-arm", "sid").command
    except ForeignUnavailable as reason:
        return pytest.skip(str(reason))


# "max" has registers that are wider than x86-64 has any: SME's matrix.
@pytest.fixture(scope="module", params=[
    ("aarch64 (arm64)", "arm", ("-M", "virt", "-cpu", "cortex-a57")), ("aarch64 (arm64)", "arm", ("-M", "virt", "-cpu", "max")),
    ("i386", "i386", ()),
], ids=("arm64", "arm64-max", "i386"))
def stopped(request):
    """(machine's name, port of the stub) of a QEMU that has not begun to run."""
    machine, program, options = request.param
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stub = ("-chardev", f"socket,id=stub,fd={listener.fileno()},server=on,wait=off", "-gdb", "chardev:stub")
        command = [*other_qemu(program), *options, "-m", "128", "-S", "-nodefaults", "-display", "none", *stub]
        with subprocess.Popen(command, pass_fds=(listener.fileno(),)) as process:
            try:
                yield machine, listener.getsockname()[1]
            finally:
                process.kill()


def ask(command):
    """The finished process. QEMU may take its time to start: the connection waits for it."""
    for _ in range(20):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if "does not answer" not in done.stderr and "Ignoring packet error" not in done.stderr:
            break
    return done


@pytest.mark.parametrize("words", (["kcache"], ["trace", "-t", "1"], ["rescue"]))
def test_program_names_the_machine(stopped, words):
    """One line."""
    machine, port = stopped
    done = ask([ROOT / "build/dill", "-r", f":{port}", *words])
    assert done.returncode == 2 and not done.stdout
    assert done.stderr == f"dill: the target's machine is {machine}: dill knows x86-64 only\n"


def test_gdb_names_the_machine(stopped):
    """The same in GDB, where it knows the machine."""
    machine, port = stopped
    gdb = shutil.which("gdb") if machine == "i386" else shutil.which("gdb-multiarch")
    if not gdb:
        pytest.skip("this machine has no gdb-multiarch")
    done = ask([gdb, "-q", "-nx", "-batch", "-ex", f"target remote :{port}", "-ex", f"source {ROOT}/build/dill.py", "-ex", "kcache"])
    assert done.stderr.splitlines()[-1] == f"to GDB the target's machine is {machine}: dill knows x86-64 only"
