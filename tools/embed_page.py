#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Make the C source of a page from its parts: HTML with the places @CSS@, @JS@ and @DATA@, a style sheet, scripts.

embed_page.py OUTPUT HTML CSS SCRIPT...

The page's content security policy gets the hashes of style sheet and script, so that a browser runs nothing else.
"""
import base64
import hashlib
import sys
from pathlib import Path


def policy_hash(text):
    """The source expression of a content security policy for an inline element."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def c_string(name, text):
    """The definition of a constant, a line of text on each line of C."""
    lines = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("?", "\\?").split("\n")
    return f"const char {name}[] =\n" + "\n".join(f'\t"{line}\\n"' for line in lines) + ";\n"


def main():
    """Write the source."""
    output, html, css, *scripts = (Path(word) for word in sys.argv[1:])
    style = css.read_text()
    script = "\n".join(path.read_text() for path in scripts)
    page = html.read_text()
    page = page.replace("@CSS_HASH@", policy_hash(style)).replace("@JS_HASH@", policy_hash(script))
    page = page.replace("@CSS@", style).replace("@JS@", script)
    head, tail = page.split("@DATA@")
    # Readers of HTML5 take a newline before the data as a part of it; JSON does not mind.
    parts = ('#include "render/page_assets.h"\n', c_string("page_head", head), c_string("page_tail", tail.rstrip("\n")))
    output.write_text("/* Made by tools/embed_page.py. */\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
