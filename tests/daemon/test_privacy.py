"""What a daemon leaves behind after a dictation: nothing others may read, no words in its log."""

import os
import signal
import stat

import pytest

from dictation.history import History, HistorySettings
from tests.desktop.apps import tk_entry
from tests.loudness import voice
from tests.xsession import wait_until

HEARD = "好的"


@pytest.fixture
def careless():
    """A user whose files can be read and written by all."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_words_are_in_files_of_their_owner_alone_and_never_in_the_log(
    careless, daemon, desktop, sound, tmp_path
):
    daemon.start()
    daemon.wait_for("idle")
    with tk_entry(desktop) as first:
        daemon.command("start")
        sound.play(voice(1.5))
        daemon.command("stop")
        wait_until(lambda: HEARD in first.text(), "the text in the entry")
        daemon.wait_for("idle")
        daemon.command("start")
        sound.play(voice(1.5))
        with tk_entry(desktop):
            daemon.command("stop")
            status = daemon.wait_for("idle")
    assert len(status.kept) == 1
    written = [tmp_path / "state", daemon.folder, tmp_path / "data"]
    files = [path for folder in written for path in folder.rglob("*")]
    assert daemon.end(signal.SIGTERM) == 0

    history = tmp_path / "data" / "dictation" / "history.db"
    entries = History.open(history, HistorySettings(), lambda: 0.0).all()
    assert [HEARD in entry.text for entry in entries] == [True, True]
    assert {"history.db", "control.sock", "daemon.lock"} <= {path.name for path in files}
    for path in (*files, *(tmp_path / "data").rglob("*")):
        if path.exists() and not path.is_symlink():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path

    log = daemon.log.read_text(encoding="utf-8")
    assert "model ready" in log
    assert "Not delivered" in log
    for character in HEARD:
        assert character not in log
