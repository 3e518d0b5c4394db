"""The settings window's box to try dictation in, with the daemon at work."""

import subprocess
import sys

from tests.desktop.apps import await_focus
from tests.loudness import voice
from tests.running import ROOT
from tests.xsession import wait_until

HEARD = "好的。"


def test_what_is_said_lands_in_the_box_and_its_button_starts_and_stops(
    daemon, desktop, sound, hands, config
):
    daemon.start()
    daemon.wait_for("idle")
    window = desktop.spawn(
        [sys.executable, "-m", "dictation", "settings", "--config", str(config)],
        env={**sound.environment, "PYTHONPATH": str(ROOT)},
    )
    await_focus(desktop, "Dictation-settings")

    def started():
        # The button is before the box in the order of the keyboard.
        hands.tap("Shift_L", "Tab")
        hands.tap("space")
        return daemon.status().status in ("listening", "speaking")

    wait_until(started, "the button to start dictation", pause=1.0)
    sound.play(voice(1.5))
    wait_until(lambda: daemon.status().text == HEARD, "the text")
    daemon.command("stop")
    daemon.wait_for("idle")
    hands.tap("Control_L", "slash")

    def selected():
        done = subprocess.run(
            ["xclip", "-o", "-selection", "primary"], env=desktop.env, capture_output=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.stdout.decode().strip() == HEARD

    wait_until(selected, "the text in the box")
    assert daemon.status().kept == ()
    desktop.end(window)
