# The habits of the project. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help check test embedded sim fuzz bench bench-peers kernel-compare sim-tables docs ledger format ledger-check format-check

# Inputs to each fuzz target, and worker processes.
RUNS ?= 200000
JOBS ?= 1
SWIFT = Package.swift Sources Tests Scripts Fuzz Benchmarks Examples/Package.swift Examples/Sources

help: ## lists the habits
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ledger-check format-check ## the ledger of requirements, the house rules, the format
	swift test --filter HouseRulesTests

ledger-check:
	swift Scripts/ledger.swift --check

format-check:
	swift format lint --strict --recursive --parallel $(SWIFT)

test: ## every test
	swift test

embedded: ## the four pure modules as Embedded Swift for x86-64, armv7em and wasm32
	Scripts/embedded

sim: ## the suites that run on the simulated network, in release mode
	swift test -c release --filter 'MartinetSimulationTests|MartinetTCPTests|MartinetStackTests'

fuzz: ## a slice of fuzzing: RUNS=200000 inputs to each target
	Scripts/fuzz $(RUNS) $(JOBS)

bench: ## what the engine and the sockets cost: checksums, headers, transfers, idle connections; fails beyond the bounds of Scripts/bench-costs
	swift run -c release --package-path Benchmarks martinet-benchmarks
	swift run -c release --package-path Benchmarks martinet-socket-benchmarks
	Scripts/bench-costs

# Options of the comparison with the kernel.
COMPARE ?=
# A directory of other stacks' programs, `NAME sink|source|echo TUN ADDRESS PORT`.
PEERS ?=
UNSHARE = unshare $(if $(filter 0,$(shell id -u)),-n,-Urn)

bench-peers: ## Martinet beside other stacks over TUN, the kernel as the peer: PEERS=dir of their programs
	swift build -c release --product martinet
	swift build -c release --package-path Benchmarks --product martinet-peer-benchmarks
	$(UNSHARE) sh -c 'ip link set lo up && exec Benchmarks/.build/release/martinet-peer-benchmarks \
	  --martinet .build/release/martinet $(if $(PEERS),--peers $(PEERS))'

kernel-compare: ## the kernel's TCP and ours in turns on the same bad wire: 73 minutes, or COMPARE='--seeds 1'
	swift build -c release --product martinet
	Scripts/kernel-compare $(COMPARE)

sim-tables: ## writes docs/simulated-performance.md: what the engine does on simulated paths of all kinds
	swift build -c release --product martinet
	.build/release/martinet simulate --tables >docs/simulated-performance.md.new
	mv docs/simulated-performance.md.new docs/simulated-performance.md

docs: ## the documentation of the public modules, into .build/docs
	Scripts/docs

ledger: ## writes docs/REQUIREMENTS.md: which requirement is proven, deviates or is open
	swift Scripts/ledger.swift

format: ## formats every Swift file
	swift format format --in-place --recursive --parallel $(SWIFT)
