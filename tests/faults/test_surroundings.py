"""Other programs that the daemon has to do with die while it runs."""

import os
import signal
import subprocess

from tests import pulse
from tests.desktop.apps import tk_entry
from tests.faults.counted import account, say, what_arrived
from tests.faults.half_owner import half_owner
from tests.loudness import voice
from tests.xsession import wait_until


def test_a_sound_server_that_dies_in_mid_utterance_costs_what_it_did_not_hand_over(
    daemon, desktop, sound
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        player = sound.start_playing(voice(20.0))
        say(daemon)
        daemon.wait_for("idle")
        daemon.ask("start")
        daemon.wait_for("speaking")
        sound.kill()
        pulse.end(player)
        wait_until(lambda: len(daemon.heard) == 2, "what was heard of it")
        sound.start()
        daemon.wait_for("idle")
        player = sound.start_playing(voice(20.0))
        say(daemon)
        daemon.wait_for("idle")
        pulse.end(player)
        wait_until(lambda: entry.text().count("<") == 3, "all texts")
        account(daemon, what_arrived(daemon, entry))
    assert daemon.end() == 0


def test_a_window_that_closes_in_mid_delivery_takes_no_text_with_it(daemon, desktop, talking):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        # It neither reads nor dies before the text is on its way to it.
        window = desktop.children[-1]
        os.killpg(window.pid, signal.SIGSTOP)
        say(daemon)
        arrived = entry.text()
        os.killpg(window.pid, signal.SIGKILL)
    daemon.wait_for("idle")
    assert arrived == ""
    account(daemon, "")
    assert daemon.end() == 0


def test_a_clipboard_owner_that_dies_leaves_no_text_of_ours_in_its_place(daemon, desktop, talking):
    owner = desktop.spawn(["xclip", "-quiet", "-selection", "clipboard", "/etc/hostname"])
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        os.kill(owner.pid, signal.SIGSTOP)  # it owns the clipboard and answers nobody
        say(daemon)
        os.kill(owner.pid, signal.SIGKILL)
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        account(daemon, what_arrived(daemon, entry))
        wait_until(lambda: "<" not in clipboard(desktop), "our text to leave the clipboard")
    assert daemon.end() == 0


def test_half_of_what_a_dying_owner_had_in_the_clipboard_is_not_put_back(daemon, desktop, talking):
    daemon.start()
    with tk_entry(desktop) as entry, half_owner("x11", desktop.env) as owner:
        daemon.wait_for("idle")
        say(daemon)
        daemon.wait_for("idle")
        assert owner.wait(60) < 0
        wait_until(lambda: "<" not in clipboard(desktop), "our text to leave the clipboard")
        assert clipboard(desktop) == ""
        account(daemon, what_arrived(daemon, entry))
    assert daemon.end() == 0


def clipboard(desktop):
    return subprocess.run(
        ["xclip", "-selection", "clipboard", "-out"],
        env=desktop.env, capture_output=True, timeout=60, check=False,
    ).stdout.decode()  # fmt: skip
