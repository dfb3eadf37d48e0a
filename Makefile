# SPDX-License-Identifier: GPL-2.0-or-later
# Thin: Meson builds.  `make run` alone takes a fresh Debian machine to the built-in guest.

BUILD ?= build
BUILDTYPE ?= debugoptimized
MESONFLAGS ?=
# Homebrew keeps LLVM's tools out of PATH; sgdisk and mkfs.fat are often in sbin.
export PATH := $(PATH):/usr/sbin:/sbin:/opt/homebrew/opt/llvm/bin:/usr/local/opt/llvm/bin:/opt/homebrew/opt/lld/bin

.PHONY: build run test bench clean

build:
	@tools/prepare build
	@tools/build $(BUILD) cli/galvanic --buildtype=$(BUILDTYPE) $(MESONFLAGS)

run: build
	$(BUILD)/galvanic run

test:
	@tools/prepare test
	@tools/build $(BUILD) all --buildtype=$(BUILDTYPE) $(MESONFLAGS)
	@tests/run $(BUILD)

bench: build
	@tools/prepare bench
	@tests/bench/run $(BUILD)

clean:
	rm -rf $(BUILD)
