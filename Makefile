# make demo   the whole story on the shipped model     make test   the tests     make check   the gates
# make test-slow   what changes rarely and takes long: the box under other users and under load, kills at many moments
# make integrations   real trainers and evaluators with our hooks, each in an environment of its own
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo test test-slow integrations check format system clean

demo: $(VENV)/.installed
	$(BIN)/foretoken demo

test: $(VENV)/.installed system
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

test-slow: $(VENV)/.installed system
	$(BIN)/pytest -n 2 --dist worksteal -m slow

integrations:
	$(PYTHON) integrations/run.py

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/pyright
	$(BIN)/pytest tests/test_house_style.py

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# System packages of the tests; the demo needs none. Installed only where missing, and only where
# this user may install packages; SYSTEM_PACKAGES=no declines.
system: $(VENV)/.installed
	@./.ci/system-packages

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Installing torch and this package into $(VENV), once: some minutes, 2.3 GB or more of disk."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[train,dev]"
	touch $@

clean:
	rm -rf $(VENV) build runs
