# SPDX-License-Identifier: MIT
"""Machines that dill does not know: each is refused by its name. No kernel need run there, so that nothing is booted. And one
that it knows, in which none runs."""
import contextlib
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


@contextlib.contextmanager
def not_begun(program, *options):
    """The port of the stub of a QEMU that has not begun to run."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stub = ("-chardev", f"socket,id=stub,fd={listener.fileno()},server=on,wait=off", "-gdb", "chardev:stub")
        command = [*other_qemu(program), *options, "-m", "128", "-S", "-nodefaults", "-display", "none", *stub]
        with subprocess.Popen(command, pass_fds=(listener.fileno(),)) as process:
            try:
                yield listener.getsockname()[1]
            finally:
                process.kill()


@pytest.fixture(scope="module", params=[
    ("arm", "arm", ("-M", "virt", "-cpu", "cortex-a15")), ("i386", "i386", ()),
], ids=("arm", "i386"))
def stopped(request):
    """(machine's name, port of the stub)."""
    machine, program, options = request.param
    with not_begun(program, *options) as port:
        yield machine, port


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
    assert done.stderr == f"dill: the target's machine is {machine}: dill knows x86-64 and arm64 only\n"


# "max" has registers that are wider than any of x86-64's: SME's matrix.
@pytest.mark.parametrize("cpu", ("cortex-a57", "max"))
def test_nothing_runs(cpu):
    """Said of a machine that dill knows, whatever registers it has."""
    with not_begun("arm", "-M", "virt", "-cpu", cpu) as port:
        done = ask([ROOT / "build/dill", "-r", f":{port}", "kcache"])
    assert done.returncode == 2 and done.stderr.startswith("dill: no Linux kernel found: CPU 0 translates no kernel's addresses: ")
    assert done.stderr.count("\n") == 1


def test_gdb_names_the_machine(stopped):
    """The same in GDB, where it knows the machine."""
    machine, port = stopped
    gdb = shutil.which("gdb") if machine == "i386" else shutil.which("gdb-multiarch")
    if not gdb:
        pytest.skip("this machine has no gdb-multiarch")
    done = ask([gdb, "-q", "-nx", "-batch", "-ex", f"target remote :{port}", "-ex", f"source {ROOT}/build/dill.py", "-ex", "kcache"])
    assert done.stderr.splitlines()[-1] == f"to GDB the target's machine is {machine}: dill knows x86-64 and arm64 only"
