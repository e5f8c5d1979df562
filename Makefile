# Two commands for a newcomer: `make run` and `make test`. They need Python 3.11 or newer and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
NAME ?= all
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
# A stamp carries the checksum of what was installed: the second start installs nothing, a changed lock file does.
RUNTIME := $(VENV)/.runtime-$(shell cksum < requirements.txt | cut -d' ' -f1)
DEV := $(VENV)/.dev-$(shell cksum < requirements-dev.txt | cut -d' ' -f1)
PIP_INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes
PYTEST ?= $(BIN)/python -m pytest
PYTEST_ARGS ?= -n 2
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): | $(BIN)/python
	$(PIP_INSTALL) -r requirements.txt
	@rm -f $(VENV)/.runtime-* && touch $@

$(DEV): | $(BIN)/python
	$(PIP_INSTALL) -r requirements-dev.txt
	@rm -f $(VENV)/.runtime-* $(VENV)/.dev-* && touch $@ $(RUNTIME)

run: $(RUNTIME) ## Set up everything and open the portal with demonstration data
	@exec $(MANAGE) serve

test: $(DEV) ## Set up everything and run the tests (SQLite; DATABASE_URL and REDIS_URL choose others)
	$(PYTEST) $(PYTEST_ARGS)

check: check-style check-types check-imports check-django check-messages check-architecture ## All checks; make -k check goes on after the first that fails

check-style: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@echo "djhtml --check on all templates"; $(BIN)/djhtml --check --tabwidth 2 $$(git ls-files '*/templates/*.html')

check-types: $(DEV)
	$(BIN)/mypy

check-imports: $(DEV)
	$(BIN)/lint-imports --no-cache --no-logo

check-django: $(DEV)
	$(MANAGE) compile_catalogues -v 0
	$(MANAGE) makemigrations --check --dry-run -v 1
	$(MANAGE) permission_table --check
	@echo "manage.py check --deploy with the settings of production"; \
	DJANGO_SETTINGS_MODULE=cms.settings.production PORTAL_ALLOWED_HOSTS=portal.example.vn \
	  DATABASE_URL=postgres://portal@127.0.0.1/portal REDIS_URL=redis://127.0.0.1/0 \
	  PORTAL_SECRET_KEY=check-only-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-check-only \
	  $(MANAGE) check --deploy --fail-level WARNING

check-messages: $(DEV)
	$(MANAGE) messages check
	$(MANAGE) check_admin_catalogue

check-architecture: $(DEV)
	$(PYTEST) -q tests/architecture

messages: $(DEV) ## Collect the messages of the code into the Vietnamese catalogues (needs gettext)
	$(MANAGE) messages update

bench: $(DEV) ## Run the benchmarks, or one: make bench NAME=spreadsheets
	$(BIN)/python -m tests.benchmarks $(NAME)

lock: ## Pin what pyproject.toml asks for, with hashes
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install -q uv
	build/lock/bin/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -o requirements.txt pyproject.toml
	build/lock/bin/uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -c requirements.txt --group dev -o requirements-dev.txt pyproject.toml

clean: ## Remove everything that was built, the database of the one-command mode included
	rm -rf var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o \( -name '*.mo' -o -name '__pycache__' \) -print0 | xargs -0 rm -rf

.PHONY: help run test check check-style check-types check-imports check-django check-messages check-architecture \
  messages bench lock clean
