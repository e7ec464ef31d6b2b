# Two commands on a fresh machine with Python 3.11 or later: `make demo` and `make test`.
# They install what the lock names: requirements.txt to run, requirements-dev.txt to test and lint too.
# DEPS=newest and DEPS=oldest install the ends of the ranges in pyproject.toml instead, beside it.

PYTHON ?= python3
DEPS   ?= lock
VENV   := $(if $(filter lock,$(DEPS)),.venv,.venv-$(DEPS))
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS   ?=
DEMO   := blue-green lora-adapter rolling-update
UV     := uv==0.13.9
LOCK   := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.PHONY: demo test check lint lock golden bench clean

demo: $(VENV)/.run  ## render three examples, which need nothing but Python, and show their stage tables
	@$(BIN)/rollplan render $(DEMO:%=plans/%/plan.yaml) --out rendered
	@echo
	@echo "Look at rendered/qwen3-32b-h200/README.md: the runbook of the blue-green example."

test: $(VENV)/.$(DEPS)  ## run the tests
	$(BIN)/python -m pytest -n auto $(ARGS)

check: lint  ## lint, and the quick tests alone: a loop of a minute
	$(BIN)/python -m pytest -n auto -m "not slow and not oracle" $(ARGS)

lint: $(VENV)/.$(DEPS)  ## check style, types and imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

lock: .venv-lock/bin/uv  ## write the lock anew from pyproject.toml; ARGS=--upgrade takes the newest of everything
	$< $(LOCK) $(ARGS) --all-extras --output-file requirements-dev.txt pyproject.toml
	$< $(LOCK) --extra build --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml

golden: $(VENV)/.$(DEPS)  ## write goldens anew; review them with git diff
	$(BIN)/python -m pytest --update-golden $(ARGS)

bench: $(VENV)/.$(DEPS)  ## measure speed against other tools
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:  ## remove what the other targets made
	rm -rf .venv .venv-lock .venv-newest .venv-oldest .make rendered dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(BIN)/python
	@$(PIP) --require-hashes --requirement requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.lock: requirements-dev.txt pyproject.toml | $(BIN)/python
	@$(PIP) --require-hashes --requirement requirements-dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.run

$(VENV)/.newest: pyproject.toml | $(BIN)/python
	@$(PIP) --upgrade --upgrade-strategy eager --editable '.[build,test,lint]'
	@touch $@

$(VENV)/.oldest: pyproject.toml | $(BIN)/python
	@$(BIN)/python tests/support/lock.py > $(VENV)/oldest.txt
	@$(PIP) --constraint $(VENV)/oldest.txt --editable '.[build,test,lint]'
	@touch $@

.venv-lock/bin/uv: Makefile
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	@touch $@
