# SPDX-License-Identifier: MIT
"""The guests of the matrix for the end-to-end tests, and the doors through which dill is asked."""
import collections
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.guest.built import BUILT  # noqa: E402
from tests.guest.kernels import ALL, FOREIGN, REALTIME, SERIES, KernelUnavailable, cached  # noqa: E402
from tests.matrix import FLAVOURS, FOREIGN_BY_DEFAULT, FOREIGN_FILES, FULL, Case, on  # noqa: E402
from tests.pool import Pool  # noqa: E402

# --- the matrix ---


def pytest_addoption(parser):
    """--series."""
    parser.addoption("--series", metavar="SERIES", help=f"only the tests of these kernels, of {','.join(ALL)}")


def series_by_default():
    """Without --series: Debian's, and of the kernels to build those that are worth their minutes, or all."""
    return [*SERIES, *(REALTIME if FULL else ()), *(series for series, build in BUILT.items() if FULL or build.by_default)]


def case_of(item):
    """The guest that a test runs on, None without one."""
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((value for value in values if isinstance(value, Case)), None)


def is_foreign(item):
    """Whether its guest is of another machine, booted in the one way that is known to hold there."""
    case = case_of(item)
    return bool(case) and case.series in FOREIGN and case.flavour == "plain"


def is_by_default(item):
    """Whether a test is done on its guest without FULL=1: tests/matrix.py."""
    case, mark = case_of(item), item.get_closest_marker("kernels")
    if case and case.series in FOREIGN:
        return item.path.stem in FOREIGN_BY_DEFAULT.get(case.series, ())
    return not case or (case.series in mark.args if mark and case.series not in BUILT else case.by_default)


def chosen_series(config):
    """Those of --series, or the ones by default."""
    chosen = (config.getoption("--series") or ",".join(series_by_default())).replace(",", " ").split()
    if unknown := [series for series in chosen if series not in ALL]:
        raise pytest.UsageError(f"--series {' '.join(unknown)}: not in the matrix; its kernels are {' '.join(ALL)}")
    return chosen


class Matrix:
    """Chooses the tests and puts them into the order of the matrix, so that each of its guests is booted once."""

    def __init__(self):
        self.left_out = {}  # series: number of tests that are not done by default

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config, items):
        """Drop other kernels' tests. With xdist (--dist loadgroup) the tests of one guest run in one process.

        Before xdist looks at the groups.
        """
        chosen = chosen_series(config)
        every = FULL or config.getoption("--series")
        theirs = [item for item in items if not (case := case_of(item)) or case.series in chosen]
        if not config.getoption("--series"):
            theirs += [item for item in items if is_foreign(item) and item.path.stem in FOREIGN_FILES]
        wanted = [item for item in theirs if every or is_by_default(item)]
        self.left_out = dict(collections.Counter(case_of(item).series for item in set(theirs) - set(wanted)))
        config.hook.pytest_deselected(items=list(set(items) - set(wanted)))
        items[:] = wanted
        for item in items:
            case = case_of(item)
            if case:
                item.user_properties.append(("case", (case.series, case.flavour)))
            if not item.get_closest_marker("xdist_group"):
                values = item.callspec.params if hasattr(item, "callspec") else {}
                item.add_marker(pytest.mark.xdist_group(str(case or values.get("in_qemu") or item.nodeid)))

    def pytest_sessionfinish(self, session):
        """With xdist only its processes know."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left_out"] = self.left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        """All of them have the same to say."""
        self.left_out = getattr(node, "workeroutput", {}).get("left_out", self.left_out)

    @pytest.hookimpl(trylast=True, specname="pytest_collection_modifyitems")
    def pytest_sort(self, items):
        """After pytest has sorted them by fixtures. What needs no guest comes last."""
        last = (len(FLAVOURS),)
        items.sort(key=lambda item: case.place if (case := case_of(item)) else last)


def pytest_configure(config):
    """Two hooks of one name need an object."""
    config.pluginmanager.register(Matrix(), "dill_matrix")
    chosen_series(config)


def flavours_that_ran(reports):
    """{series: {flavour: number of tests}}, {series: the first reason why there is none}."""
    ran, reasons = {}, {}
    for report in reports:
        series, flavour = dict(getattr(report, "user_properties", ())).get("case", (None, None))  # a file that failed has none
        if series and report.when == "call" and not report.skipped:
            flavours = ran.setdefault(series, dict.fromkeys(FLAVOURS, 0))
            flavours[flavour] += 1
        elif series and report.skipped:
            reasons.setdefault(series, report.longrepr[2].removeprefix("Skipped: "))
    return ran, reasons


def pytest_terminal_summary(terminalreporter, config):
    """The matrix that ran: each kernel's file and its flavours."""
    stats = terminalreporter.stats
    reports = [report for name in ("passed", "failed", "skipped", "error") for report in stats.get(name, [])]
    ran, reasons = flavours_that_ran(reports)
    if not ran and not reasons:
        return
    terminalreporter.section("kernels x boot options")
    for series in (*chosen_series(config), *(series for series in FOREIGN if series in ran and series not in chosen_series(config))):
        if series in ran:
            which = cached(series)
            terminalreporter.write_line(f"{series:5} {which.release}, {which.vmlinuz}")
            counts = ", ".join(f"{name} {count}" for name, count in ran[series].items() if count)
            terminalreporter.write_line(f"      tests: {counts}")
            for name in (name for name, flavour in FLAVOURS.items() if series in flavour.lacking):
                terminalreporter.write_line(f"      not {name}: this kernel has no {FLAVOURS[name].needs}")
        elif series in reasons:
            terminalreporter.write_line(f"{series:5} did not run: {reasons[series]}")
    left_out = [series for series in (*SERIES, *REALTIME, *BUILT) if series not in chosen_series(config)]
    if left_out:
        terminalreporter.write_line(f"left out: {' '.join(left_out)}")
    if tests := config.pluginmanager.get_plugin("dill_matrix").left_out:
        counts = ", ".join(f"{series} {tests[series]}" for series in ALL if series in tests)
        terminalreporter.write_line(f"left out without FULL=1, tests of what other kernels stand for: {counts}")


# --- doors ---


def symbol_file(guest):
    """The vmlinux that dill needs where kallsyms has functions only; None where it needs none."""
    return None if guest.kernel.has_config("KALLSYMS_ALL") else guest.kernel.vmlinuz.with_name("vmlinux")


class Program:
    """The dill program on a guest."""

    def __init__(self, guest):
        self.guest = guest

    def run(self, *words):
        """Run a command; the finished process with its text."""
        file = symbol_file(self.guest)
        command = [ROOT / "build/dill", "-r", f":{self.guest.gdb_port}", *([f"--vmlinux={file}"] if file else []), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    def json(self, *words):
        """Records of a command that must succeed."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr + done.stdout[-500:]
        return self.lines(done)

    @staticmethod
    def lines(done):
        """The records in a finished process's output."""
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def gdb_program(guest):
    """The GDB of this machine that knows the guest's."""
    return "gdb" if guest.kernel.architecture == "amd64" else "gdb-multiarch"


class Gdb(Program):
    """The plugin in a batch gdb, which leaves by a command: "detach" lets the guest run, "disconnect" does not."""

    def __init__(self, guest, leave="detach"):
        super().__init__(guest)
        self.leave = leave

    def run(self, *words):
        if not words[0].startswith("k"):  # only those have a short name
            words = ("dill", *words)
        command = [gdb_program(self.guest), "-q", "-nx", "-batch", "-ex", f"target remote :{self.guest.gdb_port}", "-ex"]
        if file := symbol_file(self.guest):
            command += [f"file {file}", "-ex"]
        command += [f"source {ROOT}/build/dill.py", "-ex", " ".join(words), "-ex", self.leave]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    def json(self, *words):
        done = self.run(*words, "--json")
        lines = self.lines(done)
        assert lines, done.stderr + done.stdout[-500:]
        return lines


# --- guests ---


class Lender(Pool):
    """The pool, which skips tests whose kernel cannot be had."""

    def __init__(self):
        super().__init__()
        self._missing = {}

    def _require(self, case):
        try:
            if case.series not in self._missing:
                super()._require(case)
        except KernelUnavailable as reason:
            self._missing[case.series] = str(reason)
        if case.series in self._missing:
            pytest.skip(self._missing[case.series])


@pytest.fixture(scope="session")
def pool():
    """The guests of the matrix: `with pool.lend(case) as guest`."""
    lender = Lender()
    yield lender
    lender.close()


@pytest.fixture(scope="module", params=on("plain"), ids=str)
def guest(request, pool):
    """A plain guest at rest."""
    with pool.lend(request.param) as lent:
        yield lent


@pytest.fixture
def stopped(guest):
    """The guest, stopped: every look sees the same heap."""
    guest.stop()
    yield guest
    guest.cont()


BREAKABLE = (
    *on("plain", spoils=True),
    *on("single", series=tuple(BUILT), by_default=("7.2-tiny",), spoils=True),
)


@pytest.fixture(scope="module", params=BREAKABLE, ids=str)
def breakable(request, pool):
    """A stopped guest, whose heap tests break and put right again."""
    with pool.lend(request.param) as lent:
        # Holes among many dentries make partial slabs: more than the barns of 7.x hold free objects of.
        for number in range(10):
            lent.run(f"for i in $(seq 6000); do : >/tmp/{number}-$i; done; rm /tmp/{number}-*[2357]")
            # What comes then makes the CPU take a slab that has some free.
            lent.run(f"for i in $(seq {number + 1}); do : >/tmp/{number}-$i-2; done")
            lent.stop()
            if is_varied(Program(lent).json("kcache", broken_cache(lent))[0]):
                break
            lent.cont()
        yield lent


def broken_cache(guest):
    """The cache that is broken there: of files that the test makes, and known by its name on that kernel.

    Caches that were merged have one name, any of theirs; one with a constructor is merged with no other.
    """
    return "shmem_inode_cache" if guest.kernel.series in BUILT else "dentry"


def is_varied(record):
    """Whether a cache has some of each: slabs on a node's list, and free objects on a CPU's freelist or in a sheaf."""
    some = range(3, record["objects_per_slab"] - 2)
    cpus = record["cpus"]
    waiting = any(cpu.get("freelist_count") in some for cpu in cpus)
    sheaves = any(sheaf["size"] >= 3 for cpu in cpus for sheaf in cpu.get("main", ()))
    partial = any(node["nr_partial"] >= 3 for node in record["nodes"])
    return partial and (waiting or sheaves or not cpus_hold_free(record))


def cpus_hold_free(record):
    """Whether CPUs have lists of free objects, or sheaves; in SLUB_TINY they have neither."""
    return bool(record.get("sheaf_capacity")) or any("freelist_count" in cpu for cpu in record["cpus"])


@pytest.fixture(scope="module", params=(Program, Gdb), ids=("program", "gdb"))
def dill(request, guest):
    """Each door in turn."""
    return request.param(guest)
