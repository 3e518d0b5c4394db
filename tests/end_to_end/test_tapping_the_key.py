"""Tap F9, speak, tap it again; then end the daemon and look what is left of it."""

import signal

import pytest
from Xlib import X
from Xlib.display import Display

from tests.daemon.test_process import can_grab
from tests.desktop.apps import mousepad
from tests.end_to_end.dictating import dictate, tap
from tests.end_to_end.watching import caption_window
from tests.recordings import recordings


@pytest.fixture(scope="module")
def settings() -> str:
    return '[hotkey]\nmode = "toggle"\n'


def test_in_toggle_mode_the_key_need_not_be_held(daemon, desktop, sound, hands):
    recording = recordings()["mixed"]
    with mousepad(desktop) as app:
        dictate(lambda: tap(hands, sound, daemon, recording.path), daemon, desktop, app, recording)


def test_a_signal_ends_it_and_nothing_is_left(daemon, desktop):
    assert not can_grab(desktop.display, "F9")
    assert daemon.end(signal.SIGTERM) == 0
    assert b"Traceback" not in daemon.log.read_bytes()
    assert list(daemon.folder.glob("*.sock")) == []
    assert daemon.status() is None
    assert can_grab(desktop.display, "F9")
    display = Display(desktop.display)
    assert caption_window(display) is None
    clipboard = display.intern_atom("CLIPBOARD")
    assert display.get_selection_owner(clipboard) == X.NONE
    display.close()
