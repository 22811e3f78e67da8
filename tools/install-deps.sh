#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what building and testing need, and is not there yet. Says what; asks for root only for that.
set -eu

build="gcc libc6-dev meson ninja-build pkg-config libdw-dev libelf-dev libedit-dev libjansson-dev libarchive-dev
	libexpat1-dev libsqlite3-dev libcapstone-dev zlib1g-dev libzstd-dev python3-dev"
# What their static libraries need.
static="libacl1-dev libbsd-dev libbz2-dev liblz4-dev liblzma-dev libmd-dev libncurses-dev libxml2-dev nettle-dev"
guest="qemu-system-x86 busybox-static cpio lz4 zstd xz-utils gdb"
# To build the kernels of tests/guest/built.py.
kernel="make bc bison flex libssl-dev perl python3 dwarves"
check="$kernel libcmocka-dev libbpf-dev liblzo2-dev libsnappy-dev makedumpfile crash python3-drgn python3-pytest
	python3-pytest-xdist clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 cppcheck shellcheck pyflakes3
	codespell git groff-base mandoc zsh fish
	chromium chromium-driver python3-selenium"

case ${1:-} in
build) wanted=$build ;;
static) wanted="$build $static" ;;
check) wanted="$build $static $guest $check" ;;
*) wanted="$build $guest" ;;
esac

missing=
for package in $wanted; do
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
# shellcheck disable=SC2086 # a list of words
if ! $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >/dev/null 2>&1; then
	$root apt-get update
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
fi
