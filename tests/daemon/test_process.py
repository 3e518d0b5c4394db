"""How the daemon starts, or says why not, and how it ends: a process on a real desktop."""

import signal
import subprocess

import pytest
from Xlib import XK, X
from Xlib.display import Display

from tests.desktop.apps import tk_entry
from tests.loudness import voice
from tests.xsession import wait_until

HEARD = "好的。"


def test_a_signal_in_mid_sentence_delivers_the_sentence_and_leaves_nothing_behind(
    daemon, desktop, sound
):
    daemon.start()
    with tk_entry(desktop) as entry:
        daemon.wait_for("idle")
        daemon.command("start")
        player = sound.start_playing(voice(3.0))
        daemon.wait_for("speaking")
        assert daemon.end(signal.SIGTERM) == 0
        assert entry.text() == HEARD
        player.wait(60)
    assert daemon.status() is None
    assert not (daemon.folder / "control.sock").exists()
    assert b"Traceback" not in daemon.log.read_bytes()
    assert can_grab(desktop.display, "F9")


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_even_while_the_model_loads(daemon, with_signal):
    daemon.start()
    wait_until(daemon.status, "the control socket", 60)
    assert daemon.end(with_signal) == 0
    assert b"Traceback" not in daemon.log.read_bytes()


def test_a_hotkey_that_another_program_has_is_one_clear_line(daemon, desktop):
    taken = grab(desktop.display, "F9")
    daemon.start()
    assert daemon.process.wait(60) == 1
    taken.close()
    log = daemon.log.read_text()
    assert log.count("\n") == 1
    assert "F9" in log


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('[hotkey]\nkey = "Ctrl+Frobnicate"', "Frobnicate"),
        (
            '[[application]]\nmatch = "kitty"\npaste_keys = "Ctrl+Frob+V"',
            "application.kitty.paste_keys",
        ),
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


def test_settings_that_break_while_it_runs_leave_it_alone_until_they_are_put_right(daemon, config):
    daemon.start()
    pid = daemon.wait_for("idle").pid
    right = config.read_text()
    for broken, told in (
        (right[:-3], "is not valid TOML"),
        (right + "[hotkey]\nmod = 1\n", "hotkey.mod is not a setting"),
        (right + '[hotkey]\nkey = "Foo+F9"\n', "Foo"),
        (right.replace("name = ", 'name = "nowhere" #'), "there is no model 'nowhere'"),
        (None, "there is no such file"),
    ):
        part = config.with_suffix(".part")
        if broken is None:
            config.unlink()
        else:
            part.write_text(broken)
            part.replace(config)
        done = daemon.command("restart")
        assert done.returncode == 1
        assert told in done.stderr.decode()
        assert len(done.stderr.splitlines()) == 1
        assert (daemon.status().pid, daemon.status().status) == (pid, "idle")
    config.mkdir()
    assert b"cannot be read" in daemon.command("restart").stderr
    config.rmdir()
    config.write_text(right + '[hotkey]\nmode = "toggle"\n')
    assert daemon.command("restart").returncode == 0
    wait_until(lambda: (now := daemon.status()) and now.mode == "toggle", "the new mode", 60)
    assert daemon.wait_for("idle").pid == pid
    assert daemon.end() == 0


def test_a_damaged_model_file_is_one_clear_line(daemon, config, tiny_model, tmp_path):
    damaged = tmp_path / "damaged"
    subprocess.run(["cp", "-r", tiny_model, damaged], check=True)
    (damaged / "model.safetensors").write_bytes(b"\x00" * 100)
    config.write_text(f'[model]\nname = "{damaged}"\n')
    daemon.start()
    assert daemon.process.wait(60) == 1
    assert "damaged" in daemon.log.read_text().splitlines()[-1]
    assert "Traceback" not in daemon.log.read_text()


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


def test_a_command_that_is_refused_says_why_and_fails(daemon):
    daemon.start()
    daemon.wait_for("idle")
    assert daemon.command("mute", "on").returncode == 0
    refused = [daemon.command(command) for command in ("undo", "copy-last", "start", "toggle")]
    assert [(each.returncode, each.stdout) for each in refused] == [(1, b"")] * 4
    assert [each.stderr.decode() for each in refused] == [
        "dictation: Not taken back: there is no text to take back\n",
        "dictation: Nothing was copied: nothing has been said yet\n",
        *["dictation: The microphone is muted: unmute it in the tray or with "
          "`dictation mute off`\n"] * 2,
    ]  # fmt: skip
    assert daemon.end() == 0
