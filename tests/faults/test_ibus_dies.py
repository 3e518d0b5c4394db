"""IBus goes away under the daemon, in the middle of an utterance, and comes back."""

import os
import signal

import pytest

from tests.desktop.apps import mousepad
from tests.desktop.ibus import USERS_ENGINE, current_engine, ibus_desktop, start_ibus
from tests.faults.counted import account, pressed, say, what_arrived
from tests.xsession import wait_until


@pytest.fixture
def desktop():
    """One for each test, since its IBus does not outlive it."""
    with ibus_desktop() as session:
        yield session


def test_without_ibus_texts_are_pasted_and_with_it_again_they_take_its_way(
    daemon, desktop, talking
):
    ibus = next(each for each in desktop.children if each.args[0] == "ibus-daemon")
    daemon.start()
    with mousepad(desktop) as editor:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        daemon.ask("start")
        wait_until(lambda: daemon.ask("status").caption == "[2]", "a caption")
        os.killpg(ibus.pid, signal.SIGKILL)
        daemon.ask("stop")
        daemon.wait_for("idle")
        start_ibus(desktop)
        say(daemon)
        daemon.wait_for("idle")
        wait_until(lambda: editor.text().count(">") == 3, "all texts")
        account(daemon, what_arrived(daemon, editor))
        assert daemon.heard == [1, 2, 3]
        wait_until(lambda: current_engine(desktop) == USERS_ENGINE, "the user's engine")
    assert daemon.end() == 0
    assert current_engine(desktop) == USERS_ENGINE
    assert pressed(desktop) == []
    assert "Traceback" not in daemon.log.read_text()
