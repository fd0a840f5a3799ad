# Two commands do everything: `make app` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WHEELS := $(if $(wildcard wheels),--no-index --find-links wheels,)
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --no-annotate --no-header

.PHONY: app test dev lint format lock validation bench screenshots clean

app: $(VENV)/.app-ready
	$(BIN)/streamlit run app.py

test: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -n 3 --dist loadgroup --no-loadscope-reorder

dev: $(VENV)/.dev-ready

lint: $(VENV)/.dev-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.dev-ready
	$(LOCK) --upgrade -o requirements.txt
	$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt

validation: $(VENV)/.dev-ready
	$(BIN)/python -m bench.validation VALIDATION.md

bench: $(VENV)/.dev-ready
	$(BIN)/python -m pytest bench --benchmark-only

# The pictures of the README: the browser walks through the pages of the demo city as the app shows it.
screenshots: $(VENV)/.dev-ready
	NUANGUANG_SCREENSHOTS=docs/images NUANGUANG_DEMO_BUILDINGS=40000 REQUIRE_BROWSER=1 \
		$(BIN)/python -m pytest tests/ui/test_pages_browser.py -k main_task

clean:
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app-ready: requirements.txt | $(BIN)/python
	$(PIP) install --quiet $(WHEELS) -r requirements.txt
	touch $@

$(VENV)/.dev-ready: requirements-dev.txt requirements.txt | $(BIN)/python
	$(PIP) install --quiet $(WHEELS) -r requirements-dev.txt
	touch $@
