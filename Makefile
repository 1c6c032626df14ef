# Everything works on a fresh machine with nothing but Python (3.11 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TESTS ?= 4
KILLS ?= 12
TRIALS ?= 1000
RESUME ?= .faults.ndjson
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help install demo test check fix faults journeys bench coverage studio-check

help:
	@echo 'make demo      one priority to its proven end, on the sample; no key, no network'
	@echo 'make test      every test but whole packs; no key, no network but loopback'
	@echo 'make check     format, lint, types, imports, sizes'
	@echo 'make fix       format and mend what ruff can mend'
	@echo 'make faults    kill -9 at TRIALS=n moments drawn at random (goes on from RESUME=file when it'
	@echo '               was stopped), then at every seam, KILLS=n on each side; on both databases'
	@echo 'make journeys  whole runs only, one after the other, on whole packs too'
	@echo 'make bench     the measurements'
	@echo 'make coverage  every test but the faults, and the branches they leave out'
	@echo 'make studio-check  LangGraph development server on our graph, where it is installed'

install: $(STAMP)

# The build backend is installed by its pin as well, so that nothing in the environment floats.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Pilotage needs Python 3.11 or newer and found "$(PYTHON)":' \
	    "$$($(PYTHON) --version 2>&1)." \
	    'Install one, or name it: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation \
	  --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/pilotage demo

# Tests wait for processes they start: four workers fill two cores. A file's tests stay on one
# worker, so that what a file fits or fills is made once; the longest files (tests/conftest.py) first.
test: $(STAMP)
	$(BIN)/python -m pytest -n $(TESTS) --dist loadfile --no-loadscope-reorder -m 'not journey'

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m tests.guards.sizes

fix: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

faults: $(STAMP)
	$(BIN)/python -m tests.faults.drawn --trials $(TRIALS) --resume $(RESUME)
	@rm -f $(RESUME)
	$(BIN)/python -m tests.faults $(KILLS)
	$(BIN)/python -m tests.faults $(KILLS) server
	$(BIN)/python -m tests.faults 3 beside

journeys: $(STAMP)
	$(BIN)/python -m pytest tests/journeys

bench: $(STAMP)
	@set -e; for file in bench/[a-z]*.py; do \
	  echo "== $$file"; $(BIN)/python -m bench.$$(basename $$file .py); done

coverage: $(STAMP)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --ignore=tests/faults -m 'not journey'
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

studio-check: $(STAMP)
	$(BIN)/python -m tests.studio
