# Two commands matter: `make demo` shows OneShelf, `make test` proves it. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/pip -qq --disable-pip-version-check install
UV_COMPILE := uv pip compile -q --generate-hashes --no-header --no-emit-index-url --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint docs lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/demo.stamp ## a year of real receipts and the console (HEADLESS=1: check it and leave)
	$(BIN)/oneshelf demo $(if $(filter 1,$(HEADLESS)),--headless)

test: $(VENV)/dev.stamp ## every test; ARGS="tests/books -k journal" narrows it
	$(BIN)/pytest -n 2 --dist loadfile $(ARGS)

bench: $(VENV)/dev.stamp ## measure, and write the rows of docs/benchmarks.md
	$(BIN)/python benchmarks/run_all.py $(ARGS)

lint: $(VENV)/dev.stamp ## style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/dev.stamp ## write the reference from the code, and build the documentation into site/
	$(BIN)/python scripts/reference.py
	$(BIN)/zensical build --clean --strict

lock: ## resolve pyproject.toml again into requirements/ (needs uv)
	$(UV_COMPILE) --all-extras --group bench --group dev --group docs --group build pyproject.toml -o requirements/dev.lock
	$(UV_COMPILE) --extra demo --extra postgres --group build -c requirements/dev.lock pyproject.toml -o requirements/demo.lock

clean: ## remove what the other commands made, except data folders
	rm -rf $(VENV) site dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "OneShelf needs Python 3.11 or newer, and '$(PYTHON)' is not. Say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: $(VENV)/pyvenv.cfg requirements/demo.lock pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements/demo.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# dev.lock pins the same versions as demo.lock and more (a test compares them), so it serves for both.
$(VENV)/dev.stamp: $(VENV)/pyvenv.cfg requirements/dev.lock pyproject.toml
	$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/demo.stamp
