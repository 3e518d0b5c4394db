"""A seeded share of `python -m tests.fuzz.loaders`: damaged files are read or refused in a line."""

import sys

import pytest

from tests.fuzz.loaders import NAMES, Fuzz

CASES = {
    "wenet": 40, "own": 40, "tokenizer": 80, "words": 300, "config": 60, "manifest": 300,
    "audio": 80,
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
def test_damaged_files_are_read_or_refused(tmp_path):
    fuzz = Fuzz(tmp_path, {name: (0, count) for name, count in CASES.items()})
    assert [str(finding) for finding in fuzz.findings()] == []
    for name in NAMES:
        assert fuzz.outcomes[name, "refused"] > 0
        assert fuzz.outcomes[name, "read"] + fuzz.outcomes[name, "refused"] == CASES[name]
