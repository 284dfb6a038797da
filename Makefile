# The habits of the project. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help check test embedded sim fuzz bench docs ledger format

# Inputs to each fuzz target, and worker processes.
RUNS ?= 200000
JOBS ?= 1

help: ## lists the habits
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## the ledger of requirements, the house rules, the format
	swift Scripts/ledger.swift --check
	swift test --filter HouseRulesTests
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Scripts Fuzz Benchmarks Examples

test: ## every test
	swift test

embedded: ## the four pure modules as Embedded Swift for x86-64, armv7em and wasm32
	Scripts/embedded

sim: ## the suites that run on the simulated network, in release mode
	swift test -c release --filter 'MartinetSimulationTests|MartinetTCPTests|MartinetStackTests'

fuzz: ## a slice of fuzzing: RUNS=200000 inputs to each target
	Scripts/fuzz $(RUNS) $(JOBS)

bench: ## what the engine costs: octets per second, allocations per segment
	swift run -c release --package-path Benchmarks martinet-benchmarks

docs: ## the documentation of the public modules, into .build/docs
	Scripts/docs

ledger: ## writes docs/REQUIREMENTS.md: which requirement is proven, deviates or is open
	swift Scripts/ledger.swift

format: ## formats every Swift file
	swift format format --in-place --recursive --parallel Package.swift Sources Tests Scripts Fuzz Benchmarks Examples
