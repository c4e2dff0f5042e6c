# Everything a person or CI does with this checkout; `make` alone lists it. Nothing here needs root (a missing browser may).
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
BROADCASTER := .venv/bin/broadcaster
# Tests of one stage run in several processes (two, unless they mostly wait); ARGS="-k stop" narrows them.
PYTEST := $(PY) -m pytest --dist loadgroup $(ARGS)
# Tests start hundreds of processes, and each would compile all our files anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev browser demo run test check format formatted lint types layers lock clean bench chaos test-hosts screenshots

help:
	@echo "The broadcaster. Needs Python 3.11 or newer (with venv) and make; the rest is installed into .venv."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install into .venv what is needed to run (the other targets do it themselves)
	@sh deploy/install.sh

setup-dev:
	@sh deploy/install.sh dev

browser: setup-dev
	@sh tests/install_browser.sh

demo: setup ## Play the Brisbane flood on sandbox providers (ONCE=1: end when all is final)
	@$(BROADCASTER) demo $(if $(ONCE),--once)

run: setup ## Serve everything on this machine, with the settings of the environment
	@$(BROADCASTER) run

# Each stage runs even when one before it failed; the exit code is of all together.
define stage
printf '\n== %s\n' "$(1)"; $(PYTEST) -n $(2) -m "$(3)" || status=1
endef

test: setup-dev browser ## Install what tests need (a browser included) and run them all
	@status=0; \
	$(call stage,1 of 3: unit and contract,2,not engine and not browser); \
	$(call stage,2 of 3: engine on SQLite and PostgreSQL,4,engine); \
	$(call stage,3 of 3: browser,2,browser); \
	exit $$status

check: formatted lint types layers ## Format, lint, types and layers; changes nothing

format: setup-dev ## Format the code and mend what the linter can
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

formatted: setup-dev
	@$(PY) -m ruff format --check .

lint: setup-dev ## Ruff alone
	@$(PY) -m ruff check .

types: setup-dev ## Mypy alone (strict)
	@$(PY) -m mypy

layers: setup-dev ## Only the laws of the architecture: who may import whom, and every "only"
	@$(PY) -m pytest -q tests/test_layers.py

bench: setup-dev ## Measure speed and memory beside RQ, Celery and Dramatiq (FULL=1: goals' own sizes; ARGS="--only fanout")
	@$(PY) -m bench $(if $(FULL),--full) $(ARGS)

test-hosts: setup-dev ## Three hosts send, two are cut off in the middle (root: network namespaces)
	@$(PY) -m tests.hosts

chaos: setup-dev ## The long kill suite on both databases (SEEDS=10), some minutes a run
	@$(PY) -m tests.chaos --seeds $(or $(SEEDS),10)

screenshots: setup-dev browser ## Take every picture in docs/ anew
	@$(PY) -m docs.screenshots
	@$(PY) -m tests.browser.pictures

# One lock for every Python: the newest versions that requirements*.in allow; UPGRADE=1 moves those that are locked already.
lock: setup-dev ## Write requirements*.txt anew from requirements*.in (UPGRADE=1: newest versions)
	@for name in requirements requirements-build requirements-dev; do \
		UV_PYTHON_DOWNLOADS=never UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet \
			--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-annotate \
			--no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade) --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## Remove caches and test leftovers; never .venv, never var/
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results build
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
