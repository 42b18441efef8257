# `make demo` and `make test` do all the set-up they need; `make help` lists the rest.
PYTHON ?= python3
V := .venv/bin
.DEFAULT_GOAL := help

.venv/.done: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Docent needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(V)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(V)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.PHONY: help setup test lint lock
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.done ## the virtual environment, from the lock file

test: setup ## all tests
	$(V)/python -m pytest

lint: setup ## ruff, mypy --strict, import-linter
	$(V)/ruff check . && $(V)/ruff format --check . && $(V)/mypy && $(V)/lint-imports

lock: setup ## pin every dependency anew
	$(V)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra all --group dev --upgrade -o requirements.lock pyproject.toml
