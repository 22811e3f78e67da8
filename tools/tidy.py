# SPDX-License-Identifier: MIT
"""clang-tidy over every C file, as many at a time as there are CPUs. Prints what it finds; status 1 when that is anything.

A file that was found clean is not looked at again until it reads differently after the preprocessor, comments included,
or clang-tidy or its configuration changed. What is known to be clean is remembered in the cache folder of the test
guests, by content, so that it holds for every working copy.
"""
import functools
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.guest.cache import cache_dir

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build-fuzz"
OUTSIDE_OPTIONS = ["-Wall", "-Wextra", "-I../include"]  # for what is not in the build, because tests compile it
OUTSIDE_FOLDERS = ("tests/guest", "tests/e2e", "tests/data/types")
LEFT_OUT = "tests/guest/module"  # the kernel's C, which only its own build compiles


def output(words, folder=ROOT):
    """What a command that must succeed prints."""
    return subprocess.run(words, cwd=folder, check=True, capture_output=True).stdout


@functools.cache
def clang(name):
    """A tool of LLVM by the name that it has here."""
    return output(["tools/clang.sh", name]).decode().strip()


def compile_words():
    """C file -> the words that compile it, without those for files that are written."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        line = re.sub(r" -MD -MQ \S+ -MF \S+ -o \S+ -c \S+$", "", entry["command"])
        found[(BUILD / entry["file"]).resolve()] = shlex.split(line)
    outside = [clang("clang"), *OUTSIDE_OPTIONS]
    found.update((path, outside) for folder in OUTSIDE_FOLDERS for path in (ROOT / folder).glob("*.c"))
    return found


def stamp(path, words, tool):
    """The file that exists once @path has been found clean. Raises CalledProcessError when it does not compile."""
    text = output([*words, "-D__clang_analyzer__", "-E", "-C", os.path.relpath(path, BUILD)], BUILD)
    configuration = [(folder / ".clang-tidy").read_bytes() for folder in path.parents if (folder / ".clang-tidy").exists()]
    key = hashlib.sha256(b"\0".join([tool, *configuration, shlex.join(words).encode(), text])).hexdigest()
    return cache_dir() / "tidy" / key


def tidy(path, words, tool):
    """What there is to say against one file; empty when clean."""
    try:
        clean = stamp(path, words, tool)
    except subprocess.CalledProcessError as error:
        return f"{path}: {error.stderr.decode()}"
    if clean.exists():
        return ""
    relative = os.path.relpath(path, BUILD)
    run = subprocess.run([clang("clang-tidy"), "--quiet", relative, "--", *words[1:]], cwd=BUILD, capture_output=True, text=True, check=False)
    if run.returncode == 0 and not run.stdout:
        clean.touch()
        return ""
    # It always counts what it left out, warnings of system headers.
    errors = re.sub(r"^\d+ warnings?( and \d+ errors?)? generated\.\n", "", run.stderr, flags=re.M)
    return (run.stdout + errors).replace(f"{BUILD}/../", "").replace("../", "")


def main():
    """Every file that git knows; status 1 when there is something to say."""
    tool = output([clang("clang-tidy"), "--version"])
    known = compile_words()
    files = [ROOT / name for name in output(["git", "ls-files", "*.c", f":!{LEFT_OUT}"]).decode().split()]
    (cache_dir() / "tidy").mkdir(parents=True, exist_ok=True)
    strangers = [path for path in files if path not in known]
    for path in strangers:
        print(f"{path.relative_to(ROOT)}: not in the build")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda path: tidy(path, known[path], tool), [path for path in files if path in known])
        said = [text for text in found if text]
    print("\n".join(said))
    return int(bool(strangers or said))


if __name__ == "__main__":
    sys.exit(main())
