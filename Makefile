# Two commands are enough: `make serve` and `make test`. Each makes the environment first if it is not there.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 7860
HOST ?= 127.0.0.1

.PHONY: help serve build test browser tree check format benchmark clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.serve: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.serve
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

serve: $(VENV)/.serve ## open the pages at http://127.0.0.1:7860 (PORT=…, HOST=…)
	$(BIN)/assistant serve --host $(HOST) --port $(PORT)

build: $(VENV)/.serve ## parse and index the policies in corpus/
	$(BIN)/assistant build

test: $(VENV)/.dev browser ## run all tests
	$(BIN)/python -m pytest -n 2

browser: $(VENV)/.dev
	@BIN=$(BIN) sh tests/browser/install.sh

check: $(VENV)/.dev ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/oxlint --deny-warnings assistant/web/static

format: $(VENV)/.dev ## put the format right
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: $(VENV)/.dev browser ## the figures of the README
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/retrieval.py
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/scale.py
	$(BIN)/assistant evaluate benchmarks/questions.jsonl

tree: $(VENV)/.dev ## write the expected clause tree anew, after a review
	cd tests && ../$(BIN)/python write_tree.py

clean: ## remove the environment and everything derived
	rm -rf $(VENV) index build *.egg-info .pytest_cache .mypy_cache .ruff_cache
