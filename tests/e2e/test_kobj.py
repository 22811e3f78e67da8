# SPDX-License-Identifier: MIT
"""`kobj` against what the test knows without dill: content that a guest program has put into objects, found in the
guest's memory by its magic, and the kernel's own files."""
import re
import subprocess

import pytest

from conftest import ROOT, Gdb, Program, gdb_program
from tests.guest.memory import Memory, kallsyms
from tests.guest.messages import HEADER, MAGIC, Messages, sample_messages
from tests.guest.stub import kfence_pool
from tests.matrix import MOST, ONE, kernels, on

# Bytes of a System V message and how many: with the kernel's header of 48 bytes, objects of 96 to 4096 bytes.
MESSAGES = ((40, 700), (200, 400), (900, 300), (3000, 150))


def ask(guest, addresses, *options):
    """Records of kobj by address, of any number of addresses in one line; and the exit status."""
    addresses = list(addresses)
    words = " ".join(f"{address:#x}" for address in addresses)
    line = f"kobj --json {' '.join(options)} {words}\n"
    command = [ROOT / "build/dill", "-r", f":{guest.gdb_port}"]
    done = subprocess.run(command, input=line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    records = Program.lines(done)
    answers = {int(record["address"], 16): record for record in records if record["record"] == "object"}
    assert set(answers) == set(addresses)
    findings = [record for record in records if record["record"] == "finding"]
    assert done.returncode == (1 if findings else 0)
    return answers, findings


class Scene:
    """A stopped guest with messages and a large key, and its memory."""

    def __init__(self, guest):
        self.guest = guest
        self.messages = Messages(guest, *MESSAGES, free_every=3)
        self.guest.spawn("key 20000").wait_output("^ready")
        self.symbols = kallsyms(guest)
        self.vmallocinfo = guest.run("cat /proc/vmallocinfo")
        self.modules = guest.run("cat /proc/modules").splitlines()
        self.module_symbols = guest.run("grep ']$' /proc/kallsyms").splitlines()
        guest.stop()
        self.memory = Memory(guest, self.symbols)

    def names_in_module(self):
        """Address -> the names that kallsyms gives to code and data there, as dill writes them: not the compiler's marks."""
        names = {}
        for line in self.module_symbols:
            address, kind, name, module = line.split()
            if kind in "tTdDrRbB" and not name.startswith(".L"):
                names.setdefault(int(address, 16), []).append(f"{name} {module}")
        return names

    def found(self):
        """Messages in the kernel's objects."""
        return self.messages.find(self.memory)


@pytest.fixture(scope="module", params=on("plain", by_default=MOST), ids=str)
def scene(request, pool):
    """One stopped guest per kernel for all questions."""
    with pool.lend(request.param) as guest:
        # Addresses are shown to root alone then, which the test is.
        guest.run("echo 1 >/proc/sys/kernel/kptr_restrict")
        it = Scene(guest)
        with it.memory:
            yield it


def test_state_of_messages(scene):
    """A thousand objects and more: what the program holds is live, what it has released is not.

    With init_on_alloc, which all these kernels have on, memory that is allocated again is wiped first, and a page too:
    content that is still there belongs to an object that was not allocated again.
    """
    found = list(scene.found())
    addresses = [scene.memory.virtual(start) + HEADER for _, _, start in found]
    answers, findings = ask(scene.guest, addresses)
    kept, released = set(), 0
    assert not findings
    for (serial, size, _), address in zip(found, addresses):
        answer = answers[address]
        if scene.messages.is_kept(serial):
            assert answer["state"] == "live", answer
            assert "place" not in answer
            kept.add(serial)
        else:
            if answer["kind"] == "page":
                assert answer["page_use"] in ("buddy", "free"), answer
                continue
            assert answer["state"] in ("cached", "free", "waiting"), answer
            assert answer["place"] != "none" and answer["place_text"]
            released += 1
        assert answer["kind"] == "slab_object" and answer["part"] == "object"
        assert answer["offset"] == HEADER and answer["object_size"] >= HEADER + size
        assert int(answer["object"], 16) == address - HEADER
        assert bytes.fromhex(answer["bytes"])[HEADER : HEADER + 8] == MAGIC
    assert kept == set(filter(scene.messages.is_kept, scene.messages.serials))
    assert len(kept) + released >= 1000 and released >= 100


def test_descriptor_of_slab(scene):
    """The address of a struct slab, or of a member of it, answers for its memory."""
    _, size, start = next(scene.found())
    page = scene.memory.page_struct(start)
    object_address = scene.memory.virtual(start)
    answers, _ = ask(scene.guest, (page, page + 8, object_address))
    for asked in (page, page + 8):
        assert answers[asked]["kind"] == "slab" and answers[asked]["region"] == "memory_map"
        assert int(answers[asked]["describes"], 16) == object_address & ~4095
        for key in ("cache", "slab", "slab_base", "slab_objects"):
            assert answers[asked][key] == answers[object_address][key]
        assert "object" not in answers[asked] and size


def test_large_kmalloc(scene):
    """20000 bytes of a key need eight pages; the copy that the program wrote is anonymous memory."""
    seen = set()
    for phys in scene.memory.find(b"DILLKEY!" + (20000).to_bytes(8, "little")):
        address = scene.memory.virtual(phys)
        in_kernel = phys % 4096 == 24 and int.from_bytes(scene.memory.part(phys - 8, 2), "little") == 20000
        asked = address + (5000 if in_kernel else 50)  # a program's pages are scattered
        answer = ask(scene.guest, [asked])[0][asked]
        if in_kernel:
            assert answer["kind"] == "large_kmalloc" and answer["page_order"] == 3, answer
            assert int(answer["object"], 16) == address - 24 and answer["offset"] == 24 + 5000
            assert answer["page_use"] in ("large_kmalloc", "compound")
            seen.add("kernel")
        elif answer["kind"] == "page" and answer["page_use"] == "anonymous":
            seen.add("program")
    assert seen == {"kernel", "program"}


def test_memory_of_init(scene):
    """.init was given to others after boot: its symbols say so, and do not name what lies there now."""
    start = scene.symbols["_sinittext"]
    answer = ask(scene.guest, [start])[0][start]
    given = re.search(r"given its memory, (0x[0-9a-f]+), to others", answer["meaning"])
    assert answer["section"] == ".init.text" and given
    memory = int(given[1], 16)
    answers, _ = ask(scene.guest, range(memory, memory + 64 * 4096, 4096))
    assert len(answers) == 64 and not any("symbol" in answer for answer in answers.values())


def test_kernel_image(scene):
    """Functions and variables by /proc/kallsyms, and their memory in the direct map."""
    text, data = scene.symbols["vfs_read"] + 5, scene.symbols["init_task"] + 16
    answers, _ = ask(scene.guest, (text, data))
    assert answers[text]["kind"] == "image" and answers[text]["symbol"] == "vfs_read+0x5"
    assert answers[text]["section"] == ".text" and answers[data]["section"] == ".data"
    assert answers[data]["symbol"] == "init_task+0x10"
    if scene.symbols["__per_cpu_start"]:  # since 6.15 per-CPU variables have addresses: where they are copied from
        template = scene.symbols["runqueues"]
        assert ask(scene.guest, [template])[0][template]["section"] == ".data..percpu"
    alias = next(scene.memory.find(b"swapper/0\0")) + scene.memory.page_offset
    answer = ask(scene.guest, [alias])[0][alias]
    assert answer["kind"] == "page" and re.match(r"init_task\+0x", answer["symbol"])


def test_per_cpu(scene):
    """Each CPU's copy of a variable by its own offset."""
    addresses = [(scene.symbols["runqueues"] + offset + 8) % 2**64 for offset in scene.memory.per_cpu]
    answers, _ = ask(scene.guest, addresses)
    for cpu, address in enumerate(addresses):
        answer = answers[address]
        assert (answer["kind"], answer["cpu"], answer["symbol"]) == ("percpu", cpu, "runqueues+0x8")


def test_vmalloc(scene):
    """Every area of /proc/vmallocinfo with its size and who asked for it; and a hole.

    Without stacks: that of the program which read the file is gone. Modules have a place of their own, behind the
    image; on arm64 around it.
    """
    areas = re.findall(r"^0x(\w+)-0x(\w+)\s+(\d+) (\w\S+\+0x\w+)/0x\w+ .*pages=", scene.vmallocinfo, re.MULTILINE)
    areas = [area for area in areas if not re.match("kernel_clone|copy_process|dup_task_struct", area[3])]
    around = 0 if scene.guest.kernel.architecture == "amd64" else 2 << 30
    areas = [area for area in areas if int(area[0], 16) < scene.symbols["_text"] - around]
    assert len(areas) >= 10
    answers, _ = ask(scene.guest, [int(start, 16) + 0x10 for start, *_ in areas])
    for start, end, size, caller in areas:
        answer = answers[int(start, 16) + 0x10]
        assert answer["kind"] == "vmalloc" and int(answer["area"], 16) == int(start, 16), answer
        assert answer["area_size"] == int(size) == int(end, 16) - int(start, 16)
        assert answer["area_caller"] == caller
    hole = min(int(start, 16) for start, *_ in areas) + (4 << 40)
    assert ask(scene.guest, [hole])[0][hole]["kind"] == "unmapped"


def test_module(scene):
    """Every symbol of a loaded module, and the first byte that /proc/modules names."""
    assert len(scene.modules) == 1
    name, _, _, _, _, start, *_ = scene.modules[0].split()
    addresses = {int(line.split()[0], 16) for line in scene.module_symbols} | {int(start, 16)}
    assert len(addresses) > 20
    answers, _ = ask(scene.guest, addresses)
    for address, answer in answers.items():
        assert (answer["kind"], answer["module"]) == ("module", name)
        assert int(answer["area"], 16) <= address < int(answer["area"], 16) + answer["area_size"]
    assert int(answers[int(start, 16)]["area"], 16) == int(start, 16)
    for address, names in scene.names_in_module().items():
        assert answers[address]["symbol"] in names
    assert f"module {name}" in Program(scene.guest).run("kobj", f"0x{start.removeprefix('0x')}").stdout


def test_per_cpu_chunk(scene):
    """What alloc_percpu() takes from the vmalloc range: each CPU has a unit of the area."""
    found = re.search(r"^0x(\w+)-0x(\w+) .* pcpu_get_vm_areas\+", scene.vmallocinfo, re.MULTILINE)
    if not found:
        pytest.skip("the kernel had no need for such an area")
    start, end = (int(word, 16) for word in found.groups())
    unit = (end - start) // 2
    answers, _ = ask(scene.guest, (start + 0x10, start + unit + 0x10))
    assert [(answer["kind"], answer["cpu"]) for answer in answers.values()] == [("percpu", 0), ("percpu", 1)]


def test_task_stack(scene):
    """The kernel stack of a process, as ktask names it."""
    task = Program(scene.guest).json("ktask", str(scene.messages.pid))[0]
    stack = int(task["stack"], 16) + 0x2000
    answer = ask(scene.guest, [stack])[0][stack]
    assert (answer["kind"], answer["pid"], answer["comm"]) == ("vmalloc", scene.messages.pid, "msg")


def test_what_is_no_address(scene):
    """User space, NULL, error pointers, poison, and holes are answers too."""
    wanted = {0x400000: "user", 0: "user", 0x6B6B6B6B6B6B6B6B: "non_canonical", 0xDEAD000000000100: "non_canonical"}
    wanted[0xFFFFFFFFFFFFFFF4] = "unmapped"
    wanted[scene.memory.virtual(scene.memory.first + scene.memory.size + (64 << 20))] = "unmapped"
    answers, _ = ask(scene.guest, wanted)
    assert {address: answer["kind"] for address, answer in answers.items()} == wanted
    assert answers[0]["meaning"] == "NULL" and "-12" in answers[0xFFFFFFFFFFFFFFF4]["meaning"]
    assert "POISON_FREE" in answers[0x6B6B6B6B6B6B6B6B]["meaning"]
    assert "LIST_POISON1" in answers[0xDEAD000000000100]["meaning"]


@pytest.mark.parametrize("words", (("kobj",), ("kobj", "no_such_symbol"), ("kobj", "0x12zz"), ("kobj", "0", "--as", "x y")))
@kernels(*ONE)
def test_wrong_input_is_one_line(scene, words):
    """One clear line and status 2."""
    done = Program(scene.guest).run(*words)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_text_and_type(scene):
    """As text: the state and where it is; the object as a type; all its bytes."""
    serial, size, start = next(item for item in scene.found() if scene.messages.is_kept(item[0]))
    address = scene.memory.virtual(start)
    done = Program(scene.guest).run("kobj", f"{address + 50:#x}", "--as", "msg_msg", "-x")
    assert done.returncode == 0 and f"{address:#018x}" in done.stdout
    assert "live" in done.stdout.splitlines()[0] and "offset 50" in done.stdout
    assert re.search(rf"m_type = {serial}\b", done.stdout, re.MULTILINE)
    assert re.search(rf"m_ts = {size}$", done.stdout, re.MULTILINE)
    assert "DILLMSG!" in done.stdout


def test_gdb(scene):
    """The command and $kobj() in GDB."""
    _, _, start = next(scene.found())
    address = scene.memory.virtual(start)
    door = Gdb(scene.guest, leave="disconnect")
    assert int(door.json("kobj", f"{address + 50:#x}")[0]["object"], 16) == address
    command = [gdb_program(scene.guest), "-q", "-nx", "-batch", "-ex", f"target remote :{scene.guest.gdb_port}"]
    for line in (f"source {ROOT}/build/dill.py", f"print $kobj({address + 50:#x})", "print $kobj(0x400000)", "disconnect"):
        command += ["-ex", line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert f"(void *) {address:#x}" in done.stdout, done.stdout + done.stderr
    assert "0x400000 lies in no slab object" in done.stderr.replace("0x0000000000", "0x")


# --- slub_debug ---


@pytest.fixture(scope="module", params=on("debug"), ids=str)
def debugged(request, pool):
    """A stopped guest with slub_debug=FZPU, its memory, and messages in it."""
    with pool.lend(request.param) as guest:
        messages = Messages(guest, (40, 60), (900, 20))
        symbols = kallsyms(guest)
        guest.stop()
        with Memory(guest, symbols) as memory:
            yield guest, memory, messages


def test_allocation_track(debugged):
    """Who allocated a message: the program, through the kernel's message code."""
    guest, memory, messages = debugged
    found = list(messages.find(memory))
    assert len(found) == 80
    answers, findings = ask(guest, [memory.virtual(start) for _, _, start in found])
    assert not findings
    for _, size, start in found:
        answer = answers[memory.virtual(start)]
        assert answer["state"] == "live"
        track = next(item for item in answer["tracks"] if item["event"] == "alloc")
        assert track["pid"] == messages.pid and track["cpu"] in (0, 1)
        assert any(re.match(r"(load_msg|alloc_msg|do_msgsnd)\b", entry) for entry in track["stack"]), track
        if "requested_size" in answer:
            assert answer["requested_size"] == HEADER + size


def test_red_zones(debugged):
    """In front of and behind the object, and in the metadata."""
    guest, memory, messages = debugged
    _, _, start = next(messages.find(memory))
    address = memory.virtual(start)
    size = ask(guest, [address])[0][address]["object_size"]
    answers, _ = ask(guest, (address - 1, address + size, address + size + 24))
    parts = [answers[at]["part"] for at in (address - 1, address + size, address + size + 24)]
    assert parts == ["left_red_zone", "right_red_zone", "metadata"]
    assert answers[address - 1]["offset"] == -1 and all(int(a["object"], 16) == address for a in answers.values())


# --- KFENCE ---


@pytest.fixture(scope="module", params=on("kfence"), ids=str)
def fenced(request, pool):
    """A stopped guest with KFENCE on, its memory, messages, the kernel's list of KFENCE's objects, and where these are."""
    with pool.lend(request.param) as guest:
        symbols = kallsyms(guest)
        messages = sample_messages(guest)
        guest.stop()
        with Memory(guest, symbols) as memory:
            guest.cont()
            listed = guest.run("cat /sys/kernel/debug/kfence/objects")
            guest.stop()
            yield guest, memory, messages, listed, kfence_pool(guest, symbols)


def test_kfence_objects(fenced):
    """Every object that the kernel lists in its pool that was allocated before and is still."""
    guest, _, _, listed, pool = fenced
    pattern = r"^kfence-#(\d+): 0x(\w+)-0x\w+, size=(\d+), cache=(\S+)\n\n(allocated|\(freed\))?"
    objects = re.findall(pattern, listed, re.MULTILINE)
    assert len(objects) > 20, listed[:500]
    freed = set(re.findall(r"^kfence-#(\d+):(?:(?!^---).)*?^freed by", listed, re.MULTILINE | re.DOTALL))
    assert all(int(start, 16) in pool for _, start, *_ in objects)
    answers, _ = ask(guest, [int(start, 16) for _, start, *_ in objects])
    agreed = 0
    for number, start, size, cache, _ in objects:
        answer = answers[int(start, 16)]
        # The list itself was read with allocations, which may have come from the pool.
        if answer["object_size"] != int(size) or answer.get("cache") != cache:
            continue
        assert answer["kind"] == "kfence" and answer["kfence_index"] == int(number)
        if number in freed:
            assert answer["state"] == "free", answer
        agreed += answer["state"] == "live"
        assert any(track["event"] == "alloc" and track["stack"] for track in answer["tracks"])
    assert agreed > 5 and len(objects) > 20


def test_kfence_content(fenced):
    """Messages that the program holds and that the pool serves are live, at exactly that address."""
    guest, memory, messages, _, pool = fenced
    found = [memory.virtual(start) for _, _, start in messages.find(memory)]
    found = [address for address in found if address in pool]
    answers, _ = ask(guest, found)
    assert found and {answers[address]["kind"] for address in found} == {"kfence"}
    for address in found:
        assert answers[address]["state"] == "live", answers[address]
        assert int(answers[address]["object"], 16) == address


def test_kfence_is_no_slab(fenced):
    """The pool's pages are marked as slabs, but no cache counts them: nothing disagrees."""
    guest = fenced[0]
    done = Program(guest).run("kcache")
    assert done.returncode == 0, done.stdout[-500:]
