"""The whole process stands still for a while, as in a suspend, and finds that time has leapt."""

import signal
import threading

import psutil

from tests.desktop.apps import tk_entry
from tests.faults.counted import account, say, what_arrived
from tests.xsession import wait_until

STILL_SECONDS = 3.0


def test_what_was_said_before_it_stood_still_is_kept_and_nothing_comes_twice(
    daemon, desktop, talking
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        daemon.ask("start")
        wait_until(lambda: daemon.ask("status").caption == "[2]", "a caption")
        stand_still(daemon)
        daemon.ask("stop")
        wait_until(lambda: 2 in daemon.heard, "what was said before")
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        last = f"<{daemon.heard[-1]}>"
        wait_until(lambda: last in entry.text(), "the last text")
        account(daemon, what_arrived(daemon, entry))
    assert daemon.end() == 0
    # The microphone was not to blame.
    assert "has stopped to give sound" not in daemon.log.read_text()
    assert "Traceback" not in daemon.log.read_text()


def stand_still(daemon):
    """Stop every process of the daemon, and let them go on."""
    process = psutil.Process(daemon.process.pid)
    family = [process, *process.children(recursive=True)]
    for each in family:
        each.send_signal(signal.SIGSTOP)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "it to stand still")
    threading.Event().wait(STILL_SECONDS)
    for each in family:
        each.send_signal(signal.SIGCONT)
