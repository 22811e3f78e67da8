# SPDX-License-Identifier: MIT
"""The same answers however the guest was booted, and wherever it was stopped."""
import signal
import socket
import subprocess
import time

import pytest

from conftest import ROOT, Gdb, Program
from test_inspect import compare_with_slabinfo
from tests.guest.kernels import SERIES
from tests.matrix import FLAVOURS, ONE, message_cache, on, times

def check_flavour(case, base, record):
    """What is particular to a flavour."""
    if case.flavour == "high":
        assert base["paging_levels"] == (4 if case.series == "5.10" else 5)  # not in Debian's configuration of 5.10
    if case.flavour == "nodes":
        assert [node["node"] for node in record["nodes"]] == [0, 1]
    if case.flavour == "offline":
        assert int(base["slide"], 16) == 0
        assert [cpu["online"] for cpu in record["cpus"]] == [True, True, False]
    debugged = case.flavour in ("debug", "debug-one")
    assert ("STORE_USER" in record["flags"]) == debugged == (record["red_left_pad"] > 0)


@pytest.mark.parametrize("case", [*on("plain", by_default=SERIES), *on(*(set(FLAVOURS) - {"plain"}))], ids=str)
def test_flavour(case, pool):
    """kbase and every cache against the guest; through both doors."""
    cache = message_cache(case.series, "1k")
    with pool.lend(case) as guest:
        text = int(guest.run("grep ' _text$' /proc/kallsyms").split()[0], 16)
        compare_with_slabinfo(Program(guest), guest)
        for dill in (Program(guest), Gdb(guest)):
            base = dill.json("kbase")[0]
            assert int(base["base"], 16) == text
            check_flavour(case, base, dill.json("kcache", cache, "--counts")[0])


def stop_in_user_mode(guest):
    """Stop the guest while both of its CPUs run a program."""
    for cpu in (0, 1):
        guest.spawn(f"spin {cpu}").wait_output(r"^ready")
    for _ in range(50):
        guest.stop()
        if guest.monitor.hmp("info registers -a").count("CPL=3") == 2:
            return
        guest.cont()
        time.sleep(0.05)
    raise AssertionError("the guest was never caught in user mode")


@pytest.mark.parametrize("case", on("plain"), ids=str)
def test_stopped_in_user_mode_under_page_table_isolation(case, pool):
    """The stub cannot read kernel addresses there; dill gives the answers of a guest stopped in the kernel."""
    with pool.lend(case) as guest:
        base = Program(guest).json("kbase")[0]["base"]
        stop_in_user_mode(guest)
        for door in (Program(guest), Gdb(guest, leave="disconnect")):
            assert "CPL=3" in guest.monitor.hmp("info registers")
            assert door.json("kbase")[0]["base"] == base
        assert Program(guest).json("kcache", "kmalloc-64")[0]["active"] > 0
        assert not guest.is_running()


@pytest.fixture(scope="module", params=on("plain", series=ONE), ids=str)
def one(request, pool):
    """A guest for the ways out."""
    with pool.lend(request.param) as guest:
        yield guest


def test_direct_and_stub_agree(one):
    """The stub alone gives what QEMU's memory gives."""
    one.stop()
    try:
        direct = Program(one).json("kcache", "kmalloc-64")
        port = f":{one.gdb_port}"
        stub = subprocess.run([ROOT / "build/dill", "--no-direct", "-r", port, "kcache", "kmalloc-64", "--json"],
                              capture_output=True, text=True, timeout=300, check=True)
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
    """Interrupted at some moments, the guest runs on each time."""
    for step in range(times(10, 4)):
        words = ["env", "--default-signal=INT", ROOT / "build/dill", "--no-direct", "-r", f":{one.gdb_port}", "kcache", "*"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.02 * step)
        process.send_signal(number)
        assert process.wait(timeout=300) in (0, 128 + number, -number)  # the last: before dill had set itself up
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


@pytest.mark.parametrize("case", on("plain", series=ONE, spoils=True), ids=str)
def test_guest_gone_in_the_middle(case, pool):
    """QEMU ends while dill reads: one clear line, no hang."""
    with pool.lend(case) as guest:
        command = [ROOT / "build/dill", "--no-direct", "-r", f":{guest.gdb_port}", "kcache", "*"]
        for wait in (0.05, 0.15):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            time.sleep(wait)
            guest.close()
            _, said = process.communicate(timeout=300)
            if process.returncode != 0:  # else it was faster
                assert process.returncode == 2
                assert len(said.strip().splitlines()) == 1, said
