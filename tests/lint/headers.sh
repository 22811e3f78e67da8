#!/bin/sh
# SPDX-License-Identifier: MIT
# headers.sh HEADER...: each must compile with nothing before it, as C and as C++.
cd "$(dirname "$0")/../.." || exit 1
status=0
clang=$(tools/clang.sh clang) || exit 1
for header in "$@"; do
	for language in 'c -std=c99' 'c++ -std=c++11'; do
		# shellcheck disable=SC2086 # the language and its standard
		echo "#include \"$header\"" |
			"$clang" -fsyntax-only -Wall -Wextra -Wpedantic -Werror -I. -Iinclude -x $language - || status=1
	done
done
exit $status
