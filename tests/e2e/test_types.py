# SPDX-License-Identifier: MIT
"""kstruct against libbpf's and pahole's reading of the BTF that the guest itself hands out."""
import re
import subprocess

import pytest

from conftest import ROOT, Program

LIBBPF = ROOT / "build/tests/unit/compare_btf_libbpf"
TYPES = ("task_struct", "kmem_cache", "kmem_cache_node", "page", "mm_struct", "sk_buff", "inode", "net_device", "file")


@pytest.fixture(scope="module")
def btf(guest, tmp_path_factory):
    """File with the BTF of the guest's kernel."""
    path = tmp_path_factory.mktemp("btf") / "vmlinux.btf"
    path.write_bytes(guest.read_file("/sys/kernel/btf/vmlinux"))
    return path


def test_btf_as_libbpf_reads_it(btf):
    """Every type, member, enumerator and parameter of the kernel."""
    if not LIBBPF.exists():
        pytest.skip("built without libbpf-dev or dwarves: nothing to compare with")
    done = subprocess.run([LIBBPF, btf], capture_output=True, text=True, check=False)
    if "libbpf cannot read" in done.stderr:
        pytest.skip("this machine's libbpf cannot read the BTF of this kernel")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 50000


# A declaration's end, and its place: "(*name)(int);", "name[4];", "name:3;", each with "/* offset: bit size */".
NAME = r"(?:\(\*+(?P<pointer>\w+)(?:\[\d*\])*\)\(.*\)|(?P<name>\w+)(?:\[\d*\])*(?::\d+)?)"
PLACE = r"/\*\s*(?P<offset>\d+)(?::\s*(?P<bit>\d+))?\s+(?P<size>\d+)"
MEMBER = re.compile(rf"{NAME}\s*;\s*{PLACE}")


def pahole_members(text):
    """pahole's listing as {path: (offset, bit, size)}; members of anonymous structs by their plain names."""
    inside = [{}]
    for line in text.splitlines()[1:]:
        line = re.sub(r"\s*__attribute__\(\(\w+(\(\d+\))?\)\)", "", line.strip())
        match = MEMBER.search(line)
        if line.endswith("{"):
            inside.append({})
            continue
        if line.startswith("}"):
            block = inside.pop()
            if not inside:
                return block
            prefix = f"{match['name']}." if match else ""
            inside[-1].update({prefix + path: place for path, place in block.items()})
        if match:
            bit = int(match["bit"]) if match["bit"] else None
            place = int(match["offset"]), bit, int(match["size"])
            inside[-1][match["pointer"] or match["name"]] = place
    raise AssertionError("pahole's listing has no end")


def dill_members(guest, name):
    """The same of kstruct's records, of every depth."""
    members = {}
    for record in Program(guest).json("kstruct", name):
        if record["record"] == "layout" and record.get("member"):
            members[record["member"]] = record["offset"], record.get("bit_offset"), record["size"]
    return members


@pytest.mark.parametrize("name", TYPES)
def test_kstruct_as_pahole_reads_it(guest, btf, name):
    """Offset, bit and size of each member, nested ones in place."""
    done = subprocess.run(["pahole", "-C", name, btf], capture_output=True, text=True, check=False)
    if done.returncode != 0 or not done.stdout:
        pytest.skip(f"this machine's pahole cannot read the BTF of this kernel: {done.stderr.strip()[:100]}")
    theirs, ours = pahole_members(done.stdout), dill_members(guest, name)
    assert len(theirs) > 5
    assert {path: ours.get(path) for path in theirs} == theirs
    assert {path for path in ours if "." not in path} == {path for path in theirs if "." not in path}
