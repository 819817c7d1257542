# Two commands do everything: `make demo` to see it, `make test` to check it.
# Each sets up what it needs first; a second call finds it done and is fast.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DEMO_OUT ?= demo-output
# A movie of yours instead: make demo DEMO_ARGS="cells.tif --truth cells_ids.tif"
# A real time-lapse lies beside some checkouts; without it the demo makes a movie.
REAL := ../shared/data/t98g/t98g_top
DEMO_ARGS ?= $(if $(wildcard $(REAL).tif),$(REAL).tif --truth $(REAL)_ids.tif)

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint typecheck architecture manifest pytest clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## make .venv with napari, the package and the tools for tests

$(READY): pyproject.toml scripts/setup.sh scripts/system_packages.sh
	@PYTHON="$(PYTHON)" sh scripts/setup.sh
	@touch $@

demo: setup ## track cells in a sample movie; opens napari when there is a display
	@$(BIN)/sam2-ivos demo $(DEMO_ARGS) --out "$(DEMO_OUT)"

test: setup lint typecheck architecture manifest pytest ## everything that CI checks

lint: setup ## ruff: style, mistakes and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

typecheck: setup ## mypy
	$(BIN)/mypy

architecture: setup ## import-linter: arrows point down only
	$(BIN)/lint-imports --no-logo

manifest: setup ## npe2: the plugin manifest
	$(BIN)/npe2 validate napari.yaml

pytest: setup ## the tests, those of the window under Xvfb
	@sh scripts/system_packages.sh
	$(BIN)/pytest $(PYTEST_ARGS)

clean: ## remove .venv and everything the commands made
	rm -rf .venv build dist $(DEMO_OUT) .mypy_cache .pytest_cache .ruff_cache \
	    .hypothesis .import_linter_cache
