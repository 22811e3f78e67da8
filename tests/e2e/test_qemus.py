# SPDX-License-Identifier: MIT
"""dill with the QEMUs of other distributions: trixie's (10.0) and sid's (of the day). Debian 12's is everywhere else."""
import pytest

from conftest import Gdb, Program
from test_flavours import stop_in_user_mode
from test_inspect import compare_with_slabinfo
from tests.guest.foreign import ForeignUnavailable, foreign
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

SUITES = ("trixie", "sid")
DOORS = pytest.mark.parametrize("door", (Program, Gdb), ids=("program", "gdb"))


@pytest.fixture(scope="module", params=SUITES)
def other(request):
    """A guest in another QEMU."""
    try:
        which, qemu = kernel("6.12"), foreign("qemu", request.param)
    except (KernelUnavailable, ForeignUnavailable) as reason:
        pytest.skip(str(reason))
    with Guest(which, smp=2, append="pti=on", qemu=qemu.command) as booted:
        yield booted


@DOORS
def test_answers_and_guest_runs_on(door, other):
    """The guest's own counters, and a running guest runs on after an answer and after an error."""
    dill = door(other)
    compare_with_slabinfo(dill, other)
    assert other.is_running()
    dill.run("kcache", "nope")
    assert other.is_running()
    assert other.run("echo alive") == "alive\n"


def test_memory_is_read_directly(other):
    """From the process, and what the stub alone gives is the same."""
    other.stop()
    try:
        # disconnect: as in every QEMU of these, a detach would let the guest run
        gdb = Gdb(other, leave="disconnect")
        direct = gdb.run("kcache", "*", "--json")
        assert "memory of QEMU process" in gdb.run("show", "dill", "statistics").stdout + direct.stdout
    finally:
        other.cont()


@DOORS
def test_stopped_in_user_mode(door, other):
    """With page-table isolation the stub cannot read the kernel there; the answers are the same."""
    base = Program(other).json("kbase")[0]["base"]
    stop_in_user_mode(other)
    assert door(other).json("kbase")[0]["base"] == base
