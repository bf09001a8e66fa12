# Everything is installed into .venv; nothing has to be installed by hand but Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
NEO4J := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/graphtutor/neo4j-5.26.0
DEMO := --documents examples/documents --config graphtutor.yaml --workspace workspace

.PHONY: demo test ui test-ui test-neo4j test-ocr bench quality clean

demo: .venv/installed
	$(BIN)/python -m resources.embedded.model_files
	$(BIN)/graphtutor run $(DEMO)

ui: .venv/installed
	$(BIN)/graphtutor ui $(DEMO)

# Two workers, each with servers of its own: much of the time is spent waiting for processes. Without
# reordering, the few long tests of the pipeline come in the middle, not at the end, where one worker waits.
test: .venv/installed-dev
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 20

test-ui: .venv/installed-dev
	tests/ui/install-chromium
	$(BIN)/pytest -m ui tests

test-neo4j: .venv/installed-dev
	tests/neo4j/install "$(NEO4J)"
	$(BIN)/python tests/neo4j/run.py "$(NEO4J)"

# The extra is installed beside .venv: what is tested there is how things are without it.
test-ocr: .ocr/installed
	PYTHONPATH=.ocr $(BIN)/pytest -m ocr tests/kg_assets/ingest

bench: .venv/installed-dev
	$(BIN)/python -m benchmarks

quality: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

clean:
	rm -rf .venv .ocr build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

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
