# SPDX-License-Identifier: MIT
"""A machine that has crashed, and whose memory holds the kernel that crashed and the one that took its place (kexec)."""
import pathlib
import re
import time

import pytest

from conftest import Program
from test_dump import Dump, gdb
from tests.guest import initramfs
from tests.guest.kernels import KernelUnavailable, kernel
from tests.guest.vm import Guest, GuestError

SERIES = "6.12"
PARAMETERS = "console=ttyS0 nr_cpus=1 reset_devices panic=-1 loglevel=4 tsc=reliable no_timer_check nokaslr"
BOOT_S, ATTEMPT_S = 360, 30


def code_at(iomem):
    """Where /proc/iomem says that the kernel's code is."""
    return int(re.search(r"([0-9a-f]+)-[0-9a-f]+ : Kernel code", iomem)[1], 16)


def until_it_answers(guest, command):
    """What a command prints in the kernel that boots now: the old one fails it for a while, and the channel loses requests."""
    end = time.monotonic() + BOOT_S
    while True:
        try:
            return guest.run(command, timeout=ATTEMPT_S)
        except GuestError:
            if time.monotonic() > end:
                raise
            time.sleep(1)


class Crashed:
    """The dumps, and what both kernels said of themselves."""

    def __init__(self, folder, series):
        which = kernel(series)
        with Guest(which, append="crashkernel=128M", memory="384M") as guest:
            guest.run("mkdir /tmp/k")
            guest.write_file("/tmp/k/vmlinuz", pathlib.Path(which.vmlinuz).read_bytes())
            guest.write_file("/tmp/k/initrd", pathlib.Path(initramfs.build(which, [])).read_bytes())
            guest.run(f"capture /tmp/k/vmlinuz /tmp/k/initrd '{PARAMETERS}' && rm -r /tmp/k")
            guest.spawn("named victim").wait_output("^ready")
            self.code = [code_at(guest.run("cat /proc/iomem"))]
            # The agent dies with its kernel and cannot answer.
            guest.run("(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
            iomem = until_it_answers(guest, "grep -q elfcorehdr /proc/cmdline && cat /proc/iomem")
            self.code.append(code_at(iomem))
            guest.stop()
            self.base = Program(guest).json("kbase")[0]["base"]
            self.raw, self.elf = folder / "raw", folder / "elf"
            guest.save_physical(self.raw, 0, guest.memory_bytes)
            guest.dump(self.elf)
            self.elf.chmod(0o600)


@pytest.fixture(scope="module")
def crashed(request, tmp_path_factory):
    wanted = request.config.getoption("--series")
    if wanted and SERIES not in wanted:
        pytest.skip(f"of all kernels {SERIES} will do")
    try:
        return Crashed(tmp_path_factory.mktemp("two"), SERIES)
    except KernelUnavailable as reason:
        return pytest.skip(str(reason))


def kernels_of(dump):
    return [record for record in dump.json("info") if record["record"] == "kernel"]


@pytest.mark.parametrize("kind", ("raw", "elf"))
def test_both_are_found(crashed, kind):
    """Where each says that it is, by physical address; with registers the one that runs is shown."""
    found = kernels_of(Dump(getattr(crashed, kind)))
    assert [int(record["physical_base"], 16) for record in found] == sorted(crashed.code)
    assert [record["shown"] for record in found].count(True) == 1
    if kind == "elf":
        assert [record["base"] for record in found if record["shown"]] == [crashed.base]
    assert all(record["release"].startswith(SERIES) for record in found)


@pytest.mark.parametrize("kind", ("raw", "elf"))
def test_each_is_shown(crashed, kind):
    """By number and by address: the process that was there before the crash is in the first kernel alone."""
    path = getattr(crashed, kind)
    for record in kernels_of(Dump(path)):
        is_first = int(record["physical_base"], 16) == crashed.code[0]
        for choice in (str(record["number"]), record["physical_base"], record["base"]):
            dump = Dump(path, f"--kernel={choice}")
            assert dump.json("kbase")[0]["physical_base"] == record["physical_base"]
        names = [task["comm"] for task in dump.json("ktask")]
        assert ("victim" in names) == is_first and "agent" in names
        assert dump.run("kcheck").returncode == 0
        shown = [one["number"] for one in kernels_of(dump) if one["shown"]]
        assert shown == [record["number"]]


def test_in_gdb_and_wrong_choices(crashed):
    first = next(one for one in kernels_of(Dump(crashed.elf)) if int(one["physical_base"], 16) == crashed.code[0])
    done = gdb(f"dill open --kernel={first['number']} {crashed.elf}", "kbase --json")
    assert first["base"] in done.stdout, done.stderr
    for choice, reason in (("3", "2 can be chosen"), ("last", "chooses no kernel")):
        done = Dump(crashed.raw, f"--kernel={choice}").run("kbase")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and reason in done.stderr
