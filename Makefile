# Everything is installed into .venv; nothing has to be installed by hand but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
NEO4J := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/graphtutor/neo4j-5.26.0
DEMO := --documents examples/documents --config graphtutor.yaml --workspace workspace

# Folders of tests without the servers that we start, waiting for time-outs, and whole runs: those are in `make
# test` only.
QUICK := tests/docs tests/kg_assets tests/resources tests/sensors
SLOW := tests/resources/embedded tests/resources/graph tests/resources/models tests/resources/sources

.PHONY: help demo ui test check quality docs docs-serve hooks test-ui test-neo4j test-ocr bench clean
.DEFAULT_GOAL := help

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/installed ## Install, fetch two small models, run the whole pipeline on examples/ (10 to 20 minutes)
	$(BIN)/python -m resources.embedded.model_files
	$(BIN)/graphtutor run $(DEMO)

ui: .venv/installed ## Open the workspace of the demo in the Dagster UI, at http://127.0.0.1:3000
	$(BIN)/graphtutor ui $(DEMO)

# Two workers, each with servers of its own: much of the time is spent waiting for processes. Without
# reordering, the few long tests of the pipeline come in the middle, not at the end, where one worker waits.
test: .venv/installed-dev ## Run all tests but those of test-ui, test-neo4j and test-ocr
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20

check: quality ## What a commit must pass, in under two minutes: quality and the quick tests
	$(BIN)/pytest -q -n 2 --dist loadfile $(QUICK) $(SLOW:%=--ignore=%)

quality: .venv/installed-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/installed-dev ## Build the documentation into site/; a dead link, or a file from elsewhere, fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

docs-serve: .venv/installed-dev ## Show the documentation while you write it, at http://127.0.0.1:8000
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve --dev-addr 127.0.0.1:8000

hooks: .venv/installed-dev ## Check style, types and imports at each commit from now on
	$(BIN)/pre-commit install

test-ui: .venv/installed-dev ## Test the Dagster UI in a browser (installs Debian's chromium where there is none)
	tests/ui/install-chromium
	$(BIN)/pytest -m ui tests

test-neo4j: .venv/installed-dev ## Test the graph on a real Neo4j 5 (needs Java 17 and Maven; fetches Neo4j)
	tests/neo4j/install "$(NEO4J)"
	$(BIN)/python tests/neo4j/run.py "$(NEO4J)"

# The extra is installed beside .venv: what is tested there is how things are without it.
test-ocr: .ocr/installed ## Test scanned pages, with the extra for them
	PYTHONPATH=.ocr $(BIN)/pytest -m ocr tests/kg_assets/ingest

bench: .venv/installed-dev ## Measure speed and memory against our goals
	$(BIN)/python -m benchmarks

clean: ## Remove what was installed and built, but no workspace
	rm -rf .venv .ocr build site *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ .venv/installed

.ocr/installed: pyproject.toml constraints.txt | .venv/installed-dev
	rm -rf .ocr
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --target .ocr \
		$$($(BIN)/python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
		print(*project['optional-dependencies']['ocr'])")
	touch $@
