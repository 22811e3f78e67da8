# SPDX-License-Identifier: MIT
"""What is read from a guest, kept in a file, and asked again without the guest."""
import subprocess

from conftest import ROOT, Program
from tests.matrix import ONE, kernels


def dill(*words):
    """Run the program without a guest."""
    return subprocess.run([ROOT / "build/dill", *words], capture_output=True, text=True, timeout=300, check=False)


def test_recording_answers_as_the_guest(guest, tmp_path):
    """One command, recorded and replayed: the same bytes; shorter commands find what they need in it too."""
    path = tmp_path / "recording"
    live = Program(guest)
    done = live.run("--record", path, "kcache", "*", "--json")
    assert done.returncode == 0, done.stderr
    assert "recorded " in done.stderr and [path] == list(tmp_path.iterdir())
    again = dill("-c", path, "kcache", "*", "--json")
    assert (again.returncode, again.stdout, again.stderr) == (0, done.stdout, "")
    names = {line["name"] for line in Program.lines(done) if line["record"] == "cache"}
    rows = dill("-c", path, "kcache", "--json")
    assert {line["name"] for line in Program.lines(rows) if line["record"] == "cache"} == names
    info = dill("-c", path, "info", "--json")
    assert info.returncode == 0 and str(path) in Program.lines(info)[0]["target"]


def test_recording_lacks_pages(guest, tmp_path):
    """What nobody has read is said to be missing."""
    path = tmp_path / "recording"
    assert Program(guest).run("--record", path, "kbase").returncode == 0
    done = dill("-c", path, "ktask")
    assert "the recording lacks" in done.stderr
    assert dill("-c", path, "kbase").stderr == ""


@kernels(*ONE)
def test_wrong_files(guest, tmp_path):
    """One line and status 2: for files that are none, and places where none can be."""
    (tmp_path / "text").write_text("no recording")
    for words in (
        ("-c", tmp_path / "text", "kcache"),
        ("-c", tmp_path / "none", "kcache"),
        ("-c", tmp_path, "kcache"),
        ("-c", tmp_path / "text", "-r", ":1", "kcache"),
        ("-r", f":{guest.gdb_port}", "--record", tmp_path / "no" / "folder", "kbase"),
        ("-r", f":{guest.gdb_port}", "--record", tmp_path, "kbase"),
    ):
        done = dill(*words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
