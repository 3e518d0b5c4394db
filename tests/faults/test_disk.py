"""The disk is full, read-only or slow: no text is lost that a window took or that memory holds."""

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dictation.daemon.archive import Archive
from dictation.daemon.records import Records
from dictation.events import Final, Timing
from dictation.history import History, HistorySettings
from tests.desktop.apps import tk_entry
from tests.faults.counted import account, say, what_arrived
from tests.xsession import wait_until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB of this test alone."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def records_on(folder: Path) -> tuple[Records, History]:
    history = History.open(folder / "data" / "history.db", HistorySettings(), time.time)
    return Records(history, time.time), history


def final(number: int) -> Final:
    return Final(number, f"<{number}>", "en", Timing(1.0, 0.1, 0.1, 0.1, 0.0), 0.0)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"\0" * 4096):
            pass
    return ballast


def states(folder: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(folder / "data" / "history.db")
    rows = connection.execute("SELECT text, state FROM entries ORDER BY id").fetchall()
    connection.close()
    return rows


def test_texts_said_while_the_disk_was_full_are_written_when_it_no_longer_is(disk):
    records, history = records_on(disk)
    records.write(final(1), None)
    records.mark(1, "delivered")
    ballast = fill(disk)
    for number in range(2, 40):
        records.write(final(number), None)
    records.mark(2, "delivered")
    # Whoever looks for a text while it is nowhere else finds it in the menu.
    assert records.recent()[0] == "<39>"
    ballast.unlink()
    records.write(final(40), None)
    history.close()
    found = states(disk)
    assert [text for text, _ in found] == [f"<{number}>" for number in range(1, 41)]
    assert [text for text, state in found if state == "delivered"] == ["<1>", "<2>"]


def test_texts_said_before_the_disk_could_be_written_to_are_written_later(disk):
    records, history = records_on(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for number in range(1, 4):
        records.write(final(number), None)
    records.mark(3, "delivered")
    assert records.recent() == ("<3>", "<2>", "<1>")
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    records.catch_up()
    history.close()
    assert states(disk) == [("<1>", "undelivered"), ("<2>", "undelivered"), ("<3>", "delivered")]


def test_another_program_that_holds_the_history_delays_no_text_for_good(tmp_path):
    records, history = records_on(tmp_path)
    records.write(final(1), None)
    holder = sqlite3.connect(tmp_path / "data" / "history.db", check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    records.write(final(2), None)
    timer = threading.Timer(0.3, holder.rollback)
    timer.start()
    records.write(final(3), None)
    timer.join()
    holder.close()
    history.close()
    assert [text for text, _ in states(tmp_path)] == ["<1>", "<2>", "<3>"]


def test_a_disk_that_stalls_in_a_text_holds_up_neither_it_nor_the_next(tmp_path):
    path = tmp_path / "data" / "history.db"
    history = History.open(path, HistorySettings(), time.time, patience=60.0)
    archive = Archive(Records(history, time.time), history, patience=0.05)
    archive.write(final(1), None)
    wait_until(lambda: archive.recent() == ("<1>",), "a disk that does not stall")
    holder = sqlite3.connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    archive.write(final(2), None)  # the thread is in this one until the disk lets go of it
    archive.mark(2, "delivered")
    archive.write(final(3), None)
    assert not archive.keep(3, "<3>")
    assert archive.recent() == ("<1>",)
    assert holder.execute("SELECT count(*) FROM entries").fetchall() == [(1,)]
    holder.rollback()
    holder.close()
    archive.close()
    assert states(tmp_path) == [
        ("<1>", "undelivered"),
        ("<2>", "delivered"),
        ("<3>", "undelivered"),
    ]


def test_texts_said_while_the_history_is_held_for_long_land_at_once_and_are_written_later(
    daemon, desktop, talking
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        holder = sqlite3.connect(daemon.data / "history.db")
        holder.execute("BEGIN EXCLUSIVE")
        for number in (2, 3):
            say(daemon)
            daemon.wait_for("idle")
            wait_until(lambda number=number: f"<{number}>" in entry.text(), "the text")
        assert holder.execute("SELECT text FROM entries").fetchall() == [("<1>",)]
        holder.rollback()
        holder.close()
        delivered = dict.fromkeys(("<1>", "<2>", "<3>"), "delivered")
        wait_until(lambda: daemon.remembered() == delivered, "all of them in the history")
        account(daemon, what_arrived(daemon, entry))
    assert daemon.end() == 0
