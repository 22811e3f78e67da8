# SPDX-License-Identifier: MIT
# A thin door to Meson: what a user types. All build knowledge is in the meson.build files.
PYTHON := /usr/bin/python3
PREFIX ?= /usr/local

.PHONY: all static demo guest check bench lint docs examples pictures install clean

all: build/build.ninja
	ninja -C build

build/build.ninja:
	@tools/install-deps.sh build
	@meson setup build --prefix $(PREFIX) >/dev/null || { tail -n 20 build/meson-logs/meson-log.txt; exit 1; }

# build-static/dill: the program alone, without any shared library, for --live in a rescue shell or an initramfs.
static:
	@tools/install-deps.sh static
	@[ -e build-static/build.ninja ] || meson setup build-static -Donly_static=true >/dev/null
	ninja -C build-static dill

demo:
	@tools/install-deps.sh demo
	@$(MAKE) --no-print-directory all
	@$(PYTHON) -m tools.demo

# A guest to try things on, until Ctrl-C; SERIES chooses its kernel.
guest:
	@tools/install-deps.sh demo
	@$(MAKE) --no-print-directory all
	@$(PYTHON) -m tools.guest $(SERIES)

# On one kernel of the matrix, or some: make check SERIES=6.1, SERIES="6.1 7.2". FULL=1: what takes longer, too.
check:
	@tools/install-deps.sh check
	@$(if $(FULL),DILL_FULL=1) $(PYTHON) -m tools.check $(SERIES)

# Options by BENCH, such as BENCH="--runs 15 6.12".
bench:
	@tools/install-deps.sh demo
	@$(MAKE) --no-print-directory all
	@$(PYTHON) -m bench $(BENCH)

lint:
	@tools/install-deps.sh check
	@tools/lint.sh

# The tables of the documents from the program's own.
docs: all
	@$(PYTHON) -m tools.docs

# What boots guests: the documents' examples and the cookbook, of all files or FILES="docs/cookbook.md"; the pictures, all or
# PICTURES="page".
examples: all
	@$(PYTHON) -m tools.examples $(FILES)

pictures: all
	@$(PYTHON) -m tools.pictures $(PICTURES)

# The prefix of now, not of the time when build/ was made.
install: all
	@meson configure build --prefix $(PREFIX)
	meson install -C build $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	rm -rf build build-static build-analyze build-asan build-tsan build-fuzz
