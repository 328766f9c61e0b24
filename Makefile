# Everything is one word: `make` alone lists the words.
#   PYTHON=/path/to/python3.11   the interpreter to build .venv with
#   ARGS="…"                     passed on to regia, pytest, bench or faults
#   SEED=…                       the seed of `make proof`
#   JOBS=…                       how many processes share the tests, each with servers of its own

.DEFAULT_GOAL := help
.PHONY: help install install-dev run demo test proof bench faults pictures lint lock clean

SHELL := /bin/bash
BIN := .venv/bin
CONFIG ?= config/examples/demo/regia.yaml
SEED ?= 20261121
JOBS ?= 2
PROOF := $(BIN)/python -m pytest --hypothesis-seed=$(SEED) tests/proof

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## .venv with the pinned packages the gateway runs on (does nothing when nothing changed)
	@scripts/install.sh requirements.lock

install-dev: ## the same, with the tools for tests and lint
	@scripts/install.sh requirements-dev.lock

run: install ## the gateway on embedded defaults; prints addresses and a first message
	@exec $(BIN)/regia run -c $(CONFIG) $(ARGS)

demo: install ## sample traffic into the running gateway
	@exec $(BIN)/regia demo -c $(CONFIG) $(ARGS)

test: install-dev ## installs the servers the tests need, then runs the tests
	@scripts/test-deps.sh
	@scripts/editor-server.sh
	@scripts/axe.sh
	@scripts/consumer-deps.sh
	@scripts/ticket-systems.sh
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not proof" $(ARGS)

proof: install-dev ## the long property and crash tests, seeded
	@scripts/test-deps.sh
	@echo "SEED=$(SEED) (repeat with: make proof SEED=$(SEED))"
	@scripts/consumer-deps.sh
	SEED=$(SEED) $(PROOF) -m "proof and not alone" -n $(JOBS) --dist load --maxschedchunk 1 $(ARGS) || [ $$? = 5 ]
	SEED=$(SEED) $(PROOF) -m "proof and alone" $(ARGS) || [ $$? = 5 ]

bench: install-dev ## measures throughput and latency on this machine
	@exec $(BIN)/python -m bench $(ARGS)

faults: install-dev ## servers fail under traffic; two ledgers say what became of it (45 minutes; ARGS=--short)
	@scripts/test-deps.sh
	@exec $(BIN)/python -m faults $(ARGS)

pictures: install-dev ## the pictures of the documentation, of real programs in Chromium
	@scripts/test-deps.sh
	@scripts/ticket-systems.sh
	$(BIN)/python -m scripts.pictures

lint: install-dev ## ruff, mypy --strict, import contracts, unused or missing packages, the locks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/check_lock.py
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python scripts/check_lock.py
	$(BIN)/python scripts/check_figures.py
	$(BIN)/python -m scripts.write_reference --check

lock: ## writes both lock files anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@scripts/lock.sh

clean: ## removes .venv and caches, never data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
