# SPDX-License-Identifier: MIT
"""What `make install` installs works from where it was installed, and for other programs."""
import json
import os
import shlex
import shutil
import socket
import subprocess

import pytest

from conftest import ROOT
from tests.matrix import on

# One installation and one guest for all: they run in one process.
CASES = on("plain", series=("6.12",))
pytestmark = pytest.mark.xdist_group(str(CASES[0]))
one_kernel = pytest.mark.parametrize("guest", CASES, ids=str, indirect=True)


def run(words, **more):
    """Run a program that must succeed and say nothing on stderr; its output."""
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300, **more)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def only(folder, pattern):
    """The one file below @folder whose path ends like @pattern."""
    found = list(folder.rglob(pattern))
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A folder that stands for / of the machine it was installed on."""
    folder = tmp_path_factory.mktemp("root")
    done = subprocess.run(
        ["make", "-C", ROOT, "install", f"DESTDIR={folder}", "PREFIX=/usr"],
        capture_output=True, text=True, check=False, timeout=600,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return folder


def test_everything_lies_below_the_prefix(root):
    """Nothing is installed elsewhere, and each kind of file is there."""
    assert [path.name for path in root.iterdir()] == ["usr"]
    for pattern in ("bin/dill", "dill/dill.py", "dill/dill.abi3.so", "libdill.so.0", "include/dill/dill.h",
                    "pkgconfig/dill.pc", "man1/dill.1", "bash-completion/completions/dill", "site-functions/_dill",
                    "vendor_completions.d/dill.fish", "doc/dill/README.md",
                    "doc/dill/docs/commands/kcache.md"):
        assert only(root / "usr", pattern).stat().st_size


@one_kernel
def test_program_runs(root, guest):
    """The program, on its own."""
    record = json.loads(run([root / "usr/bin/dill", "-r", f":{guest.gdb_port}", "kbase", "--json"]))
    assert guest.kernel.release in record["banner"]


@one_kernel
def test_plugin_loads_from_there(root, guest):
    """The installed loader finds the plugin beside it, not the one of the build."""
    loader = only(root / "usr", "dill/dill.py")
    commands = [f"target remote :{guest.gdb_port}", f"source {loader}", "kbase --json", "info sharedlibrary dill",
                "python print(sys.modules['gdb.dill'].__file__)", "detach"]
    words = ["gdb", "-q", "-nx", "-batch", *(word for command in commands for word in ("-ex", command))]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300)
    assert guest.kernel.release in done.stdout
    assert str(loader.with_name("dill.abi3.so")) in done.stdout


def compiled(root, tmp_path, name):
    """A program of this folder, compiled with what pkg-config says; and the library's folder."""
    pc = only(root / "usr", "dill.pc")
    # As for a cross build; without the last two pkg-config drops /usr/include before it adds the root.
    environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(root),
                   "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
    flags = shlex.split(run(["pkg-config", "--cflags", "--libs", "dill"], env=environment))
    program = tmp_path / name
    run(["gcc", "-Wall", "-Wextra", "-Werror", ROOT / f"tests/e2e/{name}.c", "-o", program, *flags])
    return program, {"LD_LIBRARY_PATH": str(pc.parents[1])}


@one_kernel
def test_library_serves_other_programs(root, guest, tmp_path):
    """A program gets the program's answer."""
    program, environment = compiled(root, tmp_path, "use_library")
    answer = run([program, f":{guest.gdb_port}", "kbase"], env=environment)
    assert guest.kernel.release in json.loads(answer)["banner"]


@one_kernel
def test_library_gives_typed_records(root, guest, tmp_path):
    """The states of the objects in init's task_struct's slab: as many as the kernel says that a slab has."""
    program, environment = compiled(root, tmp_path, "use_records")
    task = json.loads(run([root / "usr/bin/dill", "-r", f":{guest.gdb_port}", "ktask", "1", "--json"]))["task"]
    lines = run([program, f":{guest.gdb_port}", task], env=environment).splitlines()
    states = {word: (int(count), address) for word, count, address in map(str.split, lines)}
    per_slab = int(guest.read_file("/sys/kernel/slab/task_struct/objs_per_slab"))
    assert sum(count for count, _ in states.values()) == per_slab
    assert states["live"][0] >= 1
    assert set(states) <= {"live", "cached", "free", "waiting"}


@pytest.mark.parametrize("header", sorted(path.name for path in (ROOT / "include/dill").iterdir()))
def test_each_header_compiles_alone(root, header):
    """As C and as C++."""
    clang = run([ROOT / "tools/clang.sh", "clang"]).strip()
    for language in ("c", "c++"):
        words = [clang, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", language, f"-I{root}/usr/include", "-"]
        run(words, input=f"#include <dill/{header}>\n")


def test_man_page_is_clean(root):
    """Neither of the two formatters has a remark, and the page names the loader's place."""
    page = only(root / "usr", "man1/dill.1")
    run(["mandoc", "-T", "lint", "-W", "warning", page])
    run(["groff", "-man", "-ww", "-z", page])
    assert f"/{only(root / 'usr', 'dill/dill.py').relative_to(root)}" in run(["mandoc", "-T", "utf8", page])


LINES = (
    ("dill k", "kbase kcache kcensus kcheck kfind kleak kmap knext kobj kslab kstruct ktask kwhy"),
    ("dill -r :1234 kcache --c", "--counts --cpu"),
    ("dill --col", "--color"),
    ("dill help kst", "kstruct"),
    ("dill --color=a", "--color=always --color=auto"),
    ("dill kcensus --by s", "site slab stack"),
    ("dill kcensus --by=no", "--by=node"),
    ("dill break x f", "free"),
    ("dill -r u", "unix:"),
    ("dill -r unix:./st", "unix:./stub"),
    ("dill --remote=unix:sub/", "--remote=unix:sub/inner"),
    ("dill -c du", "dump.elf"),
    ("dill report tr", "trace.db"),
    ("dill nosuch ", ""),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files to choose from, two of them sockets."""
    path = tmp_path_factory.mktemp("files")
    (path / "sub").mkdir()
    for name in ("dump.elf", "trace.db", "starter"):
        (path / name).touch()
    sockets = []
    for name in ("stub", "sub/inner"):
        sockets.append(socket.socket(socket.AF_UNIX))
        os.chdir(path)
        sockets[-1].bind(name)
    os.chdir(ROOT)
    yield path
    for each in sockets:
        each.close()


def in_bash(root, folder, line):
    """Whole words; readline splits them at "=" and ":", and completes the last part."""
    words = line.replace("=", " = ").replace(":", " : ").split() + [""] * line.endswith((" ", "=", ":"))
    words[0] = str(root / "usr/bin/dill")
    script = (f"source {only(root / 'usr', 'bash-completion/completions/dill')}; COMP_WORDS=({shlex.join(words)}); "
              f"COMP_CWORD={len(words) - 1}; _dill; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    before = line[:len(line) - len(words[-1])].split()[-1] if line[len(line) - len(words[-1]) - 1] in "=:" else ""
    return [before + word for word in run(["bash", "--norc", "-c", script], cwd=folder).split("\n") if word]


def in_zsh(root, folder, line):
    """A real zsh behind a terminal of its own: what its function hands to compadd."""
    script = f"""
        fpath=({only(root / 'usr', 'site-functions/_dill').parent} $fpath)
        compadd() {{ local -a given; [[ $@[-2] == -a ]] && given=("${{(@P)@[-1]}}"); print -rl -- $given }}
        words=({shlex.join([*line.split(), *[''] * line.endswith(' ')])}); words[1]={root / 'usr/bin/dill'}
        CURRENT=$#words PREFIX=$words[-1]
        autoload -U _dill; _dill
    """
    return [word for word in run(["zsh", "-f", "-c", script], cwd=folder).split("\n") if word]


def in_fish(root, folder, line):
    """fish's own answer."""
    script = f"source {only(root / 'usr', 'vendor_completions.d/dill.fish')}; complete -C {shlex.quote(line)}"
    environment = {**os.environ, "PATH": f"{root / 'usr/bin'}:{os.environ['PATH']}", "HOME": str(folder)}
    return [word.split("\t")[0] for word in run(["fish", "--no-config", "-c", script], cwd=folder, env=environment).splitlines()]


@pytest.mark.parametrize("shell", (in_bash, in_zsh, in_fish), ids=("bash", "zsh", "fish"))
@pytest.mark.parametrize(("line", "expected"), LINES, ids=[line for line, _ in LINES])
def test_completion(root, folder, shell, line, expected):
    """Every shell offers the same: commands, options, their values, files and sockets."""
    name = shell.__name__.removeprefix("in_")
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    assert sorted(shell(root, folder, line)) == sorted(expected.split())


@one_kernel
def test_completion_from_a_target(root, folder, guest):
    """Names that the guest has, when the line says which one."""
    for shell in (in_bash, in_fish):
        if shutil.which(shell.__name__.removeprefix("in_")):
            assert "kmalloc-64" in shell(root, folder, f"dill -r :{guest.gdb_port} kcache kmalloc-6")
