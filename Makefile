.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUBMITTED ?= $(if $(wildcard submitted),submitted,examples/submitted)
OUTPUT ?= reports
JOBS ?= 2
SEEDS ?= 20
FAIR_SEEDS ?= 25
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup grade check release test lint assignments lab bank bench clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

setup: $(VENV)/ready  ## make the environment (nothing to do when it is up to date)

$(VENV)/ready: pyproject.toml requirements.lock
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: install it, or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) -V) is too old: Python 3.11 or newer is needed; call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv module is missing (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV_ARGS) $(VENV)
	$(BIN)/python -m pip install -q -c requirements.lock torch==2.13.0
	PIP_CONSTRAINT= $(BIN)/python -m pip install -q -c requirements.lock -e '.[dev]'
	@touch $@

grade: setup  ## grade every submission under SUBMITTED (default: submitted/, else the examples) into OUTPUT
	$(BIN)/loralab grade $(SUBMITTED) --output $(OUTPUT)

check: setup  ## the full judge on one file, notebook or folder: make check FILE=...
	@test -n "$(FILE)" || { echo "say which file: make check FILE=path/to/nf4_quantization.py"; exit 2; }
	$(BIN)/loralab check "$(FILE)"

release: setup  ## write what students get, with a checker of their own work, to kit/
	$(BIN)/loralab release --output kit

test: setup  ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

lint: setup  ## format, lint and types
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

assignments: setup  ## regenerate assignments/ from reference_solutions/
	$(BIN)/python -m graders.stubs
	$(BIN)/python -m notebooks.build

lab: setup  ## execute the notebooks, the students' one with the solutions filled in, and write their pictures to docs/lab
	$(BIN)/python -m notebooks.execute

bank: setup  ## the grader on every submission and mutant under SEEDS seeds, the correct ones under FAIR_SEEDS (hours; goes on where it stopped)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bank --seeds $(SEEDS) --fair-seeds $(FAIR_SEEDS) --jobs $(JOBS); \
	bank=$$?; OMP_NUM_THREADS=1 $(BIN)/python -m tests.sweep && exit $$bank

bench: setup  ## the benchmarks
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

clean:  ## remove what was made
	rm -rf $(OUTPUT) .mypy_cache .ruff_cache
