# make demo   a whole study in a browser, from nothing
# make test   every test against the embedded default (SQLite, filesystem broker)
PYTHON ?= python3.11
ifeq (, $(shell command -v $(PYTHON) 2>/dev/null))
PYTHON := python3
endif
BIN := .venv/bin
STAMP := .venv/.installed
export PYTHONPATH := $(CURDIR)

.PHONY: setup demo test lint clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]" -c constraints.txt
	touch $(STAMP)

demo: setup
	$(BIN)/python manage.py run_demo

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))") PRODUCTION=1 \
	  ALLOWED_HOSTS=semblance.example SEMBLANCE_VAR=$$(mktemp -d) \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

clean:
	rm -rf .venv var
