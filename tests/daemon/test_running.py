"""A running daemon in daily use: a real key, a real microphone, real windows, other commands."""

import json
import threading

import numpy as np
import psutil

from tests.buses import Service
from tests.desktop.apps import tk_entry, xterm
from tests.loudness import silence, voice
from tests.xsession import wait_until

HEARD = "好的。"


def test_holding_f9_and_speaking_puts_the_text_into_the_focused_window(
    idle_daemon, desktop, sound, hands
):
    before = idle_daemon.wait_for("idle").utterances
    with tk_entry(desktop) as entry:
        hands.press("F9")
        idle_daemon.wait_for("listening")
        player = sound.start_playing(voice(2.0))
        idle_daemon.wait_for("speaking")
        player.wait(60)
        hands.release("F9")
        wait_until(lambda: entry.text() == HEARD, "the text in the entry")
        status = idle_daemon.wait_for("idle")
    assert status.microphone is not None
    assert status.utterances == before + 1
    assert status.last is not None
    assert status.last.delivery is not None


def test_commands_from_a_shell_drive_the_daemon(idle_daemon, desktop, sound):
    before = idle_daemon.wait_for("idle").utterances
    with xterm(desktop) as terminal:
        assert idle_daemon.command("toggle").stdout == b"listening\n"
        sound.play(np.concatenate([voice(1.5), silence(1.0)]))
        assert idle_daemon.command("toggle").stdout == b"finishing\n"
        wait_until(lambda: terminal.text() == HEARD, "the text in the terminal")
        assert idle_daemon.command("start").stdout == b"listening\n"
        sound.play(voice(1.0))
        idle_daemon.command("cancel")
        status = idle_daemon.wait_for("idle")
        assert status.utterances == before + 1
        assert terminal.text() == HEARD
        assert json.loads(idle_daemon.command("status", "--json").stdout)["status"] == "idle"


def test_a_second_daemon_says_that_one_runs_already(idle_daemon):
    second = idle_daemon.command("run")
    assert second.returncode == 1
    pid = idle_daemon.process.pid
    assert second.stderr.decode() == f"dictation: dictation already runs, pid {pid}\n"


def test_a_text_nobody_can_take_is_in_the_history_as_undelivered(idle_daemon, desktop, sound):
    with tk_entry(desktop) as first:
        idle_daemon.command("start")
        sound.play(voice(1.5))
        with tk_entry(desktop) as second:
            idle_daemon.command("stop")
            status = idle_daemon.wait_for("idle")
            assert status.kept == (HEARD,)
            assert (first.text(), second.text()) == ("", "")
    last = idle_daemon.command("history", "--limit", "1").stdout.decode()
    assert last.endswith(f"  (undelivered) {HEARD}\n")


def test_a_microphone_that_goes_away_is_told_and_comes_back(idle_daemon, sound):
    sound.kill()
    status = idle_daemon.wait_for("error")
    assert status.problem is not None
    assert status.microphone is None
    sound.start()
    assert idle_daemon.wait_for("idle").microphone is not None


def test_left_alone_none_of_its_threads_spins(idle_daemon):
    process = psutil.Process(idle_daemon.process.pid)
    before = process.cpu_times()
    threading.Event().wait(3.0)
    after = process.cpu_times()
    busy = (after.user - before.user + after.system - before.system) / 3.0
    assert busy < 0.25


def test_escape_drops_what_is_being_said_and_leaves_no_trace(idle_daemon, desktop, sound, hands):
    before = idle_daemon.wait_for("idle").utterances
    with tk_entry(desktop) as entry:
        hands.press("F9")
        idle_daemon.wait_for("listening")
        player = sound.start_playing(voice(2.0))
        idle_daemon.wait_for("speaking")
        hands.tap("Escape")
        status = idle_daemon.wait_for("idle")
        player.wait(60)
        hands.release("F9")
        assert entry.text() == ""
    assert (status.utterances, status.caption) == (before, None)
    assert idle_daemon.wait_for("idle").utterances == before


def test_choices_made_from_a_shell_hold(idle_daemon):
    said = [
        idle_daemon.command(*command.split()).stdout
        for command in ("language zh", "language next", "mute", "mode toggle", "microphone")
    ]
    assert said[:4] == [b"zh\n", b"en\n", b"muted\n", b"toggle\n"]
    assert b"* the system's default" not in said[4]
    assert idle_daemon.wait_for("muted").recognition == "en"
    for command in ("language auto", "mute off", "mode hold"):
        assert idle_daemon.command(*command.split()).returncode == 0
    idle_daemon.wait_for("idle")


def test_behind_a_locked_screen_nobody_is_listened_to(idle_daemon, desktop, hands):
    with ScreenSaver(desktop.env["DBUS_SESSION_BUS_ADDRESS"]) as saver:
        assert idle_daemon.command("start").stdout == b"listening\n"
        saver.lock(True)
        idle_daemon.wait_for("idle")
        refused = idle_daemon.command("start")
        assert (refused.returncode, refused.stdout) == (1, b"")
        assert b"dictation: Nobody is heard while the screen is locked" in refused.stderr
        saver.lock(False)
        wait_until(lambda: idle_daemon.command("start").stdout == b"listening\n", "the unlock")
        idle_daemon.command("cancel")
        # A key that reaches us is pressed by somebody who is back, whatever the locker says.
        saver.lock(True)
        wait_until(lambda: idle_daemon.command("start").returncode == 1, "the lock")
        hands.press("F9")
        idle_daemon.wait_for("listening")
        hands.release("F9")
    idle_daemon.wait_for("idle")


class ScreenSaver(Service):
    name = "org.freedesktop.ScreenSaver"
    methods = {}  # noqa: RUF012 (what it answers: nothing)

    def lock(self, locked):
        self.signal("/org/freedesktop/ScreenSaver", f"{self.name}.ActiveChanged", "b", locked)
