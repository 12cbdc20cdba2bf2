# Every target sets up what it needs in .venv by itself; a machine with Python 3.11, git and make is enough.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
WORKERS ?= 2
PYTEST_ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help demo lab test e2e coverage nightly bench gas docs lint types layers sizes compile lock dev clean

help: ## this list
	@echo "make TARGET"
	@sed -n 's/^\([a-z0-9]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-11s %s\n", $$1, $$2 }'

demo: $(VENV)/.base ## three pools on an embedded chain, one of them through a crash
	@$(BIN)/ringfence demo

lab: $(VENV)/.lab ## what `ringfence stress`, `recommend` and `report` need: numba, scipy, polars, matplotlib

test: $(VENV)/.dev ## all tests that need only Python packages
	@$(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

e2e: $(VENV)/.dev ## tests on a real node, fuzz tests and proofs of the compiled rules (npm and pip fetch the tools once)
	@$(BIN)/python scripts/fetch_anvil
	@$(BIN)/pytest -q -m e2e $(PYTEST_ARGS)
	@$(BIN)/python scripts/e2e

coverage: $(VENV)/.dev ## statements and branches of the contracts that the tests run
	@$(BIN)/python scripts/vyper_coverage

nightly: $(VENV)/.dev ## the long versions
	@scripts/nightly

bench: $(VENV)/.dev ## every benchmark in bench/ that needs no node
	@for each in $(filter-out bench/gas%.py bench/naive.py,$(wildcard bench/*.py)); do echo "== $$each"; $(BIN)/python "$$each" || exit 1; done

gas: $(VENV)/.dev ## gas of every call, on a real node (npm fetches it once)
	@$(BIN)/python scripts/fetch_anvil
	@for each in $(wildcard bench/gas*.py); do echo "== $$each"; $(BIN)/python "$$each" || exit 1; done

docs: $(VENV)/.docs ## the documentation site, into build/docs
	@$(BIN)/python scripts/build_docs

lint: $(VENV)/.dev ## style (scripts/lint --fix mends)
	@scripts/lint

types: $(VENV)/.dev ## mypy, strict
	@scripts/types

layers: $(VENV)/.dev ## which folder may import which
	@scripts/layers

sizes: $(VENV)/.dev ## sizes of files and functions beside the guide
	@$(BIN)/python scripts/sizes

compile: $(VENV)/.dev ## contracts/ into the artifacts that ship
	@$(BIN)/python scripts/compile_contracts --shares

lock: $(VENV)/.dev ## requirements/*.lock from pyproject.toml
	@$(BIN)/python scripts/lock

dev: $(VENV)/.dev ## set up .venv for development

clean: ## remove what the other targets made
	rm -rf .venv build .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/.made:
	@sh scripts/venv $(VENV)
	@touch $@

# The second install puts the project itself in, editable; its build backend is in the lock, so it needs no network.
$(VENV)/.base: requirements/base.lock pyproject.toml $(VENV)/.made
	@echo "setting up $(VENV) from $< (once, and when it changes)"
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.lab: requirements/lab.lock pyproject.toml $(VENV)/.made
	@echo "setting up $(VENV) from $< (once, and when it changes)"
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.base $@

$(VENV)/.dev: requirements/dev.lock pyproject.toml $(VENV)/.made
	@echo "setting up $(VENV) from $< (once, and when it changes)"
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.base $(VENV)/.lab $@

$(VENV)/.docs: requirements/docs.lock pyproject.toml $(VENV)/.made
	@echo "setting up $(VENV) from $< (once, and when it changes)"
	@$(PIP) install --require-hashes -r $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.base $(VENV)/.lab $@
