#!/bin/sh
# SPDX-License-Identifier: MIT
# Every check that runs nothing of dill's. What a failed one says is shown; the last line counts them.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0
failed=0
skipped=0

# check TITLE COMMAND...
check() {
	title=$1
	shift
	if said=$("$@" 2>&1); then
		echo "ok      $title"
		passed=$((passed + 1))
	else
		printf 'FAILED  %s\n%s\n' "$title" "$said"
		failed=$((failed + 1))
	fi
}

# skip TITLE REASON
skip() {
	printf 'skipped %s: %s\n' "$1" "$2"
	skipped=$((skipped + 1))
}

# on PATTERNS COMMAND...: with the files of these patterns at its end
on() {
	patterns=$1
	shift
	# shellcheck disable=SC2046,SC2086 # no file's name has a blank in it
	"$@" $(git ls-files $patterns)
}

# compiler NAME: of build-NAME
compiler() {
	case $1 in
	fuzz) tools/clang.sh clang ;;
	*) echo gcc ;;
	esac
}

# configure NAME: build-NAME as tools/NAME.ini has it, up to date
configure() {
	[ -e "build-$1/build.ninja" ] || CC=$(compiler "$1") meson setup "build-$1" --native-file "tools/$1.ini" || return
	ninja -C "build-$1" build.ninja src/render/page_assets.c
}

analyze() {
	configure analyze && ninja --quiet -C build-analyze dill src/gdb/dill.abi3.so
}

check 'layers' /usr/bin/python3 tests/lint/layers.py
check 'circles' tests/lint/circles.py
check 'tags' tests/lint/tags.py
check 'addresses' tests/lint/addresses.py
check 'docs' /usr/bin/python3 tests/lint/docs.py
check 'public headers' on 'include/dill/*.h' tests/lint/headers.sh
# Each version of it has its own taste: another one would want to write half of the lines in another way.
if command -v clang-format-14 >/dev/null; then
	check 'clang-format' on '*.c *.h' clang-format-14 --dry-run --Werror
else
	skip 'clang-format' 'the sources are written with clang-format-14, which this machine does not have'
fi
check 'shellcheck' on '*.sh .ci/run tests/guest/init' shellcheck
check 'pyflakes' on '*.py' pyflakes3
check 'codespell' on '*' codespell
check 'clang configuration' configure fuzz
case $(cppcheck --version) in
'Cppcheck 2.10'*) known=tests/lint/cppcheck.txt ;;
*) known=tests/lint/cppcheck-newer.txt ;;
esac
check 'cppcheck' cppcheck --quiet -j"$(nproc)" --enable=warning,portability,performance --error-exitcode=1 \
	--inline-suppr --suppressions-list=tests/lint/cppcheck.txt --suppressions-list="$known" --library=posix,gnu,python \
	--project=build-fuzz/compile_commands.json
check 'clang-tidy' /usr/bin/python3 -m tools.tidy
check 'gcc -fanalyzer' analyze

echo "lint: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
