"""On Wayland: the compositor goes away under the daemon, or the clipboard's owner."""

import pytest

from tests.desktop.sway import clipboard, foot, kill_sway, start_sway, sway_desktop
from tests.faults.counted import account, say, what_arrived
from tests.faults.half_owner import half_owner
from tests.xsession import wait_until


@pytest.fixture
def desktop():
    """One for each test, since its compositor does not outlive it."""
    with sway_desktop() as session:
        yield session


def test_without_the_compositor_it_ends_as_systemd_wants_and_goes_on_in_the_next(
    daemon, desktop, talking
):
    daemon.start()
    with foot(desktop) as terminal:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        arrived = wait_until(terminal.text, "the text")
        daemon.ask("start")
        daemon.wait_for("speaking")
        kill_sway(desktop)
        assert daemon.process.wait(60) == 1
    assert "the compositor has gone" in daemon.log.read_text()
    wait_until(lambda: daemon.orphans() == [], "its children to end")
    account(daemon, arrived)
    assert daemon.remembered() == {"<1>": "delivered", "<2>": "undelivered"}

    # As long as there is none it says so, and systemd tries again.
    daemon.start()
    assert daemon.process.wait(60) == 1
    assert "cannot be reached" in daemon.log.read_text()

    start_sway(desktop)
    daemon.env |= desktop.env
    daemon.start()
    with foot(desktop) as terminal:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        wait_until(lambda: "<3>" in terminal.text(), "the text")
        account(daemon, arrived + terminal.text())
    assert daemon.end() == 0
    assert "Traceback" not in daemon.log.read_text()


def test_half_of_what_a_dying_owner_had_in_the_clipboard_is_not_put_back(daemon, desktop, talking):
    daemon.start()
    with foot(desktop) as terminal, half_owner("wayland", desktop.env) as owner:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        assert owner.wait(60) < 0
        wait_until(lambda: b"<" not in clipboard(desktop), "our text to leave the clipboard")
        assert clipboard(desktop) == b""
        account(daemon, what_arrived(daemon, terminal))
    assert daemon.end() == 0
