# `make run` starts the portal, `make test` tests it; `make help` lists the rest.
# A fresh machine needs Python 3.11 or newer, make, git, and an index that pip can reach.

.DEFAULT_GOAL := help
.PHONY: help install run test check format test-browser test-services canary campaign-services campaign security bench lock clean

python := .venv/bin/python
pytest := $(python) -m pytest
# Processes that share the tests; "auto": one for each core, and one more (tests/conftest.py).
TEST_WORKERS ?= auto
PYTEST_ARGS ?=

# A shell may forbid compiled modules; every process that is started would then compile all it loads.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: .venv/.installed  ## make .venv with exactly what the lock names

.venv/.installed: requirements/app.txt requirements/dev.txt scripts/install.sh
	@scripts/install.sh

run: install  ## start web, worker and sandbox exchange; Ctrl-C stops all of it (DEMO=1: no second factor)
	@exec env $(if $(filter-out 0,$(DEMO)),DEMO_WITHOUT_MFA=1) $(python) manage.py up

test: install  ## the whole suite on the embedded default (no browser, no services)
	$(pytest) -n $(TEST_WORKERS) --dist worksteal -m "not browser and not services" $(PYTEST_ARGS)

check: install  ## format, lint, types, migrations, and the settings of a production
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy .
	DATABASE_URL=sqlite://:memory: $(python) manage.py makemigrations --check --dry-run
	scripts/check_deploy.sh

format: install  ## format and mend what ruff can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

test-browser: install  ## walk the pages in the system's Chromium
	scripts/test_browser.sh $(PYTEST_ARGS)

test-services: install  ## database and broker tests on PostgreSQL, Redis and RabbitMQ
	scripts/test_services.sh $(PYTEST_ARGS)

canary: install  ## marks in all that is secret, then no mark in logs, broker, files, database (long)
	scripts/canary.sh $(PYTEST_ARGS)

campaign-services: install  ## the campaigns' short forms on PostgreSQL, with RabbitMQ, with Redis and with neither
	scripts/campaign_services.sh $(PYTEST_ARGS)

campaign: install  ## break everything round the product, at full size (hours)
	scripts/campaign.sh

security: install  ## bandit, pip-audit and wapiti: code, dependencies, the running product
	scripts/security.sh

bench: .venv/.bench-installed  ## measure against the peers; prints ratios
	$(python) -m bench.run

.venv/.bench-installed: .venv/.installed requirements/bench.txt
	$(python) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

lock:  ## write the lock anew from requirements/*.in (UPGRADE=1: with the newest versions)
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

clean:  ## remove the environment and the caches; data in var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
