# SPDX-License-Identifier: MIT
# The front door: each target does its own set-up (scripts/setup) and then calls CMake.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

test: ## unit, conformance, packaging and lint tests; JUnit files in build/junit/
	@scripts/setup build test
	@scripts/setup --optional report
	@rm -rf build/junit
	@scripts/check dev

test-long: ## the tests that take longer than a few seconds each
	@scripts/setup build test
	@scripts/check dev long

soak: ## the tests that take minutes each
	@scripts/setup build test
	@scripts/check dev soak

bench: ## the quick suite: a page that compares the rings on this machine
	@scripts/setup build weir-bench report
	@scripts/setup --optional rivals
	@scripts/rivals
	@scripts/bench

try: ## 30 seconds: each structure beside its mutex version and Concurrency Kit, channels beside Go's
	@scripts/setup build weir-bench
	@scripts/bench --try

tsan: ## the tests under ThreadSanitizer (clang-19)
	@scripts/setup build test clang
	@scripts/check tsan

asan: ## the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@scripts/setup build test
	@scripts/check asan

clang: ## with clang-19 what make tsan, built with it too, leaves out: weir-bench, its tests and those of the ABI
	@scripts/setup build test clang
	@scripts/check clang

lint: ## format, clang-tidy, layering, memory orders
	@scripts/setup build test clang lint
	@scripts/lint

count: ## instructions per operation, under valgrind: the same number on every run
	@scripts/setup build weir-bench count
	@scripts/count

mutants: ## weakens each labelled operation in turn; docs/mutants.md says what noticed
	@scripts/setup build test clang
	@scripts/build dev tsan
	@python3 stress/mutants/mutants.py $(MUTANTS_ARGS)

specimens: ## what is wrong on purpose, ten runs of ten: results/specimens.txt
	@scripts/setup build test
	@scripts/build dev
	@scripts/specimens --write results/specimens.txt

stress: ## an hour of all that looks for faults; scripts/stress says what
	@scripts/setup build test clang
	@scripts/build dev tsan
	@scripts/stress

rivals: ## install the libraries that weir-bench compares with; Boost's newest headers into build/rivals
	@scripts/setup rivals
	@scripts/rivals

clean: ## remove build/
	@rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-10s %s\n", $$1, $$2 }'

.PHONY: test test-long soak bench try tsan asan clang lint count mutants specimens stress rivals clean help
