# SPDX-License-Identifier: MIT
"""What knext predicts against what a program in the guest then gets: the content of the predicted objects, in order."""
import subprocess
import time

import pytest

from conftest import ROOT, Program, gdb_program
from tests.guest.messages import HEADER, MAGIC, exhaust_large_blocks
from tests.guest.stub import Stub
from tests.matrix import KFENCE_MS, MOST, ONE, kernels, message_cache, on

# The page flag that marks slabs of the emergency reserves: PG_active.
PFMEMALLOC_BITS = {"5.10": 5, "6.1": 5}
PFMEMALLOC_BIT = 8
FIRST_SERIAL = 1000001  # of the messages that come after the prediction, see order.c

CASES = {
    # name: (class, bytes of a message, messages held, step between those that are freed, messages sent)
    "small": ("192", 140, 2500, 7, 1600),
    "large": ("1k", 900, 600, 11, 500),
}


@pytest.fixture(scope="module", params=[*on("plain", by_default=MOST), *on("debug-one", "nodes", "tight")], ids=str)
def machine(request, pool):
    """A guest of each flavour."""
    with pool.lend(request.param) as guest:
        if request.param.flavour == "tight":  # from now on slabs are small
            exhaust_large_blocks(guest, message_cache(request.param.series, "2k"))
        yield request.param, guest


class Allocator:
    """The order program, which waits until it is told to allocate."""

    def __init__(self, guest, cpu, size, count, held, step):
        self.guest = guest
        self.process = guest.spawn(f"order {cpu} {size} {count} {held} {step}")
        self.word = int(self.process.wait_output(r"^ready (\S+)").group(1), 16)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        if not self.guest.is_running():
            self.guest.cont()
        self.process.kill()

    def start(self):
        """Let it allocate as soon as the guest, which is stopped, runs again."""
        with Stub(self.guest) as stub:
            stub.physical(True)
            stub.write(self.word, (1).to_bytes(8, "little"))
            stub.physical(False)

    def wait_done(self):
        """Wait until it is done, without asking the guest."""
        for _ in range(1200):  # where memory is short, the kernel may look for some for long
            if int(self.guest.monitor.hmp(f"xp /1gx {self.word:#x}").split(":")[1], 16) == 2:
                return
            time.sleep(0.05)
        raise AssertionError("the guest's program has not finished")


def allocate(guest, allocator):
    """Let the program allocate in the stopped guest, which is stopped again then."""
    allocator.start()
    guest.cont()
    allocator.wait_done()
    guest.stop()


def wrong_predictions(guest, certain):
    """The records of objects that have another message than the one of their position, with what they have."""
    return [(record, serial - FIRST_SERIAL if serial else serial)
            for record, serial in zip(certain, serials(guest, certain))
            if serial != FIRST_SERIAL + record["position"]]


def predict(guest, cache, cpu, count):
    """The head, the objects and the notes of a prediction."""
    records = Program(guest).json("knext", cache, "--cpu", str(cpu), "-n", str(count))
    head = [record for record in records if record["record"] == "knext"]
    objects = [record for record in records if record["record"] == "next"]
    notes = [record for record in records if record["record"] == "next_note"]
    assert len(head) == 1 and len(head) + len(objects) + len(notes) == len(records)
    return head[0], objects, notes


def serials(guest, objects):
    """The serials of the messages that lie at predicted objects now; None where there is no message."""
    found = []
    with Stub(guest) as stub:
        for record in objects:
            content = stub.read(int(record["object"], 16) + HEADER, 16)
            found.append(int.from_bytes(content[8:], "little") if content[:8] == MAGIC else None)
    return found


def check_positions(objects, notes, count):
    """Every position is told of: by an object, by a note about some of them, or by one about all that follow."""
    told = {record["position"] for record in objects}
    assert len(told) == len(objects)
    for note in notes:
        told.update(range(note["position"], note["position"] + note.get("count", 0)))
    assert told == set(range(len(told)))
    assert len(told) >= count or any(note["position"] == len(told) and "count" not in note for note in notes)


PLACES = {
    "cpu_slabs": {"cpu_freelist", "cpu_partial", "node_partial"},
    "sheaves": {"main_sheaf", "spare_sheaf", "barn", "node_partial"},
    "slabs": {"node_partial"},
}


@pytest.mark.parametrize("case", CASES)
def test_prediction_comes_true(machine, case):
    """Every certain object is what the allocation of its position gets, from every place where free objects wait."""
    of, guest = machine
    size_class, size, held, step, count = CASES[case]
    cache = message_cache(of.series, size_class)
    with Allocator(guest, 1, size, count, held, step) as allocator:
        guest.stop()
        head, objects, notes = predict(guest, cache, 1, count)
        check_positions(objects, notes, count)
        allocate(guest, allocator)
        certain = [record for record in objects if record["certain"]]
        wrong = wrong_predictions(guest, certain)
    assert not wrong, wrong[:5]
    assert len(certain) >= 50
    debug = of.flavour == "debug-one" and case == "large"
    assert head["engine"] == ("slabs" if debug else "sheaves" if "sheaf_capacity" in head else "cpu_slabs")
    assert PLACES[head["engine"]] <= {record["place"] for record in certain}
    assert head["node"] == (of.flavour == "nodes") and head["cpu_from"] == "option"
    if of.flavour != "nodes":
        assert certain == objects and notes[-1]["kind"] == "new_slab"


def reserve(guest, series, cache):
    """Mark slabs of a cache, here and there on its lists, as made from the emergency reserves; their descriptors."""
    record = Program(guest).json("kcache", cache)[0]
    marked = [slab["slab"] for cpu in record["cpus"] for slab in cpu.get("slab", []) + cpu.get("partial", [])[::2]]
    marked += [slab["slab"] for node in record["nodes"] for slab in node["partial"][::2]]
    with Stub(guest) as stub:
        for flags in (int(address, 16) for address in marked):
            word = int.from_bytes(stub.read(flags, 8), "little")
            stub.write(flags, (word | 1 << PFMEMALLOC_BITS.get(series, PFMEMALLOC_BIT)).to_bytes(8, "little"))
    return marked


def test_reserves_are_passed_over(machine):
    """Slabs of the emergency reserves give nothing to a common allocation, wherever they are; a note says so."""
    of, guest = machine
    size_class, size, held, step, count = CASES["small"]
    cache = message_cache(of.series, size_class)
    with Allocator(guest, 1, size, count, held, step) as allocator:
        guest.stop()
        marked = reserve(guest, of.series, cache)
        _, objects, notes = predict(guest, cache, 1, count)
        allocate(guest, allocator)
        certain = [record for record in objects if record["certain"]]
        wrong = wrong_predictions(guest, certain)
    assert not wrong, wrong[:5]
    assert len(certain) >= 50 and len(marked) >= 10, (len(certain), len(marked))
    # A CPU's freelist is used before anybody looks at its slab.
    assert not {record["container"] for record in objects if record["place"] != "cpu_freelist"} & set(marked)
    assert "reserves" in {note["kind"] for note in notes}


def gdb(guest, *commands):
    """What a batch gdb prints that runs these commands on a stopped guest, which stays stopped."""
    words = [gdb_program(guest), "-q", "-nx", "-batch", "-ex", f"target remote :{guest.gdb_port}"]
    for command in (f"source {ROOT}/build/dill.py", *commands, "disconnect"):
        words += ["-ex", command]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False).stdout


def test_default_cpu(guest):
    """CPU 0 for the program, the selected thread's CPU in GDB; the answer says which."""
    program = Program(guest)
    assert [program.json("knext", "kmalloc-64")[0][key] for key in ("cpu", "cpu_from")] == [0, "default"]
    guest.stop()
    try:
        expected = {cpu: program.run("knext", "kmalloc-64", "--cpu", str(cpu)).stdout.splitlines() for cpu in (0, 1)}
        for cpu in (0, 1):
            said = gdb(guest, f"thread {cpu + 1}", "knext kmalloc-64").splitlines()
            at = said.index(expected[cpu][0])
            assert said[at + 1].startswith(f"CPU {cpu} (its thread is selected) of node 0: ")
            assert said[at + 2:at + len(expected[cpu])] == expected[cpu][2:]
    finally:
        guest.cont()


@pytest.mark.parametrize("words, what", [
    (("kmalloc-64", "--cpu", "2"), "--cpu 2: this kernel has no such CPU; the last one is 1"),
    (("kmalloc-65",), "no cache is named"),
    (("kmalloc-64", "-n", "99999999999"), "--count"),
    ((), "CACHE"),
])
@kernels(*ONE)
def test_what_cannot_be_predicted(guest, words, what):
    """One clear line, and the status that says so."""
    done = Program(guest).run("knext", *words)
    assert done.returncode == 2 and not done.stdout
    assert what in done.stderr and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("case", on("kfence"), ids=str)
def test_kfence_is_named(case, pool):
    """A kernel that samples allocations says so before the first object; one that does not, and it is quiet."""
    with pool.lend(case) as guest:
        assert int(guest.read_file("/sys/module/kfence/parameters/sample_interval")) == KFENCE_MS
        kinds = set()
        for _ in range(10):
            _, _, notes = predict(guest, "kmalloc-64", 0, 5)
            assert notes[0]["position"] == 0
            kinds.add(notes[0]["kind"])
            if notes[0]["kind"] == "kfence":
                assert f"{KFENCE_MS} ms" in notes[0]["text"]
        assert kinds <= {"kfence", "kfence_due"}
        assert not [note for note in predict(guest, "kmalloc-8k", 0, 5)[2] if note["kind"].startswith("kfence")]
