"""`dictation history`: what was said, listed, found, corrected, carried away and deleted."""

import csv
import io
import json
import os
import sys
import time
from subprocess import CompletedProcess, run

import pytest

from dictation.history import Entry, History, HistorySettings
from tests.xsession import require, xsession


@pytest.fixture
def environment(tmp_path):
    return os.environ | {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture
def dictation(environment):
    def call(*arguments: str) -> CompletedProcess[str]:
        command = [sys.executable, "-m", "dictation", "history", *arguments]
        return run(command, capture_output=True, env=environment, text=True, input="", check=False)

    return call


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "data" / "dictation" / "history.db"
    opened = History.open(path, HistorySettings(), time.time)
    now = time.time()
    opened.mark(opened.add(Entry(now, "Editor", "zh", "你好", "你好。")), "delivered")
    opened.add(Entry(now, None, "mix", "打开 API", '打开 API, "现在"。'))
    yield opened
    opened.close()


def test_the_newest_texts_are_listed_last_and_undelivered_ones_are_marked(dictation, history):
    first, second = dictation().stdout.splitlines()
    assert first.split()[0] == "1"
    assert first.endswith("  你好。")
    assert second.endswith('  (undelivered) 打开 API, "现在"。')
    assert len(dictation("--limit", "1").stdout.splitlines()) == 1


def test_what_was_taken_back_says_so(dictation, history):
    history.mark(1, "cancelled")
    assert dictation().stdout.splitlines()[0].endswith("  (taken back) 你好。")


def test_search_finds_a_part(dictation, history):
    assert [line.split()[0] for line in dictation("search", "api").stdout.splitlines()] == ["2"]


def test_a_corrected_text_is_shown_as_corrected(dictation, history):
    assert dictation("correct", "1", "您好。").returncode == 0
    assert dictation().stdout.splitlines()[0].endswith("  您好。")


def test_a_number_that_is_none_is_one_line(dictation, history):
    done = dictation("correct", "99", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "dictation: the history has no text number 99\n"


def test_exports_hold_everything(dictation, history):
    as_json = json.loads(dictation("export", "json").stdout)
    assert [each["text"] for each in as_json] == ["你好。", '打开 API, "现在"。']
    rows = list(csv.DictReader(io.StringIO(dictation("export", "csv").stdout)))
    assert [(row["text"], row["state"]) for row in rows] == [
        ("你好。", "delivered"),
        ('打开 API, "现在"。', "undelivered"),
    ]
    assert len(dictation("export", "txt").stdout.splitlines()) == 2
    assert dictation("export", "xml").returncode == 2


def test_clear_deletes_only_when_it_is_meant(dictation, history):
    assert dictation("clear").returncode == 1
    assert len(history.all()) == 2
    assert dictation("clear", "--yes").stdout == "2 texts deleted\n"
    assert dictation().stdout == ""


def test_without_a_history_nothing_is_made(dictation, tmp_path):
    assert dictation().stdout == ""
    assert dictation("copy").stderr == "dictation: the history is empty\n"
    assert not (tmp_path / "data").exists()


def test_a_damaged_history_is_one_line(dictation, history):
    history.clear()
    history.close()
    history.path.write_bytes(b"nonsense" * 1000)
    done = dictation()
    assert done.returncode == 1
    assert done.stderr.startswith("dictation: ")
    assert done.stderr.endswith("move it away to start a new one\n")


def test_copy_puts_a_text_into_the_clipboard(environment, history):
    xclip = require("xclip")
    with xsession(window_manager=None) as desktop:
        # Whoever owns the clipboard lives on, and is to leave the pipe of this output to its end.
        command = [sys.executable, "-m", "dictation", "history", "copy", "1"]
        env = environment | {"DISPLAY": desktop.display}
        copied = run(command, env=env, capture_output=True, timeout=60, check=True)
        read = run(
            [xclip, "-selection", "clipboard", "-o"],
            env=desktop.env, capture_output=True, timeout=60, check=True,
        )  # fmt: skip
    assert copied.stdout.decode() == "你好。\n"
    assert read.stdout.decode() == "你好。"


def test_a_clipboard_that_is_not_there_is_one_line(environment, history):
    command = [sys.executable, "-m", "dictation", "history", "copy", "1"]
    nowhere = {name: value for name, value in environment.items() if name != "WAYLAND_DISPLAY"}
    nowhere["DISPLAY"] = ":4711"
    done = run(command, env=nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("dictation: the text could not be put into the clipboard; ")
    assert len(done.stderr.splitlines()) == 1
