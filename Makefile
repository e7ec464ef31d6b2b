# Two commands on a fresh machine with Python 3.11 or later: `make demo` and `make test`.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := .make
ARGS   ?=
DEMO   := blue-green lora-adapter rolling-update

.PHONY: demo test lint golden bench clean

demo: $(STAMP)/run  ## render three examples, which need nothing but Python, and show their stage tables
	@$(BIN)/rollplan render $(DEMO:%=plans/%/plan.yaml) --out rendered
	@echo
	@echo "Look at rendered/qwen3-32b-h200/README.md: the runbook of the blue-green example."

test: $(STAMP)/test  ## run the tests
	$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(STAMP)/test  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

golden: $(STAMP)/test  ## write goldens anew; review them with git diff
	$(BIN)/python -m pytest --update-golden $(ARGS)

bench: $(STAMP)/test  ## measure speed against other tools
	$(BIN)/python -m tests.benchmarks $(ARGS)

clean:  ## remove what the other targets made
	rm -rf $(VENV) $(STAMP) rendered dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP)/run: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/test: pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@mkdir -p $(STAMP) && touch $@ $(STAMP)/run
