# make demo: from a fresh checkout to live captions. make check: what must be green before a commit.

VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: demo run test lint check clean

demo: $(STAMP)
	@$(VENV)/bin/dictation demo

run: $(STAMP)
	@$(VENV)/bin/dictation run

test: $(DEV_STAMP)
	@$(PYTHON) -m pytest

lint: $(DEV_STAMP)
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

check: lint test

$(STAMP): pyproject.toml scripts/prepare.sh
	@scripts/prepare.sh $(VENV) .
	@touch $@

$(DEV_STAMP): pyproject.toml scripts/prepare.sh
	@scripts/prepare.sh $(VENV) '.[dev]' test
	@touch $@ $(STAMP)

clean:
	rm -rf $(VENV)
