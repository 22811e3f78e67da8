#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what building and testing need, and is not there yet. Says what; asks for root only for that.
set -eu

build="gcc libc6-dev meson ninja-build pkg-config libdw-dev libelf-dev libedit-dev libjansson-dev libarchive-dev
	libexpat1-dev libsqlite3-dev libcapstone-dev zlib1g-dev libzstd-dev python3-dev"
guest="qemu-system-x86 busybox-static cpio zstd xz-utils gdb"
check="libcmocka-dev libbpf-dev liblzo2-dev libsnappy-dev makedumpfile crash python3-drgn dwarves python3-pytest
	python3-pytest-xdist clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 cppcheck shellcheck pyflakes3 codespell git groff-base mandoc
	chromium chromium-driver python3-selenium"

missing=
# shellcheck disable=SC2086 # lists of words
for package in $build $([ "${1:-}" = build ] || echo $guest) $([ "${1:-}" != check ] || echo $check); do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "dill: installing with apt:$missing"
root=
[ "$(id -u)" = 0 ] || root=sudo
if [ -n "$root" ] && ! command -v sudo >/dev/null; then
	echo "dill: that needs root, and there is no sudo: run the same as root, or install them yourself" >&2
	exit 1
fi
# shellcheck disable=SC2086
if ! $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >/dev/null 2>&1; then
	$root apt-get update
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi
