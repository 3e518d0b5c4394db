"""The daemon is ended at random points of many utterances, and started again."""

import random
import signal
import threading

from dictation.control.place import ControlError
from tests.desktop.apps import tk_entry
from tests.faults.counted import account, pressed, what_arrived
from tests.xsession import wait_until

ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
BLOW_SECONDS = 1.2
"""Longest time from the start of an utterance to the blow: speech, text, delivery and after."""


def test_of_what_was_said_before_the_end_nothing_is_lost_and_nothing_comes_twice(
    daemon, desktop, talking, utterances
):
    chance = random.Random(7)
    kills = 0
    with tk_entry(desktop) as entry:
        while len(daemon.heard) < utterances:
            if daemon.process is None or daemon.process.poll() is not None:
                daemon.start()
                daemon.wait_for("idle")
            blow = chance.choice(ENDS) if chance.random() < 0.3 else None
            if blow is not None:
                moment = chance.uniform(0.0, BLOW_SECONDS)
                timer = threading.Timer(moment, daemon.process.send_signal, [blow])
                timer.start()
            _speak(daemon, chance)
            if blow is None:
                continue
            timer.join()
            status = daemon.process.wait(60)
            assert status == (-signal.SIGKILL if blow == signal.SIGKILL else 0)
            kills += blow == signal.SIGKILL
            assert pressed(desktop) == []
        if daemon.process.poll() is None:
            assert daemon.end() == 0
        wait_until(lambda: daemon.orphans() == [], "its children to end")
        arrived = what_arrived(daemon, entry)
    account(daemon, arrived, excused=kills)


def _speak(daemon, chance):
    """One utterance, which may be broken off anywhere by the death of its hearer."""
    before = len(daemon.heard)
    try:
        daemon.ask("start")
        threading.Event().wait(chance.uniform(0.3, 0.6))
        daemon.ask("stop")
        wait_until(
            # In between two words of who speaks, half a second may hold no speech.
            lambda: (
                len(daemon.heard) > before
                or daemon.process.poll() is not None
                or daemon.ask("status").status == "idle"
            ),
            "the text",
        )
        if chance.random() < 0.5:  # the others run into the next one
            wait_until(
                lambda: daemon.process.poll() is not None or daemon.ask("status").status == "idle",
                "the delivery",
            )
    except ControlError:
        pass  # the blow fell
