# What one types in this repository. Both demo and test do all of their own set-up; a second run starts at once.

SHELL = /bin/sh
BIN = .venv/bin
export PYTHON

# As many test processes as cores; `make test JOBS=0` is one process, which a debugger wants.
JOBS = $(shell getconf _NPROCESSORS_ONLN)

# Under CI nothing is skipped: a test that skips fails the run.
CI_PYTEST = $(if $(filter-out false 0,$(CI)),-p tools.setup.no_skips)

.DEFAULT_GOAL = help
.PHONY: help demo test bench audit tear fuzz conformance coverage lint lock clean ready
.NOTPARALLEL:

help:
	@echo 'make demo    the main job on one screen, on the software card; needs neither root nor a compiler'
	@echo 'make test    everything: linters, import laws, all tests, a real PC/SC service included'
	@echo 'make bench   prints every bar and what was measured against it'
	@echo 'make audit   shows many cards to many relying parties and looks for anything that tells them apart'
	@echo 'make tear    cuts the power at every write of every command, in every way, and looks at what is left'
	@echo 'make fuzz    ten minutes of hostile octets for every parser and the whole card'
	@echo 'make conformance  the black-box suite: software card, real PC/SC service, planted defects; a table by clause'
	@echo 'make coverage     lines and branches of card and core that tests reach, and those that none does'
	@echo 'make lint    ruff, mypy, import laws, generated files up to date'
	@echo 'make lock    pins the dependencies anew (UPGRADE=1: to their newest versions)'
	@echo 'make clean   back to a fresh clone: caches, build results and both virtual environments go'
	@echo
	@echo 'PYTHON=...   the interpreter to make the environments with; ARGS=... goes to what the target runs'

demo:
	@tools/setup/run.sh demo
	@.venv-demo/bin/mumei demo $(ARGS)

test: ready lint
	@echo '== tests: pytest'
	@$(BIN)/python -m pytest -n $(JOBS) $(CI_PYTEST) $(if $(ARGS),$(ARGS),--cov --cov-report=)
	@$(if $(ARGS),,$(BIN)/python -m tools.coverage --data .coverage --brief)

bench: ready
	@$(BIN)/python -m tools.bench $(ARGS)

audit: ready
	@$(BIN)/python -m tools.linkage_audit $(ARGS)

tear: ready
	@$(BIN)/python -m tools.tear $(ARGS)

fuzz: ready
	@$(BIN)/python -m tools.fuzz $(if $(ARGS),$(ARGS),--seconds 600)

conformance: ready
	@$(BIN)/python -m tools.conformance run $(ARGS)

coverage: ready
	@$(BIN)/python -m tools.coverage $(ARGS)

lint: ready
	@echo '== style: ruff'
	@$(BIN)/ruff check --quiet .
	@echo '== types: mypy --strict'
	@$(BIN)/mypy --no-error-summary host card_sim tools tests
	@echo '== import laws: import-linter'
	@$(BIN)/lint-imports --no-logo
	@echo '== generated files: tools/gen_*.py --check'
	@$(BIN)/python tools/gen_commands.py --check
	@$(BIN)/python tools/gen_generators.py --check

lock: ready
	@tools/setup/lock.sh

ready:
	@tools/setup/run.sh test

clean:
	rm -rf .venv .venv-demo build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks .coverage
	find host card_sim tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
