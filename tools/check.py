# SPDX-License-Identifier: MIT
"""`make check`: lint, build, unit tests plain and under sanitizers, end-to-end tests; one closing line over all.

With kernels as arguments (6.1 7.2) the end-to-end tests run on these alone.
"""
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.excuses import without_excuse
from tests.guest.kernels import ALL
from tools.children import Children

PYTHON = "/usr/bin/python3"
# Guests wait, too: for the clock, for a debugger.
WORKERS = str(os.cpu_count() + 1)
FUZZ_S = 5  # of each target
THREADED = ["page_share"]  # unit tests of what has threads
children = Children()


def shown(words):
    """Run a command with its output shown as it comes. Returns its status and its lines that are not empty."""
    lines = []
    with children.start(words) as run:
        for line in run.stdout:
            print(line, end="", flush=True)
            lines += [line] if line.strip() else []
    return run.returncode, lines


def step(title, words):
    """Run one step with its output shown; True when it succeeded."""
    print(f"\n== {title}", flush=True)
    return shown(words)[0] == 0


def programs(folder):
    """What a folder with sanitizers is made for: the unit tests, and the forge of the end-to-end tests."""
    listed = subprocess.run(["meson", "introspect", "--tests", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
    words = [word for test in json.loads(listed) if "dill:unit" in test["suite"] for word in test["cmd"]]
    return [*(word.removeprefix(f"{Path(folder).absolute()}/") for word in words), "tests/forge/forge"]


def unit(folder, options, names=(), whole=False):
    """Build in @folder and run the unit tests, all or those of these names; with @whole everything else, too.

    Returns (passed, failed, skipped, what had no excuse).
    """
    again = ["--reconfigure"] if Path(folder, "build.ninja").exists() else []
    if not step(f"configure {folder}", ["meson", "setup", *again, folder, "-Dtests=enabled", *options]):
        return 0, 1, 0, []
    targets = [] if whole else [f"tests/unit/test_{name}" for name in names] or programs(folder)
    if not step(f"build {folder}", ["ninja", "--quiet", "-C", folder, *targets]):
        return 0, 1, 0, []
    log = Path(folder, "meson-logs/testlog.json")
    log.unlink(missing_ok=True)
    suite = [] if whole else ["--suite", "unit"]
    step(f"unit tests in {folder}", ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", *suite, *names])
    if not log.exists():
        return 0, 1, 0, []
    tests = [json.loads(line) for line in log.read_text().splitlines()]
    passed, skipped = [[test["name"] for test in tests if test["result"] == result] for result in ("OK", "SKIP")]
    return len(passed), len(tests) - len(passed) - len(skipped), len(skipped), [(1, f"{name} of {folder}") for name in skipped]


def until_interrupted(results):
    """Results of a pool, which is not to begin with the rest after Ctrl-C."""
    try:
        yield from results
    except KeyboardInterrupt:
        children.end()
        raise


def fuzz():
    """A short run of every fuzz target. Returns (passed, failed, skipped, what had no excuse)."""
    folder = Path("build-fuzz")
    clang = subprocess.run(["tools/clang.sh", "clang"], check=False, stdout=subprocess.PIPE, text=True).stdout.strip()
    setup = ["env", f"CC={clang}", "meson", "setup", str(folder), "--native-file", "tools/fuzz.ini"]
    if not (folder / "build.ninja").exists() and not step(f"configure {folder}", setup):
        return 0, 1, 0, []
    if not step(f"build {folder}", ["ninja", "--quiet", "-C", str(folder)]):
        return 0, 1, 0, []
    targets = sorted(path for path in (folder / "tests/fuzz").glob("fuzz_*") if path.is_file())
    quick = [f"-max_total_time={FUZZ_S}", "-timeout=10", "-rss_limit_mb=2048", "-verbosity=0", "-print_final_stats=0"]

    def run(target):
        with children.start([str(target), f"-artifact_prefix={folder}/", *quick]) as process:
            return process.stdout.read(), process.wait()

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for target, done in zip(targets, until_interrupted(pool.map(run, targets))):
            text, status = done
            print(f"\n== {target.name}, {FUZZ_S} s\n{text if status else ''}", end="", flush=True)
            failed += status != 0
    return len(targets) - failed, failed, 0, []


def counted(title, words):
    """Run what counts in its last line, shown as it comes. Returns (passed, failed, skipped, what had no excuse)."""
    print(f"\n== {title}", flush=True)
    status, lines = shown(words)
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|error)", lines[-1] if lines else "")}
    failed = counts.get("failed", 0) + counts.get("error", 0) or int(status != 0)
    return counts.get("passed", 0), failed, counts.get("skipped", 0), without_excuse(lines)


def main(series):
    """Every step runs, whatever failed before it; status 1 when anything did."""
    unknown = sorted(set(series) - set(ALL))
    if unknown:
        print(f"check: {' '.join(unknown)}: no such kernel; there are {' '.join(ALL)}", file=sys.stderr)
        return 2
    pytest = [PYTHON, "-m", "pytest", "-q", "-rs", "--durations=40", "--durations-min=5", "-n", WORKERS, "--dist", "loadgroup", "tests/e2e"]
    if series:
        pytest += ["--series", ",".join(series)]
    stages = {
        "lint": lambda: counted("lint", ["tools/lint.sh"]),
        "unit tests": lambda: unit("build", [], whole=True),
        "unit tests with sanitizers": lambda: unit("build-asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false"]),
        "threads with sanitizers": lambda: unit("build-tsan", ["-Db_sanitize=thread", "-Db_lundef=false"], THREADED),
        "fuzz targets": fuzz,
        "end-to-end tests": lambda: counted("end-to-end tests", pytest),
    }
    totals, times, missing = [0, 0, 0], [], []
    for name, stage in stages.items():
        start = time.monotonic()
        *counts, unexcused = stage()
        totals = [a + b for a, b in zip(totals, counts)]
        missing += [(name, number, reason) for number, reason in unexcused]
        times.append(f"{name} {time.monotonic() - start:.0f} s")
    print(f"\n{', '.join(times)}")
    for name, number, reason in missing:
        print(f"{name}: {number} should have run, tests/excuses.py has no such reason: {reason}")
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or missing else 0


def interrupted():
    """End what runs, and this process as whoever waits for it expects: make says in one line that it was interrupted."""
    children.end()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        interrupted()
