# SPDX-License-Identifier: MIT
"""The running system as a target: the static program inside each guest, against what that guest says of itself."""
import json
import subprocess
import time

import pytest

from conftest import ROOT
from test_inspect import row, slabinfo
from tests.guest.cache import cache_dir, locked
from tests.guest.snapshot import looked_at
from tests.matrix import on

FOLDER = ROOT / "build-static"
DILL = "/root/dill"
LOOKS = 8
pytestmark = pytest.mark.parametrize("guest", on("plain"), ids=str, indirect=True)


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The bytes of the static program, as `make static` makes it, without debug information."""
    with locked(cache_dir() / ".static.lock"):  # the other process of xdist builds there, too
        subprocess.run(["make", "static"], cwd=ROOT, check=True, capture_output=True)
    stripped = tmp_path_factory.mktemp("static") / "dill"
    subprocess.run(["strip", "-o", stripped, FOLDER / "dill"], check=True)
    return stripped.read_bytes()


@pytest.fixture
def live(guest, program):
    """Run a command of dill's in the guest: (status, records, what it said)."""
    guest.write_file(DILL, program)
    guest.run(f"chmod 755 {DILL}")

    def run(*words, options="", as_user=""):
        command = f"{DILL} --live --json {options} {' '.join(words)}"
        done = guest.execute(f"su {as_user} -s /bin/sh -c '{command}'" if as_user else command)
        return done.status, records(done.stdout.decode()), done.stderr.decode().splitlines()

    yield run
    guest.run(f"rm {DILL}")


def records(text):
    """The JSON lines in a text with other lines."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def answers(text):
    """Rows by cache, of every complete answer of `kcache --json` in a text."""
    found = []
    for record in records(text):
        if not found or record["name"] in found[-1]:
            found.append({})
        found[-1][record["name"]] = row(record)
    return found[:-1]


def test_where_everything_is(guest, live):
    """Kernel, processes and one cache, as the guest says."""
    status, (kernel,), said = live("kbase")
    assert (status, kernel["base"]) == (0, "0x" + guest.run("grep ' _text$' /proc/kallsyms").split()[0])
    assert said == ["dill: this system runs while it is read: its heap moves"]
    status, tasks, _ = live("ktask")
    assert status == 0
    names = {task["pid"]: task["comm"] for task in tasks}
    pids = {int(pid) for pid in guest.run("cd /proc; echo [0-9]*").split()}
    assert names[1] == "agent" and names.keys() & pids == pids - {max(pids)}
    status, (cache,), _ = live("kcache", "task_struct")
    assert status == 0 and cache["live"] >= len(names) - 1


def test_counters(guest, program, live):
    """Every cache's row is what the guest itself counts, while dill looks and nothing else runs."""
    del program
    guest.write_file("/root/commands", b"kcache\n" * 60)
    still = None
    for look in range(LOOKS):
        process = guest.spawn(f"sh -c 'exec {DILL} --live --json </root/commands'")
        process.wait_output(r'"record"')
        _, readings = looked_at(guest, ["/proc/slabinfo"], lambda: time.sleep(0.5 * (look + 1)))
        seen = answers(process.output().rpartition("\n")[0])  # the last line is still being written
        process.kill()
        tables = [slabinfo(reading["/proc/slabinfo"]) for reading in readings]
        if not seen:
            continue  # this machine is busy: the next look is longer
        assert tables
        still = set(tables[-1]) if still is None else still
        assert still <= seen[-1].keys()
        still -= {name for name in still if any(table[name] == answer[name] for table in tables for answer in seen)}
        if not still:
            return
    assert still is not None, "no answer in time"
    assert {name: seen[-1][name] for name in still} == {name: tables[-1][name] for name in still}


def test_motion_is_no_corruption(guest, live):
    """Under a load on all CPUs lists are torn now and then: that is said, and never called a finding."""
    guest.spawn("load").wait_output(r"^ready")
    remarks = 0
    for _ in range(2):
        status, (*findings, summary), said = live("kcheck")
        assert (status, findings, summary["findings"]) == (0, [], 0)
        assert all("ran while it was read" in remark for remark in summary["in_motion"]), summary
        assert len(said) == 1 + bool(summary["in_motion"]), said
        remarks += len(summary["in_motion"])
        status, caches, _ = live("kcache")
        # A torn list of what waits is a gap: objects may be on it that look live.
        assert status == 0 and {row["record"] for row in caches} - {"gap"} == {"cache"}, caches[-1]
    # Neither is it in a recording, while it is made and when it is opened.
    for options, target in (("--record /root/seen", "--live"), ("", "-c /root/seen")):
        done = guest.execute(f"{DILL} {target} --json {options} kcheck")
        *findings, summary = records(done.stdout.decode())
        assert (done.status, findings, summary["findings"]) == (0, [], 0), done.stderr
    guest.run("rm /root/seen")
    status, census, _ = live("kcensus")
    assert status == 0 and {row["record"] for row in census} - {"gap"} == {"census_cache", "census_large", "census_total", "census_kernel"}
    print(f"{remarks} remarks")


def test_who_may_not(guest, live):
    """Another user gets one line; so does who asks for two targets."""
    guest.run("grep -q ^nobody: /etc/passwd 2>/dev/null || { mkdir -p /etc; echo nobody:x:65534:65534::/:/bin/sh >>/etc/passwd; }")
    guest.run("chmod 755 /root")
    status, found, said = live("kbase", as_user="nobody")
    assert (status, found, said) == (2, [], ["dill: only root may read /proc/kcore"])
    status, found, said = live("kbase", options="-r :1")
    assert (status, found) == (2, []) and len(said) == 1 and "one of them" in said[0]
