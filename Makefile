# `make demo` and `make test` do all the set-up they need; `make help` lists the rest.
PYTHON ?= python3
V := .venv/bin
.DEFAULT_GOAL := help
# Compiled files are kept, whatever the shell says: tests start hundreds of processes.
export PYTHONDONTWRITEBYTECODE :=

.venv/.done: requirements.lock pyproject.toml
	@echo "Setting up .venv with pinned dependencies, once; this takes a minute or a few."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Docent needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv
	@$(V)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(V)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: help setup demo test test-all lint bench bench-peers mutants mutant lock lock-image
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.done ## the virtual environment, from the lock file

# The demo shows Docent as a fresh clone has it, whatever keys the shell holds.
DEMO := env -u COHERE_API_KEY -u WEAVIATE_URL -u WEAVIATE_GRPC_URL -u DATABASE_URL -u DOCENT_DATA \
	$(V)/docent --config examples/docent.yaml
demo: setup ## index the example handbook, ask it three questions, then chat (on a terminal)
	@$(DEMO) index
	@for question in \
		"What do we pay for a hotel in London?" \
		"Nobody answers the pager: what happens after 15 minutes?" \
		"Can I take unused leave into next year?"; do \
		printf '\n> %s\n\n' "$$question"; $(DEMO) ask "$$question" || exit 1; \
	done
	@if [ -t 0 ] && [ -t 1 ]; then $(DEMO) chat; fi

# Most of a test's time is waiting, so that four or five at once pay off on two cores. A file's tests share their servers.
test: setup ## the quick tests: all but those marked slow
	$(V)/python -m pytest -n 5 --dist loadfile -m "not slow"

test-all: setup ## all tests: also those with real servers, kills and attacks by size
	$(V)/python -m pytest -n 4 --dist loadfile

lint: setup ## ruff, mypy --strict, import-linter, vulture
	$(V)/ruff check . && $(V)/ruff format --check . && $(V)/mypy && $(V)/lint-imports && $(V)/vulture

bench: setup ## the figures of benchmarks/README.md, one script after the other
	@for script in benchmarks/[a-z]*.py; do $(V)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; done

DOCS ?= examples/handbook
bench-peers: ## Docent beside what somebody would build instead, over DOCS=folder; in an environment of its own
	@$(PYTHON) -m venv .venv-peers && .venv-peers/bin/pip install --quiet -r benchmarks/peers/requirements.txt -e .
	@for peer in docent llama_index haystack fts5; do .venv-peers/bin/python benchmarks/peers/compare.py $$peer $(DOCS) || exit 1; done

# In an environment on top of .venv: mutmut brings a terminal UI. What its configuration leaves out stays as it is in
# mutants/, so that folder goes whenever pyproject.toml is newer.
MUTMUT := $(V)/uv run --no-project --with-requirements tools/mutants.txt mutmut
mutants: setup ## what no test notices if it is changed, where Docent is kept safe; OF='bot.answering.*' for some of it
	@if [ pyproject.toml -nt mutants/pyproject.toml ]; then rm -rf mutants; fi
	nice -n 5 $(MUTMUT) run --max-children 2 $(OF)
	@$(MUTMUT) results | sed '/not checked/d'

mutant: ## one of them, by the NAME that `make mutants` gave it
	@$(MUTMUT) show $(NAME)

lock: setup ## pin every dependency anew
	$(V)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra all --group dev --upgrade -o requirements.lock pyproject.toml
	$(MAKE) lock-image

# The image has what answers come from, and no models to run on its own machine. MarkItDown asks for a runtime of models
# that nothing here calls (see indexer/converters/office/word.py), and others for a way to download models.
IMAGE := anthropic cohere convert discord gdrive indexer monitoring openai otel postgres slack weaviate web
UNUSED := filelock flatbuffers fsspec hf-xet huggingface-hub magika onnxruntime
lock-image: ## the image's packages, in the versions of requirements.lock
	$(V)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-annotate --no-header $(IMAGE:%=--extra %) $(UNUSED:%=--no-emit-package %) --constraint requirements.lock -o deploy/image/requirements.txt pyproject.toml
	echo setuptools | $(V)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-annotate --no-header --constraint requirements.lock -o deploy/image/build.txt -
