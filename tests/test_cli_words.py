"""`dictation words`: the user's own list of words, changed without an editor."""

import os
import sys
import time
from subprocess import CompletedProcess, run

import pytest

from dictation.history import Entry, History, HistorySettings


@pytest.fixture
def file(tmp_path):
    return tmp_path / "config" / "dictation" / "words.txt"


@pytest.fixture
def words(tmp_path):
    environment = os.environ | {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }

    def call(*arguments: str, stdin: str = "") -> CompletedProcess[str]:
        command = [sys.executable, "-m", "dictation", "words", *arguments]
        return run(
            command, capture_output=True, env=environment, text=True, input=stdin, check=False
        )

    return call


def test_words_are_added_listed_and_removed(words, file):
    assert words("list").stdout == ""
    words("add", "Kubernetes")
    words("add", "王小萌", "--boost", "5")
    words("add", "Python", "--heard", "派森")
    assert words("list").stdout == "Kubernetes\n王小萌\n派森 -> Python\n"
    assert file.read_text() == "Kubernetes\n王小萌\t5\n派森 -> Python\n"
    words("add", "王小萌", "--boost", "7")
    words("remove", "Python")
    assert file.read_text() == "Kubernetes\n王小萌\t7\n"


def test_comments_are_left_alone(words, file):
    file.parent.mkdir(parents=True)
    file.write_text("# names\nLisa\n\n# places\nOslo\n")
    words("add", "Bergen")
    words("remove", "Lisa")
    assert file.read_text() == "# names\n\n# places\nOslo\nBergen\n"


def test_a_list_is_imported(words, file, tmp_path):
    words("add", "Lisa")
    other = tmp_path / "other.txt"
    other.write_text("# ours\nLisa\nOslo\t4\n派森 -> Python\n")
    assert words("import", str(other)).stdout == f"3 words imported into {file}\n"
    assert file.read_text() == "Lisa\nOslo\t4\n派森 -> Python\n"
    assert words("import", "-", stdin="Bergen\n").returncode == 0
    assert "Bergen" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["remove", "nobody"], "'nobody' is not among your words"),
        (["add", " "], "is no word"),
        (["import", "nowhere.txt"], "nowhere.txt: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(words, file, arguments, message):
    words("add", "Lisa")
    done = words(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert file.read_text() == "Lisa\n"


def test_a_broken_list_is_named_and_not_overwritten(words, file):
    file.parent.mkdir(parents=True)
    file.write_text("Lisa\tvery much\n")
    done = words("add", "Oslo")
    assert done.returncode == 1
    assert f"{file}:1: " in done.stderr
    assert file.read_text() == "Lisa\tvery much\n"


def test_words_are_learnt_from_corrections(words, file, tmp_path):
    path = tmp_path / "data" / "dictation" / "history.db"
    history = History.open(path, HistorySettings(), time.time)
    number = history.add(Entry(time.time(), "Editor", "zh", "找里明", "找里明。"))
    history.correct(number, "找李明。")
    history.close()
    assert words("learn").stdout == "里明 -> 李明\n"
    assert not file.exists()
    words("learn", "--add")
    assert file.read_text() == "里明 -> 李明\n"
    assert words("learn").stdout == ""
