"""Fetch Debian packages of any suite without touching the system's apt.

The mirror is read from the machine's own apt configuration; its stanza is copied with another
suite into a private folder, and apt is told to look there and nowhere else.
"""

import functools
import pathlib
import re
import subprocess
import tempfile

ETC_APT = pathlib.Path("/etc/apt")
# Names under which a machine's stanza may list its distribution besides the code name.
ALIASES = frozenset({"stable", "testing", "unstable", "sid"})
UPDATE_TIMEOUT_S = 120
DOWNLOAD_TIMEOUT_S = 600


class AptError(Exception):
    """A suite or package could not be had; the text is one line."""


def _parse_deb822(text: str) -> list[dict[str, str]]:
    """Return the stanzas of a .sources file; continuation lines stay in the value."""
    stanzas = []
    for block in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        last = None
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and last:
                fields[last] += "\n" + line
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.strip().title()
                fields[last] = value.strip()
        if fields:
            stanzas.append(fields)
    return stanzas


def _parse_one_line(text: str) -> list[dict[str, str]]:
    """Return the ``deb`` lines of a sources.list as deb822 fields."""
    stanzas = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(\S[^#]*)", line)
        if not match:
            continue
        options, uri, suite, components = match.groups()
        fields = {"Types": "deb", "Uris": uri, "Suites": suite, "Components": components.strip()}
        for option in (options or "").split():
            key, _, value = option.partition("=")
            # Architectures and languages have other names here, and are chosen by Suite anyway.
            if key not in ("arch", "lang"):
                fields[key.title()] = value.replace(",", " ")
        stanzas.append(fields)
    return stanzas


def _configured() -> list[dict[str, str]]:
    """Return all enabled binary stanzas of the machine's apt configuration."""
    stanzas = []
    for path in sorted((ETC_APT / "sources.list.d").glob("*.sources")):
        stanzas += _parse_deb822(path.read_text(encoding="utf-8"))
    for path in [ETC_APT / "sources.list", *sorted((ETC_APT / "sources.list.d").glob("*.list"))]:
        if path.exists():
            stanzas += _parse_one_line(path.read_text(encoding="utf-8"))
    return [
        stanza
        for stanza in stanzas
        if "deb" in stanza.get("Types", "").split() and stanza.get("Enabled", "yes").lower() != "no"
    ]


def _codename() -> str:
    """Return the running distribution's code name, empty if it states none."""
    text = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    match = re.search(r'^VERSION_CODENAME="?([\w.-]+)', text, re.MULTILINE)
    return match.group(1) if match else ""


def _stanza_for(suite: str) -> dict[str, str]:
    """Return the machine's stanza to copy for *suite*; raise AptError if there is none."""
    names = ALIASES | {_codename()}
    if suite.endswith("-security"):
        names = {name + "-security" for name in names}
    for stanza in _configured():
        if names & set(stanza.get("Suites", "").split()):
            return stanza
    raise AptError(f"suite {suite}: no matching mirror in this machine's apt configuration")


def compare_versions(left: str, right: str) -> int:
    """Compare two Debian versions as dpkg does: negative, zero or positive."""
    for relation, answer in (("lt", -1), ("gt", 1)):
        command = ["dpkg", "--compare-versions", left, relation, right]
        if subprocess.run(command, check=False).returncode == 0:
            return answer
    return 0


def _without_hosts(text: str) -> str:
    """Return a message of apt without its mirror's address: it goes into logs of tests."""
    return re.sub(r" *\[IP: [^\]]*\]", "", re.sub(r"\w+://[^/\s]*", "(mirror)", text))


version_key = functools.cmp_to_key(compare_versions)


class Suite:
    """The package index of one suite, in a private folder that lives as long as the object.

    Use as a context manager. Raises AptError when the index cannot be fetched.
    """

    def __init__(self, name: str, architecture: str = "amd64"):
        self.name = name
        self._architecture = architecture
        self._folder = tempfile.TemporaryDirectory(prefix="dill-apt-")
        root = pathlib.Path(self._folder.name)
        self._options = [
            option
            for setting in (
                f"APT::Architecture={architecture}",
                "APT::Architectures::=",  # no other one
                "Dir::Etc::sourcelist=/dev/null",
                f"Dir::Etc::sourceparts={root / 'sources'}",
                f"Dir::State::Lists={root / 'lists'}",
                "Dir::State::status=/dev/null",
                f"Dir::Cache={root / 'cache'}",
                # An archived suite's Release file is expired for ever; it is still signed.
                "Acquire::Check-Valid-Until=false",
                "Acquire::Languages=none",
                "Acquire::Retries=2",
                # The private folder is ours alone: apt's unprivileged user cannot enter it.
                "APT::Sandbox::User=root",
            )
            for option in ("-o", setting)
        ]
        try:
            self._fetch_index(root)
        except BaseException:
            self._folder.cleanup()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._folder.cleanup()

    def _fetch_index(self, root: pathlib.Path) -> None:
        stanza = dict(_stanza_for(self.name))
        stanza.update(
            {"Types": "deb", "Suites": self.name, "Components": "main", "Architectures": self._architecture}
        )
        for folder in ("sources", "lists/partial", "cache/archives/partial"):
            (root / folder).mkdir(parents=True)
        text = "".join(f"{key}: {value}\n" for key, value in stanza.items())
        (root / "sources" / "suite.sources").write_text(text, encoding="utf-8")
        self._apt("apt-get", "-qq", "--error-on=any", "update", timeout=UPDATE_TIMEOUT_S)

    def _apt(self, tool: str, *arguments: str, timeout: float, cwd=None) -> str:
        """Run an apt tool on the private folder; return its output or raise AptError."""
        command = [tool, *self._options, *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=timeout, cwd=cwd
            )
        except subprocess.TimeoutExpired:
            raise AptError(f"suite {self.name}: {tool} took more than {timeout} s") from None
        except FileNotFoundError:
            raise AptError(f"{tool} is not installed") from None
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise AptError(f"suite {self.name}: {_without_hosts(lines[0])}")
        return done.stdout

    def versions(self, name_pattern: str) -> list[tuple[str, str]]:
        """Return (package, version) of all packages whose whole name matches the regex."""
        prefix = re.match(r"[a-z0-9-]*", name_pattern).group()
        names = [
            name
            for name in self._apt("apt-cache", "pkgnames", prefix, timeout=60).split()
            if re.fullmatch(name_pattern, name)
        ]
        if not names:
            return []
        rows = self._apt("apt-cache", "madison", *names, timeout=60).splitlines()
        cells = [[cell.strip() for cell in row.split("|")] for row in rows]
        return [(row[0], row[1]) for row in cells if len(row) == 3]

    def download(self, package: str, version: str, folder: pathlib.Path) -> pathlib.Path:
        """Download one package into *folder* and return the path of the .deb."""
        before = set(folder.glob("*.deb"))
        wanted = f"{package}={version}"
        self._apt("apt-get", "-qq", "download", wanted, timeout=DOWNLOAD_TIMEOUT_S, cwd=folder)
        new = set(folder.glob("*.deb")) - before
        if len(new) != 1:
            raise AptError(f"suite {self.name}: {package} {version} did not arrive")
        return new.pop()

    def download_with_depends(self, packages, folder: pathlib.Path) -> list[pathlib.Path]:
        """Download packages and all that they depend on into *folder*; return the .debs.

        What this machine has installed does not count, so the result is complete in itself.
        """
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        self._apt(
            *("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only"),
            *("-o", f"Dir::Cache::archives={folder}/", "-o", "Debug::NoLocking=true"),
            *("install", *packages),
            timeout=DOWNLOAD_TIMEOUT_S,
        )
        return sorted(folder.glob("*.deb"))
