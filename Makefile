# make bench    everything from a bare machine (Python and make) to the leaderboard
# make test     everything that is checked, before every commit and by .ci/run
# `make help` lists the rest. Variables: PYTHON (3.11 or newer), TORCH_INDEX (a package index for torch alone).

PYTHON ?= python3
TORCH_INDEX ?=
PRESET ?= quick
OUT ?= results/local/$(PRESET)
REFERENCE ?= results/reference/standard
SCALE ?=
SOAK ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:  # the checks speak in turn
.PHONY: help bench reference figures science reliability test soak speed lint format types tests clean distclean

help:  ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

bench: .venv/installed  ## run the preset PRESET (quick) into OUT and print the leaderboard; does only what is missing
	@echo "== running the preset $(PRESET) into $(OUT)"
	@$(BIN)/pytest --benchmark --preset $(PRESET) --out=$(OUT)

reference: .venv/installed-test  ## remake tables and figures of the README and docs from results/reference; trains nothing
	@echo "== tables and figures of the reference"
	@$(BIN)/python docs/regenerate.py

figures: .venv/installed-test  ## contact sheets: all kinds of figures of REFERENCE, and all studies (docs/figures)
	@echo "== figures of $(REFERENCE)"
	@$(BIN)/python docs/contact_sheet.py $(REFERENCE)

science: .venv/installed-test  ## run every study (SCALE=--quick|--full; default: minutes each), pack findings, write docs/science.md
	@echo "== studies"
	@OMP_NUM_THREADS=1 $(BIN)/python docs/science.py $(SCALE)

reliability: .venv/installed-test  ## run the tests of the invariants (SOAK=--soak: the long ones too) and write docs/reliability.md
	@echo "== invariants"
	@OMP_NUM_THREADS=1 $(BIN)/python docs/reliability.py $(SOAK)

test: lint types tests  ## everything that is checked: lint, types, tests

soak: .venv/installed-test  ## cause faults for many minutes: killed runs, full disks, files with flipped bits
	@echo "== soak"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m soak -n auto --dist worksteal

speed: .venv/installed-test  ## measure tests/speed on one thread; prints ratios, nothing fails for being slow
	@echo "== measuring"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/speed -s

lint: .venv/installed-test  ## ruff: rules and format
	@echo "== ruff"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: .venv/installed-test  ## let ruff write the format, and repair what it can
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

types: .venv/installed-test  ## basedpyright, against an installed copy (pyproject.toml says why)
	@echo "== basedpyright"
	@rm -rf build/lib build/installed
	@$(PIP) install --quiet --no-deps --no-build-isolation --target build/installed .
	@$(BIN)/basedpyright

tests: .venv/installed-test  ## pytest, a process a core
	@echo "== pytest"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

clean:  ## remove what was built and cached; results and .venv stay
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean  ## clean, and remove .venv
	rm -rf .venv *.egg-info

# The environment. These files stand for steps that are done; a newer pyproject.toml or constraints.txt does them again.

.venv/created:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "$(PYTHON) is not there: install Python 3.11 or newer, or name it: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "grue needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) has no venv module. On Debian and Ubuntu it is the system package python3-venv:"; \
	    echo "    apt install python3-venv"; exit 1; }
	@echo "== creating .venv with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/torch: .venv/created constraints.txt
ifneq ($(TORCH_INDEX),)
	@echo "== installing torch from TORCH_INDEX"
	@$(PIP) install --quiet --no-deps --index-url $(TORCH_INDEX) --constraint constraints.txt torch
endif
	@touch $@

.venv/installed: .venv/torch pyproject.toml
	@echo "== installing grue and what it needs (some minutes the first time)"
	@$(PIP) install --quiet --constraint constraints.txt --editable ".[text]"
	@touch $@

.venv/installed-test: .venv/torch pyproject.toml
	@echo "== installing grue, what it needs and what its tests need (some minutes the first time)"
	@$(PIP) install --quiet --constraint constraints.txt --editable ".[test]"
	@touch .venv/installed $@
