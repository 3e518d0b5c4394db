"""The X server or the session bus goes away under the daemon."""

import os
import signal
import threading

import psutil
import pytest

from tests.desktop.apps import tk_entry
from tests.faults.counted import account, say, what_arrived
from tests.xsession import wait_until, xsession


@pytest.fixture
def desktop():
    """One for each test, since it does not outlive it."""
    with xsession() as session:
        yield session


def named(desktop, program):
    """The desktop's process of a name."""
    return next(each for each in desktop.children if each.args[0] == program)


def test_without_the_x_server_it_ends_as_systemd_wants_and_goes_on_in_the_next(
    daemon, desktop, talking
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        arrived = what_arrived(daemon, entry)
        daemon.ask("start")
        daemon.wait_for("speaking")
        os.kill(named(desktop, "Xvfb").pid, signal.SIGKILL)
        assert daemon.process.wait(60) not in (0, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT)
    wait_until(lambda: daemon.orphans() == [], "its children to end")
    account(daemon, arrived)
    assert "Traceback" not in daemon.log.read_text()


def test_without_the_session_bus_dictation_goes_on_and_nothing_spins(daemon, desktop, talking):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        os.kill(named(desktop, "dbus-daemon").pid, signal.SIGKILL)
        daemon.wait_for("idle")
        for _ in range(2):
            say(daemon)
            daemon.wait_for("idle")
        wait_until(lambda: entry.text().count("<") == 3, "all texts")
        account(daemon, what_arrived(daemon, entry))
    process = psutil.Process(daemon.process.pid)
    before = sum(process.cpu_times()[:2])
    threading.Event().wait(3.0)
    assert sum(process.cpu_times()[:2]) - before < 1.0
    assert daemon.end() == 0
    assert "Traceback" not in daemon.log.read_text()
