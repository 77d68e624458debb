# SPDX-License-Identifier: Apache-2.0
# Verbs over meson and ninja. `make` lists them; every verb installs what it lacks first (tools/setup).
#
#   BUILD=dir      the folder `make build` uses            PREFIX=dir        where `make install` puts things
#   JOBS=n         processes at once; one a core           FUZZ_SECONDS=n    seconds for each fuzz target
#   TESTS='a b'    run only these tests                    BENCH='a b'       run only these bench programs or scripts

BUILD ?= build
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
TESTS ?=
BENCH ?=
SERVE ?= --db $(BUILD)/store

RUN_TESTS = meson test --print-errorlogs --num-processes $(JOBS)

.DEFAULT_GOAL := help
.PHONY: help setup build run serve test check asan tsan oom fuzz bench peers fmt cov install deb clean samples

# $(call configure,FOLDER,OPTIONS): a build folder, made once; meson reconfigures it by itself afterwards.
configure = @test -f $(1)/build.ninja || meson setup $(1) $(2)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## install the Debian packages for building, testing and checking (root or sudo; else prints the command)
	@tools/setup build check web

build: ## build/likeness, the library and the tests
	@tools/setup build
	$(call configure,$(BUILD))
	@ninja -C $(BUILD) -j $(JOBS)

run: build ## compare the sample photo with its original: the verdict, and a report to open in a browser
	@rc=0; $(BUILD)/likeness compare samples/original.png samples/photo.jpg --report $(BUILD)/report.html || rc=$$?; \
	if [ $$rc -ne 0 ] && [ $$rc -ne 1 ] && [ $$rc -ne 3 ]; then exit $$rc; fi; \
	echo "report: $(BUILD)/report.html"

serve: build ## the web service at http://127.0.0.1:8787/ (SERVE='--listen 127.0.0.1:9000 --db DIR' for others)
	@$(BUILD)/likeness serve $(SERVE)

test: ## every test (TESTS='ssim json' for some)
	@tools/setup build
	@tools/setup --optional web
	$(call configure,$(BUILD))
	@ninja -C $(BUILD) -j $(JOBS)
	@$(RUN_TESTS) -C $(BUILD) $(TESTS)

check: ## layers, style, layout, and no warning from gcc or clang
	@tools/setup build check
	@tools/check_layers
	@tools/check_style
	@tools/format --check
	@test -f build-gcc/build.ninja || CC=gcc meson setup build-gcc -Dwerror=true
	@test -f build-clang/build.ninja || CC=clang meson setup build-clang -Dwerror=true
	@ninja -C build-gcc -j $(JOBS)
	@ninja -C build-clang -j $(JOBS)

# The leak checker falls over thread-local memory of libraries opened later (oneDNN's), which holds nothing of ours.
asan: ## every test under AddressSanitizer (with leaks) and UndefinedBehaviorSanitizer
	@tools/setup build
	$(call configure,build-asan,-Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@ninja -C build-asan -j $(JOBS)
	@LSAN_OPTIONS=use_tls=0:suppressions=$(CURDIR)/tests/leaks.txt:print_suppressions=0 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  $(RUN_TESTS) -C build-asan --timeout-multiplier 5 $(TESTS)

tsan: ## every test under ThreadSanitizer
	@tools/setup build
	$(call configure,build-tsan,-Db_sanitize=thread -Db_lundef=false)
	@ninja -C build-tsan -j $(JOBS)
	@TSAN_OPTIONS=halt_on_error=1:suppressions=$(CURDIR)/tests/races.txt $(RUN_TESTS) -C build-tsan --timeout-multiplier 8 $(TESTS)

oom: ## each allocation of real operations failing in turn, under AddressSanitizer
	@tools/setup build
	$(call configure,build-oom,-Doom=true -Db_sanitize=address$(comma)undefined -Db_lundef=false)
	@ninja -C build-oom -j $(JOBS)
	@LSAN_OPTIONS=use_tls=0:suppressions=$(CURDIR)/tests/leaks.txt:print_suppressions=0 ASAN_OPTIONS=detect_leaks=1 $(RUN_TESTS) -C build-oom --suite oom --timeout-multiplier 5 $(TESTS)

fuzz: ## each fuzz target for FUZZ_SECONDS (60)
	@tools/setup build check
	@test -f build-fuzz/build.ninja || \
	  CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C build-fuzz -j $(JOBS)
	@tools/fuzz build-fuzz $(FUZZ_SECONDS)

bench: ## our own timings: fixed inputs, median of N, JSON
	@tools/setup build
	@test -f build-bench/build.ninja || meson setup build-bench --buildtype=release
	@ninja -C build-bench -j $(JOBS) bench likeness tests/nn/train_steps
	@bench/run build-bench $(BENCH)

peers: ## the same jobs through the peers of bench/peers, as a table of ratios
	@tools/setup build peers
	@test -f build-bench/build.ninja || meson setup build-bench --buildtype=release
	@ninja -C build-bench -j $(JOBS) bench likeness tests/nn/train_steps
	@bench/peers/run build-bench $(BENCH)

fmt: ## lay out every C file with clang-format
	@tools/setup check
	@tools/format

cov: ## which lines and branches the tests reach: build-cov/coverage.html
	@tools/setup build cov
	$(call configure,build-cov,-Db_coverage=true)
	@ninja -C build-cov -j $(JOBS)
	@$(RUN_TESTS) -C build-cov --timeout-multiplier 3 $(TESTS)
	@gcovr --root . --object-directory build-cov --exclude 'tests/|tools/|bench/|build' \
	  --html-details build-cov/coverage.html --print-summary

install: ## install the command, the library, the headers and the pkg-config file under PREFIX (/usr/local)
	@tools/setup build
	@test -f build-release/build.ninja || meson setup build-release --buildtype=release --prefix=$(PREFIX)
	@meson configure build-release --prefix=$(PREFIX)
	@ninja -C build-release -j $(JOBS)
	@meson install -C build-release --no-rebuild

deb: ## Debian packages in build-release/packages, installed and run in a root of their own (as root) by the test
	@tools/setup build
	@test -f build-release/build.ninja || meson setup build-release --buildtype=release --prefix=$(PREFIX)
	@ninja -C build-release -j $(JOBS)
	@packaging/deb/make_deb . build-release build-release/packages
	@$(RUN_TESTS) -C build-release --no-rebuild deb

samples: build ## draw the sample package again and photograph it (wants rsvg-convert)
	@samples/make_samples $(BUILD)

clean: ## remove every build folder
	rm -rf $(BUILD) build-*

comma := ,
