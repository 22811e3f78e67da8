#!/bin/sh
# SPDX-License-Identifier: MIT
# Layers, and the format of every C file as the pinned clang-format writes it.
set -eu
cd "$(dirname "$0")/.."
/usr/bin/python3 tests/lint/layers.py
/usr/bin/python3 tests/lint/docs.py
git ls-files '*.c' '*.h' | xargs clang-format-14 --dry-run --Werror
