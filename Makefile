# make demo: from a fresh checkout to live captions. make check: what must be green before a commit.

VENV := .venv
CATALOGUE := dictation/messages/zh_CN.po
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev

.PHONY: demo run test lint check soak faults numbers messages offline wheel fuzz audit clean

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

# A thousand dictations, two hundred texts a route, and half an hour of speech heard eight times as
# fast: to be run before a release. Longer: make soak HOURS=8 SPEECH='--manifest SET/manifest.jsonl'.
HOURS := 0.5
soak: $(DEV_STAMP)
	@$(PYTHON) -m tests.daemon.soak --cycles 1000
	@$(PYTHON) -m tests.desktop.soak
	@$(PYTHON) -m tests.desktop.soak --busy
	@$(PYTHON) -m tests.endurance --hours $(HOURS) $(SPEECH)

# All faults of tests/faults, the daemon being ended in 500 utterances: half an hour or more.
faults: $(DEV_STAMP)
	@$(PYTHON) -m pytest tests/faults --utterances 500

# SECURITY.md says what these three show: the tests without any network, the wheel alone, and files
# and lines made to do harm (hours).
offline: $(DEV_STAMP)
	@scripts/offline.sh $(PYTHON)

wheel: $(DEV_STAMP)
	@scripts/check_wheel.sh $(VENV)

fuzz: $(DEV_STAMP)
	@$(PYTHON) -m tests.fuzz.loaders --count 10000
	@$(PYTHON) -m pip install --quiet --editable '.[fuzz]'
	@$(PYTHON) -m tests.fuzz.control --minutes 60

# Strict: what cannot be looked up is a failure, not a clean bill.
audit: $(DEV_STAMP)
	@$(PYTHON) -m pip install --quiet pip-audit
	@$(PYTHON) -m pip freeze --exclude-editable >$(VENV)/frozen.txt
	@$(PYTHON) -m pip_audit --strict --no-deps --disable-pip --requirement $(VENV)/frozen.txt

# Every number of the README and the model's card with its pictures, on a quiet machine: SPEECH="FOLDER
# ..." holds sets of recordings (aishell-dev/manifest.jsonl, ...), WHISPER whisper-base for
# faster-whisper, LIMIT says how many recordings of each set are heard.
LIMIT := 60
numbers: $(DEV_STAMP)
	@$(PYTHON) -m pip install --quiet --editable '.[peers]'
	@$(PYTHON) -m scripts.measure --speech "$(SPEECH)" --whisper "$(WHISPER)" --limit $(LIMIT)

# Bring the catalogues into line with the source (needs gettext); translate what is empty then.
messages:
	@find dictation -name '*.py' | LC_ALL=C sort | xgettext --files-from=- --language=Python \
		--from-code=UTF-8 --keyword=translate --keyword=_translate --keyword=message \
		--keyword=AudioFileError \
		--no-location --output=- | \
		sed 's/CHARSET/UTF-8/; /^"POT-Creation-Date/d; /^"Report-Msgid/d' | \
		msgmerge --quiet --no-fuzzy-matching --no-location $(CATALOGUE) - | \
		msgattrib --no-obsolete --no-wrap --output-file=$(CATALOGUE)

$(STAMP): pyproject.toml scripts/prepare.sh
	@scripts/prepare.sh $(VENV) .
	@touch $@

$(DEV_STAMP): pyproject.toml scripts/prepare.sh
	@scripts/prepare.sh $(VENV) '.[dev]' test
	@touch $@ $(STAMP)

clean:
	rm -rf $(VENV)
