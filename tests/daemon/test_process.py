"""`dictation run` as users have it: a real key, a real microphone, a real window, real signals."""

import json
import signal
import subprocess
import threading

import numpy as np
import psutil
import pytest
from desktop.apps import tk_entry, xterm
from Xlib import XK, X
from Xlib.display import Display
from xsession import wait_until

from tests.loudness import silence, voice

HEARD = "好的。"


def test_holding_f9_and_speaking_puts_the_text_into_the_focused_window(
    daemon, desktop, sound, hands
):
    daemon.start()
    with tk_entry(desktop) as entry:
        status = daemon.wait_for("idle")
        assert status.microphone is not None
        hands.press("F9")
        daemon.wait_for("listening")
        player = sound.start_playing(voice(2.0))
        daemon.wait_for("speaking")
        player.wait(30)
        hands.release("F9")
        wait_until(lambda: entry.text() == HEARD, "the text in the entry")
        status = daemon.wait_for("idle")
        assert status.utterances == 1
        assert status.last is not None
        assert status.last.delivery is not None
    assert daemon.end() == 0


def test_commands_from_a_shell_drive_the_running_daemon(daemon, desktop, sound):
    daemon.start()
    with xterm(desktop) as terminal:
        daemon.wait_for("idle")
        assert daemon.command("toggle").stdout == b"listening\n"
        sound.play(np.concatenate([voice(1.5), silence(1.0)]))
        assert daemon.command("toggle").stdout == b"finishing\n"
        wait_until(lambda: terminal.text() == HEARD, "the text in the terminal")
        assert daemon.command("start").stdout == b"listening\n"
        sound.play(voice(1.0))
        daemon.command("cancel")
        status = daemon.wait_for("idle")
        assert status.utterances == 1
        assert terminal.text() == HEARD
        assert json.loads(daemon.command("status", "--json").stdout)["status"] == "idle"
    assert daemon.end() == 0


def test_a_second_daemon_says_that_one_runs_already(daemon):
    daemon.start()
    daemon.wait_for("idle")
    second = daemon.command("run")
    assert second.returncode == 1
    pid = daemon.process.pid
    assert second.stderr.decode() == f"dictation: dictation already runs, pid {pid}\n"
    assert daemon.end() == 0


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_mid_sentence_delivers_the_sentence_and_leaves_nothing_behind(
    daemon, desktop, sound, with_signal
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        daemon.command("start")
        player = sound.start_playing(voice(3.0))
        daemon.wait_for("speaking")
        assert daemon.end(with_signal) == 0
        assert entry.text() == HEARD
        player.wait(30)
    assert daemon.status() is None
    assert not (daemon.folder / "control.sock").exists()
    assert b"Traceback" not in daemon.log.read_bytes()
    assert can_grab(desktop.display, "F9")


def test_a_text_nobody_can_take_is_kept_in_a_file(daemon, desktop, sound, hands):
    daemon.start()
    with tk_entry(desktop) as first:
        daemon.wait_for("idle")
        daemon.command("start")
        sound.play(voice(1.5))
        with tk_entry(desktop) as second:
            daemon.command("stop")
            status = daemon.wait_for("idle")
            assert status.kept == (HEARD,)
            assert (first.text(), second.text()) == ("", "")
    kept = daemon.state / "dictation" / "undelivered.txt"
    assert HEARD in kept.read_text(encoding="utf-8")
    assert daemon.end() == 0


def test_a_microphone_that_goes_away_is_told_and_comes_back(daemon, sound):
    daemon.start()
    daemon.wait_for("idle")
    sound.kill()
    status = daemon.wait_for("error")
    assert status.problem is not None
    assert status.microphone is None
    sound.start()
    assert daemon.wait_for("idle").microphone is not None
    assert daemon.end() == 0


def test_a_hotkey_that_another_program_has_is_one_clear_line(daemon, desktop):
    taken = grab(desktop.display, "F9")
    daemon.start()
    assert daemon.process.wait(30) == 1
    taken.close()
    log = daemon.log.read_text()
    assert log.count("\n") == 1
    assert "F9" in log


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('[hotkey]\nkey = "Ctrl+Frobnicate"', "Frobnicate"),
        ('[model]\nname = "nowhere"', "there is no model 'nowhere'"),
    ],
)
def test_what_keeps_it_from_starting_is_one_clear_line(daemon, config, setting, message):
    config.write_text(setting + "\n")
    daemon.start()
    assert daemon.process.wait(60) == 1
    log = daemon.log.read_text()
    assert message in log
    assert log.splitlines()[-1].startswith("dictation: ")
    assert "Traceback" not in log


def test_a_damaged_model_file_is_one_clear_line(daemon, config, tiny_model, tmp_path):
    damaged = tmp_path / "damaged"
    subprocess.run(["cp", "-r", tiny_model, damaged], check=True)
    (damaged / "model.safetensors").write_bytes(b"\x00" * 100)
    config.write_text(f'[model]\nname = "{damaged}"\n')
    daemon.start()
    assert daemon.process.wait(60) == 1
    assert "damaged" in daemon.log.read_text().splitlines()[-1]
    assert "Traceback" not in daemon.log.read_text()


def test_its_threads_are_few_and_none_of_them_spins(daemon):
    daemon.start()
    daemon.wait_for("idle")
    process = psutil.Process(daemon.process.pid)
    before = process.cpu_times()
    waited = threading.Event()
    waited.wait(3.0)
    after = process.cpu_times()
    busy = (after.user - before.user + after.system - before.system) / 3.0
    assert busy < 0.25
    assert daemon.end() == 0


def grab(name: str, key: str) -> Display:
    display = Display(name)
    code = display.keysym_to_keycode(XK.string_to_keysym(key))
    display.screen().root.grab_key(code, X.AnyModifier, True, X.GrabModeAsync, X.GrabModeAsync)
    display.sync()
    return display


def can_grab(name: str, key: str) -> bool:
    from Xlib.error import BadAccess, CatchError

    display = Display(name)
    code = display.keysym_to_keycode(XK.string_to_keysym(key))
    caught = CatchError(BadAccess)
    display.screen().root.grab_key(
        code, X.AnyModifier, True, X.GrabModeAsync, X.GrabModeAsync, onerror=caught
    )
    display.sync()
    display.close()
    return caught.get_error() is None
