"""The settings window's box to try dictation in, with the daemon at work."""

import subprocess
import sys
import time

from tests.desktop.apps import await_focus
from tests.loudness import voice
from tests.running import ROOT
from tests.xsession import wait_until

HEARD = "好的。"
PATIENCE_SECONDS = 20.0


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

    press_at = time.monotonic()

    def started():
        nonlocal press_at
        if daemon.status().status in ("listening", "speaking"):
            return True
        if time.monotonic() >= press_at:
            # The button is before the box in the order of the keyboard. It also stops: whoever
            # presses it again must have waited for what the first press does.
            press_at = time.monotonic() + PATIENCE_SECONDS
            hands.tap("Shift_L", "Tab")
            hands.tap("space")
        return False

    wait_until(started, "the button to start dictation")
    sound.play(voice(1.5))
    wait_until(lambda: daemon.status().text == HEARD, "the text", instead=daemon.status)
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
