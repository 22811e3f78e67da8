# SPDX-License-Identifier: MIT
"""dill with the QEMUs of other distributions: trixie's (10.0) and sid's (of the day). Debian 12's is everywhere else."""
import re
import subprocess
import time

import pytest

from conftest import ROOT, Gdb, Program
from test_inspect import compare_with_slabinfo
from tests.guest.foreign import ForeignUnavailable, foreign
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

SUITES = ("trixie", "sid")
DOORS = pytest.mark.parametrize("door", (Program, Gdb), ids=("program", "gdb"))


@pytest.fixture(scope="module", params=SUITES)
def in_qemu(request):
    """A guest in another QEMU."""
    try:
        which, qemu = kernel("6.12"), foreign("qemu", request.param)
    except (KernelUnavailable, ForeignUnavailable) as reason:
        pytest.skip(str(reason))
    with Guest(which, smp=2, append="pti=on", qemu=qemu.command) as booted:
        yield booted


@DOORS
def test_answers_and_guest_runs_on(door, in_qemu):
    """The guest's own counters, and a running guest runs on after an answer and after an error."""
    dill = door(in_qemu)
    compare_with_slabinfo(dill, in_qemu)
    assert in_qemu.is_running()
    dill.run("kcache", "nope")
    assert in_qemu.is_running()
    assert in_qemu.run("echo alive") == "alive\n"


def test_paused_by_hand(in_qemu):
    """Such a guest looks like a running one: it stays paused when dill is told so."""
    in_qemu.stop()
    try:
        assert Program(in_qemu).run("--leave-stopped", "kbase").returncode == 0
        assert not in_qemu.is_running()
    finally:
        in_qemu.cont()
    assert in_qemu.run("echo alive") == "alive\n"


def test_dumps(in_qemu, tmp_path):
    """Every format of dump that this QEMU writes and Debian 12's does not, or writes differently."""
    in_qemu.stop()
    try:
        live = Program(in_qemu).run("--leave-stopped", "kcache", "*", "--json")
        assert live.returncode == 0
        forms = in_qemu.monitor.command("query-dump-guest-memory-capability")["formats"]
        for form in (form for form in forms if form != "win-dmp"):
            path = tmp_path / form
            in_qemu.dump(path, form)
            path.chmod(0o600)
            done = subprocess.run(
                [ROOT / "build/dill", "-c", path, "kcache", "*", "--json"], capture_output=True, text=True, timeout=300, check=False
            )
            assert (done.stdout, done.stderr) == (live.stdout, ""), form
            path.unlink()
    finally:
        in_qemu.cont()


def answer(guest, direct):
    """All caches of one stop through GDB's door, and how many direct reads that took."""
    gdb = ["gdb", "-q", "-nx", "-batch", "-ex", f"target remote :{guest.gdb_port}", "-ex", f"source {ROOT}/build/dill.py"]
    words = [f"set dill direct {direct}", "kcache '*' --json", "show dill statistics", "disconnect"]
    done = subprocess.run(
        [*gdb, *(part for word in words for part in ("-ex", word))], capture_output=True, text=True, timeout=300, check=True
    )
    return Gdb.lines(done), int(re.search(r"(\d+) direct reads", done.stdout)[1])


def test_memory_is_read_directly(in_qemu):
    """The process's memory is found, and gives what the stub alone gives."""
    in_qemu.stop()
    try:
        direct, reads = answer(in_qemu, "auto")
        through_stub, none = answer(in_qemu, "off")
    finally:
        in_qemu.cont()
    assert reads > 0 and none == 0
    assert direct == through_stub and len(direct) > 100


def stop_in_user_mode(guest):
    """Stop the guest while both CPUs run a program."""
    for _ in range(50):
        guest.stop()
        if guest.monitor.hmp("info registers -a").count("CPL=3") == 2:
            return
        guest.cont()
        time.sleep(0.05)
    raise AssertionError("the guest was never caught in user mode")


def test_stopped_in_user_mode(in_qemu):
    """With page-table isolation the stub cannot read the kernel there; the answers are the same."""
    base = Program(in_qemu).json("kbase")[0]["base"]
    spins = [in_qemu.spawn(f"spin {cpu}") for cpu in (0, 1)]
    for spin in spins:
        spin.wait_output(r"^ready")
    for door in (Program, Gdb):
        stop_in_user_mode(in_qemu)
        try:
            assert door(in_qemu).json("kbase")[0]["base"] == base
            stop_in_user_mode(in_qemu)
            assert door(in_qemu).json("kcache", "kmalloc-64")[0]["active"] > 0
        finally:
            in_qemu.cont()
    for spin in spins:
        spin.kill()
