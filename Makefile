# make demo: the main job on data/sample. make test: every check. Both make .venv when it is missing or stale; make demo
# installs what pairlens needs, make test and others also install tools.

# Without PYTHON=..., tests/make_environment.sh finds an interpreter.
PYTHON ?=
BIN := .venv/bin
INSTALLED := .venv/installed
TOOLS := .venv/installed-dev
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test lint types unit browser docs fuzz bench lock clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml
	sh tests/make_environment.sh .venv $(PYTHON)
	$(BIN)/python $(PIP_INSTALL) --requirement requirements.lock
	$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): $(INSTALLED) requirements-dev.lock
	$(BIN)/python $(PIP_INSTALL) --requirement requirements-dev.lock
	@touch $@

demo: $(INSTALLED) ## train, evaluate, score, attend and report on data/sample
	$(BIN)/pairlens train configs/sample.yaml --output runs/sample --force
	$(BIN)/pairlens evaluate runs/sample --output runs/sample/test.json --force
	$(BIN)/pairlens score runs/sample data/sample/test.query.txt data/sample/test.value.txt --format tsv --words | head -n 10
	$(BIN)/pairlens attend runs/sample data/sample/test.query.txt data/sample/test.value.txt --pairs 2
	$(BIN)/pairlens report runs/sample --output runs/sample.html --force
	@echo; ls -1 runs/sample/*

test: lint types unit ## every check

lint: $(TOOLS) ## style, and the walls between the folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(TOOLS) ## static types
	$(BIN)/mypy

unit: $(TOOLS) browser ## tests
	$(BIN)/pytest -n 3  # on two cores as well: many tests wait for processes

browser: ## install Chromium, which the tests of the pages drive, if it is missing
	sh tests/install_browser.sh

docs: $(TOOLS) ## run the examples of the pages again and write what they print into them
	$(BIN)/python tests/rerun_pages.py

fuzz: $(TOOLS) ## a million hostile inputs, for half an hour
	$(BIN)/python tests/fuzz.py reader 500000
	$(BIN)/python tests/fuzz.py config 100000
	$(BIN)/python tests/fuzz.py run 200000
	$(BIN)/python tests/fuzz.py links 20000
	$(BIN)/python tests/fuzz.py cached_code 100000
	$(BIN)/python tests/fuzz.py progress 80000
	$(BIN)/python tests/fuzz.py vectors 100000
	$(BIN)/python tests/fuzz.py tables 200000
	$(BIN)/python tests/fuzz.py tokenizers 50000

.venv-bench/installed: tests/benchmarks/requirements.txt requirements.lock pyproject.toml
	sh tests/make_environment.sh .venv-bench $(PYTHON)
	.venv-bench/bin/python $(PIP_INSTALL) --requirement tests/benchmarks/requirements.txt
	.venv-bench/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

bench: .venv-bench/installed ## compare with PyTorch, ONNX Runtime and plain tf-keras, in an environment of its own
	.venv-bench/bin/python tests/benchmarks/run.py

lock: ## write the lock files: what is needed of what .venv has, after `pip install` of newer versions into it
	$(BIN)/python -m pip freeze --exclude-editable | $(BIN)/python tests/packaging/locks.py .

clean: ## remove the environment and everything that was made
	rm -rf .venv .venv-bench runs .import_linter_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
