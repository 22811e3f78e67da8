# SPDX-License-Identifier: MIT
"""What cannot be done is said in one line that tells what was wrong, with status 2, and leaves nothing behind."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from conftest import ROOT, Program
from test_export import rows
from tests.dumps import Dumps
from tests.matrix import on

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def run(*words, before=(), **options):
    """dill's finished process."""
    command = [*before, ROOT / "build/dill", *words]
    return subprocess.run(command, **{"capture_output": True, "text": True, "timeout": 120, "check": False, **options})


def refused(done, *parts):
    """It failed with one line that has all the parts, and answered nothing."""
    assert done.returncode == 2 and not done.stdout, done
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("dill: "), done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--nosuch"], ['no option "--nosuch"', "--help"]),
        (["--timeuot=3", "kbase"], ['no option "--timeuot"', "did you mean timeout"]),
        (["-q"], ['no option "-q"']),
        (["-r"], ["HOST:PORT is missing"]),
        (["--core"], ["FILE is missing"]),
        (["--re", "x"], ["--remote or --record"]),
        (["--json=1", "kbase"], ["--json takes no value"]),
        (["--timeout=0", "kbase"], ["no number from 1 to 3600"]),
        (["--color=x", "kbase"], ["auto, always or never"]),
        (["kcache", "--nosuch"], ['no option "--nosuch"', "usage: kcache"]),
        (["nosuch"], ['no command "nosuch"']),
    ],
    ids=" ".join,
)
def test_usage(words, parts):
    """The program's own options like those of commands."""
    refused(run(*words), *parts)


@pytest.mark.parametrize(
    "words",
    [["-c", "", "kbase"], ["--record", "", "kbase"], ["--vmlinux=", "kbase"], ["export", ""], ["report", ""], ["history", "1", ""],
     ["diff", "", "x"], ["diff", "x", ""], ["trace", "-o", ""], ["report", "x", "--html", ""]],
    ids=" ".join,
)
def test_empty_names(words):
    """A file without a name is none."""
    refused(run(*words), "the name of a file is empty")


@pytest.mark.parametrize("word", ["--help", "-?", "--usage", "--version", "-V", "help"])
def test_output_that_cannot_be_written(word):
    """It is no success, whoever printed it."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = run(word, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2 and "No space left on device" in done.stderr and len(done.stderr.splitlines()) == 1
    done = run(word)
    assert done.returncode == 0 and done.stdout and not done.stderr


@pytest.fixture(scope="module", params=on("plain", series=("6.12",)), ids=str)
def guest(request, pool):
    """A guest."""
    with pool.lend(request.param) as lent:
        yield lent


def test_what_a_file_is(guest, tmp_path):
    """A file that is for other commands is named, with them."""
    heap, trace, garbage = tmp_path / "heap.db", tmp_path / "trace.db", tmp_path / "garbage"
    stub = ("-r", f":{guest.gdb_port}")
    assert run(*stub, "export", heap).returncode == 0
    assert run(*stub, "trace", "-t", "1", "-o", trace).returncode == 0
    garbage.write_text("garbage")
    refused(run("-c", heap, "kbase"), "it is a heap export, no dump", '"diff"')
    refused(run("-c", trace, "kbase"), "it is a trace, no dump", '"report"')
    refused(run("report", heap), "it is a heap export, no trace", '"diff"')
    refused(run("diff", heap, trace), "trace.db: it is a trace, no heap export", '"history"')
    for pair in ((heap, garbage), (garbage, heap)):
        refused(run("diff", *pair), f"dill: {garbage}: it is nothing that dill reads")
    refused(run("-c", garbage, "kbase"), "it is nothing that dill reads")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, to be somebody who may not")
def test_where_nothing_can_be_made(guest):
    """No folder and no permission are told apart."""
    if run("--version", before=NOBODY).returncode != 0:
        pytest.skip("nobody else may run the program where it lies")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for command in (("export",), ("trace", "-t", "1", "-o")):
            stub = ("-r", f":{guest.gdb_port}")
            refused(run(*stub, *command, folder / "x.db", before=NOBODY), "cannot create it: Permission denied")
            refused(run(*stub, *command, folder / "no" / "x.db"), "cannot create it: No such file or directory")
        assert not list(folder.iterdir())


def test_full_disk(guest, tmp_path):
    """Nothing half stays behind, and what was there stays."""
    stub = f"{ROOT}/build/dill -r :{guest.gdb_port}"
    script = """
        mount -t tmpfs -o size=64k none {0} || exit 77
        cp {1} {0}/t.db && dd if=/dev/zero of={0}/fill bs=1k 2>/dev/null
        {2} trace -t 1 -o {0}/t.db; echo $?
        {2} export {0}/heap.db; echo $?
        ls -A {0}; cmp {1} {0}/t.db && echo same
    """
    disk, old = tmp_path / "disk", tmp_path / "old"
    disk.mkdir()
    shutil.copy(ROOT / "README.md", old)
    script = script.format(disk, old, stub)
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0 and not done.stdout:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert "left alone" in done.stderr.splitlines()[0]  # what is no trace is not touched
    old.unlink()
    assert run("-r", f":{guest.gdb_port}", "trace", "-t", "1", "-o", old).returncode == 0
    size = old.stat().st_size // 1024 + 24
    script = script.replace("size=64k", f"size={size}k")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.split() == ["2", "2", "fill", "t.db", "same"], done
    assert [line.rsplit(": ", 1)[1] for line in done.stderr.splitlines()] == ["No space left on device"] * 2
    assert rows(old, "PRAGMA integrity_check")


def test_cut_dump(guest, tmp_path):
    """Why there is no answer stands in the line that says so."""
    with Dumps(guest, tmp_path).file("elf") as path:
        cut = tmp_path / "cut"
        with open(path, "rb") as source:
            cut.write_bytes(source.read(32 << 20))
    refused(run("-c", cut, "kbase"), "cut off", "the dump lacks", "no Linux kernel found")
    whole = tmp_path / "heap.db"
    assert Program(guest).run("export", str(whole)).returncode == 0
    refused(run("diff", cut, whole), "cut off", "the dump lacks")
