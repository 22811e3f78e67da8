#!/bin/sh
# SPDX-License-Identifier: MIT
# Name a tool of LLVM as this machine has it: tools/clang.sh clang, clang-tidy. The sources are kept clean with 14, which is
# taken where it is; else the newest of those that are known to work, else whatever has the plain name. Status 1 without any.
for name in "$1-14" "$1-22" "$1-21" "$1-20" "$1-19" "$1-18" "$1-17" "$1-16" "$1-15" "$1"; do
	if command -v "$name" >/dev/null; then
		echo "$name"
		exit 0
	fi
done
echo "$1: there is none, neither $1-14 to $1-22 nor $1" >&2
exit 1
