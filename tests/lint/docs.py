# SPDX-License-Identifier: MIT
"""Fail when a document has a link that leads nowhere, quotes a message that dill does not have, or leaves something out.

What must not be left out: commands and kinds of findings. Examples of a Chinese document are those of the English one, and
the cookbook's answers are such as it says.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import cookbook  # noqa: E402
from tools.examples import BLOCK  # noqa: E402

LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors(path):
    """The anchors that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path):
    """Each link of a document whose file or heading does not exist."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for target, anchor in LINK.findall(line):
            if "://" in target:
                continue
            file = path.parent / target if target else path
            if not file.exists() or (anchor and anchor not in anchors(file)):
                yield f"{path.relative_to(ROOT)}:{number}: {target}#{anchor} does not exist"


def undocumented_findings():
    """Each kind of finding that docs/json.md has no row for."""
    kinds = re.findall(r'\[FINDING_\w+\] = "(\w+)"', (ROOT / "src/slub/finding.c").read_text())
    text = (ROOT / "docs/json.md").read_text()
    if not kinds:
        yield "src/slub/finding.c: the names of findings are not where they were"
    for kind in kinds:
        if f"| `{kind}` |" not in text:
            yield f"docs/json.md: no row for the finding {kind}"


def undocumented_commands():
    """Each command of the registry that has no page."""
    names = re.findall(r"&(\w+)_command", (ROOT / "src/command/registry.c").read_text())
    if not names:
        yield "src/command/registry.c: the commands are not where they were"
    for name in names:
        if name != "help" and not (ROOT / f"docs/commands/{name}.md").exists():
            yield f"docs/commands/{name}.md: does not exist"


def sources():
    """The program's sources with texts that stand over several lines put together."""
    text = "".join(path.read_text() for path in sorted((ROOT / "src").rglob("*.[ch]")))
    return re.sub(r'"\s*"', "", text).replace('\\"', '"')


def unknown_messages():
    """Each message of the pages on troubleshooting that the program does not have, and pages that list others."""
    source, pages = sources(), {}
    for path in sorted(ROOT.glob("docs/troubleshooting*.md")):
        cells = re.findall(r"^\| (`.*?) \|", path.read_text(), re.MULTILINE)
        pages[path.name] = [message for cell in cells for message in re.findall(r"`([^`]*)`", cell)]
        for message in pages[path.name]:
            if message not in source:
                yield f"docs/{path.name}: dill does not say \"{message}\""
    if len({tuple(messages) for messages in pages.values()}) > 1:
        yield f"{' and '.join(pages)} do not list the same messages in the same order"


def untranslated_examples():
    """Each Chinese document whose examples are not those of the English one."""
    for path in sorted([*ROOT.glob("*.zh-CN.md"), *ROOT.glob("docs/**/*.zh-CN.md")]):
        english = path.with_name(path.name.replace(".zh-CN", ""))
        if BLOCK.findall(path.read_text()) != BLOCK.findall(english.read_text()):
            yield f"{path.relative_to(ROOT)}: its examples are not those of {english.name}: `make examples`"


def unlike_sittings():
    """Each sitting of the cookbook that is not as the text says of it, or stands in none of its blocks."""
    text = (ROOT / "docs/cookbook.md").read_text()
    for name in cookbook.SITTINGS:
        try:
            cookbook.check(name, "".join(body for _, body in cookbook.blocks_of(text, name)))
        except cookbook.Unlike as reason:
            yield f"docs/cookbook.md: sitting {name}: {str(reason).splitlines()[0]}"


def main() -> int:
    """Print each complaint; status 1 when there is one."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/**/*.md")]
    bad = [complaint for path in sorted(documents) for complaint in broken_links(path)]
    bad += [*undocumented_findings(), *undocumented_commands(), *unknown_messages(), *untranslated_examples(), *unlike_sittings()]
    for complaint in bad:
        print(complaint)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
