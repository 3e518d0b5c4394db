"""The model fails: what was shown of the utterance is kept, and the others come."""

import pytest

from tests.desktop.apps import tk_entry
from tests.faults.counted import account, say, what_arrived
from tests.xsession import wait_until


@pytest.mark.parametrize("mood", ["raises", "out of memory"])
def test_an_error_in_mid_utterance_costs_none_of_the_others(mood, daemon, desktop, talking):
    daemon.be("well")
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        daemon.be(mood)
        daemon.ask("start")
        wait_until(lambda: daemon.remembered().get("[2]"), "the caption of what failed to be kept")
        daemon.be("well")
        daemon.ask("stop")
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        account(daemon, what_arrived(daemon, entry))
    assert daemon.remembered()["[2]"] == "undelivered"
    assert daemon.end() == 0


def test_an_error_nobody_reckoned_with_ends_the_daemon_so_that_it_is_started_again(
    daemon, desktop, talking
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.be("breaks")
        daemon.ask("start")
        assert daemon.process.wait(60) == 1
        account(daemon, what_arrived(daemon, entry))
        assert daemon.remembered()["[2]"] == "undelivered"


def test_a_model_that_hangs_is_ended_and_what_was_shown_is_kept(daemon, desktop, talking):
    daemon.start(stuck_seconds=10.0)
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        daemon.be("stalls")
        daemon.ask("start")
        wait_until(lambda: daemon.ask("status").caption == "[2]", "a caption")
        daemon.ask("stop")
        assert daemon.process.wait(60) == 1
        account(daemon, what_arrived(daemon, entry))
        assert daemon.remembered()["[2]"] == "undelivered"


def test_ending_does_not_wait_for_a_model_that_hangs_and_keeps_what_was_shown(
    daemon, desktop, talking
):
    daemon.start()
    with tk_entry(desktop):
        daemon.wait_for("idle")
        daemon.be("stalls")
        daemon.ask("start")
        wait_until(lambda: daemon.ask("status").caption == "[1]", "a caption")
        assert daemon.end() == 0
        assert daemon.remembered()["[1]"] == "undelivered"
