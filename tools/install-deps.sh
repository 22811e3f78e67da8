#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what building and testing need, and is not there yet. Says what, and how much it will download; asks for root only
# for that. Where there is no apt it says what is missing, and under which names Fedora and Arch have it.
set -eu
cd "$(dirname "$0")/.."

build="gcc libc6-dev meson ninja-build pkg-config libdw-dev libelf-dev libedit-dev libjansson-dev libarchive-dev
	libexpat1-dev libsqlite3-dev libcapstone-dev zlib1g-dev libzstd-dev python3-dev"
# What their static libraries need.
static="libacl1-dev libbsd-dev libbz2-dev liblz4-dev liblzma-dev libmd-dev libncurses-dev libxml2-dev nettle-dev"
guest="qemu-system-x86 busybox-static cpio lz4 zstd xz-utils gdb"
# To build the kernels of tests/guest/built.py.
kernel="make bc bison flex libssl-dev perl python3 dwarves"
check="$kernel elfutils libcmocka-dev libbpf-dev liblzo2-dev libsnappy-dev makedumpfile crash python3-drgn python3-pytest
	python3-pytest-xdist tmux cppcheck shellcheck pyflakes3 codespell git groff-base mandoc zsh fish
	chromium chromium-driver python3-selenium"
# Guests of another machine: their QEMU, their debugger, and what builds the programs that run in them.
foreign="qemu-system-arm gdb-multiarch gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
# The version that the sources are kept clean with, or what a newer Debian has; without its formatter then.
pinned="clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14"
newer="clang libclang-rt-dev clang-tidy"

# --- without apt ---

# How pkg-config, or else the shell, knows it; Fedora's package; Arch's. docs/building.md has the same table.
needs="gcc gcc gcc
meson meson meson
ninja ninja-build ninja
pkg-config pkgconf-pkg-config pkgconf
libelf.pc elfutils-libelf-devel libelf
libdw.pc elfutils-devel libelf
libarchive.pc libarchive-devel libarchive
jansson.pc jansson-devel jansson
libedit.pc libedit-devel libedit
capstone.pc capstone-devel capstone
sqlite3.pc sqlite-devel sqlite
expat.pc expat-devel expat
zlib.pc zlib-devel zlib
libzstd.pc libzstd-devel zstd
python3.pc python3-devel python"

has() {
	case $1 in
	*.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

without_apt() {
	missing=$(echo "$needs" | while read -r name fedora arch; do
		has "$name" || printf '  %-12s %-24s %s\n' "${name%.pc}" "$fedora" "$arch"
	done)
	if [ -n "$missing" ]; then
		printf 'dill: there is no apt here. These are missing, of which pkg-config must know the libraries:\n' >&2
		printf '  %-12s %-24s %s\n%s\n' name "package of Fedora" "package of Arch" "$missing" >&2
		exit 1
	fi
	case $1 in
	build | static) ;;
	*) echo "dill: there is no apt here: kernels that are not in the cache and tools that are missing cannot be fetched" >&2 ;;
	esac
	exit 0
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	without_apt "${1:-}"
fi

# --- with apt ---

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

case ${1:-} in
build) wanted=$build ;;
static) wanted="$build $static" ;;
check)
	clang=$newer
	if is_installed clang-14 || apt-cache show clang-14 >/dev/null 2>&1; then
		clang=$pinned
	fi
	wanted="$build $static $guest $foreign $check $clang"
	;;
*) wanted="$build $guest" ;;
esac

missing=
for package in $wanted; do
	is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

# "123 MB", of these and what they need; nothing when apt's lists do not know.
download_size() {
	# shellcheck disable=SC2086 # a list of words
	apt-get install -o Debug::NoLocking=1 --print-uris -qq -y --no-install-recommends $missing 2>/dev/null |
		awk '$3 ~ /^[0-9]+$/ { sum += $3 } END { if (sum) printf "%.0f MB", sum / 1e6 + 0.5 }'
}

size=$(download_size)
echo "dill: installing with apt, ${size:-an unknown size} to download:$missing"
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
