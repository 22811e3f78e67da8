# SPDX-License-Identifier: MIT
"""The same answers however the guest was booted, and wherever it was stopped."""
import signal
import socket
import subprocess
import time

import pytest

from conftest import ROOT, SERIES, Gdb, Program
from test_inspect import compare_with_slabinfo
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest

FLAVOURS = {
    "nokaslr, a CPU offline": {"append": "nokaslr", "smp": 3},
    "five levels, memory above 4 GiB": {"cpu": "max", "append": "kaslr", "memory": "5G"},
    "two nodes": {
        "smp": 2,
        "numa": [
            "-object", "memory-backend-ram,id=n0,size=256M", "-numa", "node,nodeid=0,cpus=0,memdev=n0",
            "-object", "memory-backend-ram,id=n1,size=256M", "-numa", "node,nodeid=1,cpus=1,memdev=n1",
        ],
    },
    "debug": {"append": "slub_debug=FZPU"},
    "debug of one cache, no merging": {"append": "slub_debug=FZPU,dentry slab_nomerge"},
}

# What is done in the guest before it is looked at.
PREPARE = {
    "nokaslr, a CPU offline": "taskset 4 sh -c 'for i in $(seq 300); do : >/tmp/f$i; done'; echo 0 >/sys/devices/system/cpu/cpu2/online",
}


def boot(series, numa=None, **options):
    """A guest of one flavour; skips with the reason when the kernel cannot be had."""
    try:
        which = kernel(series)
    except KernelUnavailable as reason:
        pytest.skip(str(reason))
    return Guest(which, extra_args=tuple(numa or ()), **options)


def check_flavour(flavour, series, base, record):
    """What is particular to a flavour."""
    if flavour.startswith("five levels"):
        assert base["paging_levels"] == (4 if series == "5.10" else 5)  # not in Debian's configuration of 5.10
    if flavour == "two nodes":
        assert [node["node"] for node in record["nodes"]] == [0, 1]
    if flavour.endswith("offline"):
        assert int(base["slide"], 16) == 0
        assert [cpu["online"] for cpu in record["cpus"]] == [True, True, False]
    if flavour.startswith("debug"):
        assert "STORE_USER" in record["flags"] and record["red_left_pad"] > 0


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_flavour(series, flavour):
    """kbase and every cache against the guest; through both doors."""
    with boot(series, **FLAVOURS[flavour]) as guest:
        guest.run(PREPARE.get(flavour, "true"))
        text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
        compare_with_slabinfo(Program(guest), guest)
        for dill in (Program(guest), Gdb(guest)):
            base = dill.json("kbase")[0]
            assert int(base["base"], 16) == text
            check_flavour(flavour, series, base, dill.json("kcache", "dentry", "--counts")[0])


def stop_in_user_mode(guest):
    """Stop the guest while its CPU runs a program."""
    guest.spawn("spin").wait_output(r"^ready")
    for _ in range(50):
        guest.stop()
        if "CPL=3" in guest.monitor.hmp("info registers"):
            return
        guest.cont()
        time.sleep(0.05)
    raise AssertionError("the guest was never caught in user mode")


@pytest.mark.parametrize("series", SERIES)
def test_stopped_in_user_mode_under_page_table_isolation(series):
    """The stub cannot read kernel addresses there; dill gives the answers of a guest stopped in the kernel."""
    with boot(series, append="pti=on") as guest:
        base = Program(guest).json("kbase")[0]["base"]
        stop_in_user_mode(guest)
        for door in (Program, Gdb):
            if not guest.is_running():
                assert "CPL=3" in guest.monitor.hmp("info registers")
            assert door(guest).json("kbase")[0]["base"] == base
        guest.stop()
        assert Program(guest).json("kcache", "kmalloc-64")[0]["active"] > 0
        assert not guest.is_running()


@pytest.fixture(scope="module")
def one():
    """A guest for the ways out."""
    with boot(SERIES[-1], smp=2) as guest:
        yield guest


def test_direct_and_stub_agree(one):
    """The stub alone gives what QEMU's memory gives."""
    one.stop()
    try:
        direct = Program(one).json("kcache", "kmalloc-64")
        port = f":{one.gdb_port}"
        stub = subprocess.run([ROOT / "build/dill", "--no-direct", "-r", port, "kcache", "kmalloc-64", "--json"],
                              capture_output=True, text=True, timeout=60, check=True)
        again = Program(one).run("kcache", "kmalloc-64", "--json")
        assert stub.stdout == again.stdout and direct
    finally:
        one.cont()


def test_another_debugger_is_named(one):
    """One clear line within a few seconds, and the other debugger keeps its stub."""
    other = socket.create_connection(("127.0.0.1", one.gdb_port))
    try:
        time.sleep(0.3)
        start = time.monotonic()
        done = Program(one).run("kbase")
        assert done.returncode == 2 and "debugger" in done.stderr
        assert time.monotonic() - start < 10
    finally:
        other.close()
    one.cont()
    assert one.is_running()


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_signals_let_the_guest_run(one, number):
    """Interrupted at ten moments, the guest runs on each time."""
    for step in range(10):
        process = subprocess.Popen([ROOT / "build/dill", "--no-direct", "-r", f":{one.gdb_port}", "kcache", "*"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 * step)
        process.send_signal(number)
        assert process.wait(timeout=20) in (0, 128 + number, -number)  # the last: before dill had set itself up
        assert one.is_running()


def test_no_target_and_refused():
    """Nobody listens, or nobody was named."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for words in (["-r", f":{port}"], []):
        done = subprocess.run([ROOT / "build/dill", *words, "kbase"], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1


def test_guest_gone_in_the_middle():
    """QEMU ends while dill reads: one clear line, no hang."""
    with boot(SERIES[-1]) as guest:
        command = [ROOT / "build/dill", "--no-direct", "-r", f":{guest.gdb_port}", "kcache", "*"]
        for wait in (0.05, 0.15):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            time.sleep(wait)
            guest.close()
            _, said = process.communicate(timeout=20)
            if process.returncode != 0:  # else it was faster
                assert process.returncode == 2
                assert len(said.strip().splitlines()) == 1, said
