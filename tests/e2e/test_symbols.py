# SPDX-License-Identifier: MIT
"""`dill symbols`: GDB without a vmlinux, against the guest's own kallsyms, BTF and /proc/PID/stack."""
import base64
import json
import os
import random
import re
import shutil
import subprocess
from collections import Counter

import pytest

from conftest import ROOT, Program
from tests.matrix import FULL, on

# How many are compared, of those that the seed chooses.
SYMBOLS, STRUCTS = 2000, 300
SEED = 14
USER_END = 1 << 47
# Where stacks begin, whatever the release.
OUTERMOST = re.compile(r"ret_from_fork|secondary_startup|start_secondary|common_startup|x86_64_start|user")
# In an interrupt, a softirq, a page fault, a system call and a kernel thread: the first that the kernel has.
STOPS = (
    ("tick_sched_timer", "tick_nohz_handler"),  # of old, the second is that of clocks without high resolution, and never called
    ("run_timer_softirq",),
    ("handle_mm_fault",),
    ("do_sys_openat2",),
    ("process_one_work",),
)
REFUSED = (("-", "give the file a name"), ("/dev/null", "no regular file"), ("/nosuch/file", "No such file"))
COMMANDS = ("ptype kfree", "info scope kfree", "whatis init_task", "p init_task.comm", "whatis slab_caches", "whatis linux_banner", "p PIDTYPE_TGID", "ptype gfp_t", "disassemble schedule,+16")


def kallsyms(guest):
    """{name: [addresses]}, {address: [names]} of the kernel's own, without modules; in the kernel's order."""
    by_name, by_address = {}, {}
    for line in guest.read_file("/proc/kallsyms").decode().splitlines():
        address, kind, name, *module = line.split()
        if not module and kind not in "aA":
            by_name.setdefault(name, []).append(int(address, 16))
            by_address.setdefault(int(address, 16), []).append(name)
    return by_name, by_address


def pahole(btf, *options):
    """What pahole says of a BTF file."""
    return subprocess.run(["pahole", "-F", "btf", *options, btf], capture_output=True, text=True, check=True).stdout


def choose_structs(btf):
    """Names that mean one struct only."""
    names = Counter(line.split("\t")[0] for line in pahole(btf, "--sizes").splitlines())
    return random.Random(SEED).sample(sorted(name for name, count in names.items() if count == 1 and name.isidentifier()), STRUCTS)


# "name;  /* 8: 3  4 */": the offset, the bit there, and the size, of a bit-field in bits behind its name.
NAME = r"(?:\(\*+(?P<pointer>\w+)(?:\[\d*\])*\)\(.*\)|(?P<name>\w+)(?:\[\d*\])*(?::(?P<bits>\d+))?)"
MEMBER = re.compile(rf"{NAME}\s*;\s*/\*\s*(?P<offset>\d+)(?::\s*(?P<bit>\d+))?\s+(?P<size>\d+)")


def pahole_members(text):
    """pahole's listing of a struct as [name, bits from the start, bits]; of anonymous ones the members alone."""
    found, inside = [], [[]]
    for line in text.splitlines()[1:]:
        line = re.sub(r"\s*__attribute__\(\(\w+(\(\d+\))?\)\)", "", line.strip())
        match = MEMBER.search(line)
        if line.endswith("{"):
            inside.append([])
            continue
        row = None
        if match:
            at = 8 * int(match["offset"]) + int(match["bit"] or 0)
            row = [match["pointer"] or match["name"], at, int(match["bits"] or 8 * int(match["size"]))]
        if line.startswith("}"):
            block = inside.pop()
            if not inside:
                return block
            inside[-1] += [row] if row else block
        elif row:
            inside[-1].append(row)
    return found


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def answers(request, pool, tmp_path_factory):
    """What a GDB says that has nothing but the symbol file, and what it should say."""
    folder = tmp_path_factory.mktemp("symbols")
    file, btf = folder / "vmlinux.dill", folder / "vmlinux.btf"
    with pool.lend(request.param) as guest:
        btf.write_bytes(guest.read_file("/sys/kernel/btf/vmlinux"))
        by_name, by_address = kallsyms(guest)
        sleeper = guest.spawn("sleep 1000")
        guest.spawn("sh -c 'while true; do cat /proc/self/status >/dev/null; done'")
        stack = guest.run(f"until grep nanosleep /proc/{sleeper.pid}/stack >/dev/null; do sleep 0.1; done; cat /proc/{sleeper.pid}/stack")
        program = Program(guest)
        records = program.json("symbols", "-o", str(file))
        refused = [program.run("symbols", "-o", path) for path, _ in REFUSED]
        for form in ("btf", "map", "json"):
            program.json("symbols", "-o", str(folder / form), "--format", form)
        pointer = program.json("kstruct", "task_struct", "thread.sp", f"@$ktask({sleeper.pid})")
        version = guest.read_file("/proc/version")
        first, end = by_name["_stext"][0], by_name["_end"][0]
        ask = {
            "port": guest.gdb_port,
            "file": str(file),
            "addresses": random.Random(SEED).sample([one for one in by_address if first <= one < end], SYMBOLS),
            "structs": choose_structs(btf),
            "commands": COMMANDS,
            "sleeping": [int(pointer[-1]["value"], 0)],
            "finish": "do_sys_openat2",
            "breakpoints": [next(name for name in names if name in by_name) for names in STOPS],
        }
        done = subprocess.run(
            ["gdb", "-q", "-nx", "-batch", "-x", ROOT / "tests/data/gdb/symbols.py"],
            env={**os.environ, "DILL_TEST": json.dumps(ask)}, capture_output=True, text=True, timeout=300, check=False,
        )
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"what"')]
    found = {line["what"]: line["value"] for line in said}
    found["stops"] = [line["value"] for line in said if line["what"] == "stop"]
    assert len(found["stops"]) == len(STOPS), done.stdout[-2000:] + done.stderr[-2000:]
    return {**found, "ask": ask, "said": dict(found["ask"]), "errors": done.stderr, "file": file, "btf": btf, "stack": stack, "version": version,
            "by_address": by_address, "by_name": by_name, "records": records, "refused": refused}


def test_loads_without_a_complaint(answers):
    """Nothing is missing in the file, and GDB finds nothing wrong with it."""
    (record,) = answers["records"]
    assert record["record"] == "symbol_file"
    assert record["symbols"] > 50000 and record["types"] > 20000 and record["functions"] > 10000
    assert (record["variables"] > 100) == (b"\0.data..percpu\0" in answers["btf"].read_bytes())  # Debian's 5.10 has none
    assert record["bytes"] == answers["file"].stat().st_size < 40 << 20
    assert not re.search("complaint|warning|DW_|corrupt|invalid", answers["load"] + answers["errors"].replace("warning: No executable", ""))


def test_other_formats(answers):
    """The types byte for byte, and the kernel's own table of symbols."""
    folder = answers["file"].parent
    assert (folder / "btf").read_bytes() == answers["btf"].read_bytes()
    rows = [line.split() for line in (folder / "map").read_text().splitlines()]
    assert len(rows) > 50000
    for address, _, name in rows:
        assert int(address, 16) < USER_END or name in answers["by_address"][int(address, 16)]  # per-CPU, which have none


class VolatilityTable:
    """A symbol table of volatility 3, read by its documentation."""

    def __init__(self, path):
        self.all = json.loads(path.read_text())

    def size(self, kind):
        """Bytes of what a description is of."""
        match kind:
            case {"kind": "pointer"}:
                return self.all["base_types"]["pointer"]["size"]
            case {"kind": "array", "count": count, "subtype": element}:
                return count * self.size(element)
            case {"kind": "base", "name": name}:
                return self.all["base_types"][name]["size"]
            case {"kind": "enum", "name": name}:
                return self.all["enums"][name]["size"]
            case {"kind": "struct" | "union", "name": name}:
                return self.all["user_types"][name]["size"]
        raise AssertionError(kind)

    def members(self, name, at=0):
        """[name, bits from the start, bits]; of anonymous ones the members alone."""
        found = []
        for field, row in self.all["user_types"][name]["fields"].items():
            kind, place = row["type"], at + 8 * row["offset"]
            if row.get("anonymous"):
                found += self.members(kind["name"], place)
            elif kind["kind"] == "bitfield":
                assert kind["bit_position"] + kind["bit_length"] <= 8 * self.size(kind["type"])
                found.append([field, place + kind["bit_position"], kind["bit_length"]])
            else:
                found.append([field, place, 8 * self.size(kind)])
        return found


def test_volatility(answers):
    """Its symbol table: as linked, so that it serves for every boot; found by the banner; the same structs; no name is missing."""
    table = VolatilityTable(answers["file"].parent / "json")
    symbols = table.all["symbols"]
    assert base64.b64decode(symbols["linux_banner"]["constant_data"]) == answers["version"] + b"\0"
    slide = answers["by_name"]["_text"][0] - symbols["_text"]["address"]
    assert slide >= 0 and slide % (2 << 20) == 0
    names = [names[0] for names in map(answers["by_address"].get, answers["ask"]["addresses"])]
    for name in (name for name in names if len(answers["by_name"][name]) == 1):
        assert symbols[name]["address"] + slide == answers["by_name"][name][0]
    assert symbols["init_task"]["type"] == {"kind": "struct", "name": "task_struct"}
    for name in answers["ask"]["structs"]:
        assert table.members(name) == answers["structs"][name]  # which is pahole's
    for name in table.all["user_types"]:
        table.members(name)
    for row in table.all["enums"].values():
        assert table.all["base_types"][row["base"]]["size"] == row["size"]


def test_what_is_no_file(answers):
    """It is left as it is, and one line says what to do."""
    for (path, why), done in zip(REFUSED, answers["refused"]):
        assert done.returncode == 2 and why in done.stderr and done.stderr.count("\n") == 1, (path, done)


def test_names(answers):
    """Of each address one of the kernel's own names."""
    for address, text in zip(answers["ask"]["addresses"], answers["symbols"]):
        assert text.split()[0] in answers["by_address"][address]


def test_structs_as_pahole_reads_them(answers):
    """Every member of each, at every depth of anonymous ones."""
    listing = "\n" + pahole(answers["btf"], "-C", ",".join(answers["ask"]["structs"]))  # of one run: it reads all types each time
    blocks = re.split(r"\n(?=(?:struct|union) \w+ \{)", listing)[1:]
    texts = {block.split()[1]: block for block in blocks}
    for name in answers["ask"]["structs"]:
        text = texts[name]
        assert answers["structs"][name] == pahole_members(text), text
        assert f"/* size: {answers['sizes'][name]}," in text or "/* size:" not in text  # a union


def test_values(answers):
    """Prototypes, enumerators, typedefs."""
    said = answers["said"]
    assert re.search(r"type = void \(const void \*\)", said["ptype kfree"])
    assert said["p PIDTYPE_TGID"].endswith("= PIDTYPE_TGID\n")
    assert said["ptype gfp_t"] == "type = unsigned int\n"
    assert said["whatis init_task"] == "type = struct task_struct\n" and "swapper" in said["p init_task.comm"]
    assert said["whatis slab_caches"] == "type = struct list_head\n"
    assert "no debug info" in said["whatis linux_banner"]
    assert re.fullmatch(r"\$\d+ = -?\d+\n", answers["finish"]), answers["finish"]
    assert "<schedule+" in said["disassemble schedule,+16"]


def names_of(answers, frames):
    """The functions that the program counters lie in, by the kernel's own table."""
    order = sorted(answers["by_address"])
    names = []
    for address, _ in frames:
        if address < USER_END:
            names.append("user")
            continue
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if order[middle] <= address else (low, middle)
        names.append(answers["by_address"][order[low - 1]])
    return names


def test_backtraces(answers):
    """From interrupts, softirqs, page faults, system calls and kernel threads to where the stack begins."""
    for stop in answers["stops"]:
        names = names_of(answers, stop["frames"])
        assert stop["at"] in names[0]
        outermost = names[-1] if isinstance(names[-1], str) else " ".join(names[-1])
        assert OUTERMOST.search(outermost), stop["bt"]
        assert not re.search(r"corrupt|identical|inner to|stopped", stop["bt"]), stop["bt"]
        assert stop["end"] == "outermost", stop["bt"]


def test_backtrace_of_a_sleeping_task(answers):
    """The kernel's own unwinder shows the same functions but those of the scheduler, which it leaves out."""
    own = [re.search(r"\] (\w[\w.]*)\+", line)[1] for line in answers["stack"].splitlines()]
    names = names_of(answers, answers["sleeping"]["frames"])
    assert names[-1] == "user"
    assert len(names) > len(own)
    for name, aliases in zip(own[::-1], names[-2::-1]):
        assert name in aliases


def test_file_is_well_formed(answers):
    """What others say of it."""
    file = answers["file"]
    done = subprocess.run(["readelf", "-wi", "-wf", file], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    assert not done.stderr
    readers = [["eu-elflint", "--gnu-ld", "-d"]]
    if FULL and shutil.which("llvm-dwarfdump"):  # takes long
        readers.append(["llvm-dwarfdump", "--verify"])
    for command in readers:
        done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "rror:" not in done.stdout + done.stderr, done.stdout[-1000:] + done.stderr
