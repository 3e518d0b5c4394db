"""What is chosen in the tray's menu and by commands, on a running daemon."""

import shutil

import pytest
from dbus_fast import Variant

from dictation.config import load_settings
from tests.desktop.test_tray import menu_call
from tests.loudness import voice
from tests.running import RunningDaemon
from tests.xsession import wait_until

DISPLAY_CHINESE, MODE_TOGGLE, HISTORY_FIRST = 602, 301, 500


def click(daemon: RunningDaemon, desktop, entry: int) -> None:
    menu_call(desktop, "Event", "isvu", entry, "clicked", Variant("i", 0), 0)


def label(desktop, entry: int) -> str:
    return menu_call(desktop, "GetProperty", "is", entry, "label")[0].value


def test_the_language_of_the_menus_is_remembered_with_the_files_comments(daemon, desktop, config):
    config.write_text("# mine\n" + config.read_text(), encoding="utf-8")
    daemon.start()
    daemon.wait_for("idle")
    assert label(desktop, 3) == "Start dictation"
    click(daemon, desktop, DISPLAY_CHINESE)
    click(daemon, desktop, MODE_TOGGLE)
    wait_until(lambda: daemon.status().mode == "toggle", "the mode")
    wait_until(lambda: label(desktop, 3) == "开始听写", "the menu in Chinese")
    assert config.read_text().startswith("# mine\n")
    assert daemon.command("quit").returncode == 0
    assert daemon.process.wait(60) == 0
    daemon.start()
    status = daemon.wait_for("idle")
    assert (status.display, status.mode) == ("zh", "toggle")
    assert label(desktop, 3) == "开始听写"


def test_another_model_is_loaded_by_the_same_process(daemon, config, tiny_model, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny_model, other)
    daemon.start()
    before = daemon.wait_for("idle")
    wrong = daemon.command("model", "no-such-model")
    assert wrong.returncode != 0
    assert b"no-such-model" in wrong.stderr
    assert daemon.command("model", str(other)).returncode == 0
    wait_until(lambda: load_settings(config).model.name == str(other), "the file to name the model")
    wait_until(lambda: daemon.status() is None or daemon.status().model is None, "the end")
    after = daemon.wait_for("idle")
    assert after.pid == before.pid
    assert daemon.process.poll() is None


def test_the_last_texts_can_be_copied_from_the_menu(daemon, desktop, sound):
    daemon.start()
    daemon.wait_for("idle")
    daemon.command("start")
    sound.play(voice(1.5))
    daemon.command("stop")
    text = wait_until(lambda: daemon.status().text, "the text")
    wait_until(lambda: label(desktop, HISTORY_FIRST) == text.strip(), "the text in the menu")


@pytest.mark.parametrize("choice", ["fr", ""])
def test_an_unknown_language_is_one_clear_line(daemon, choice):
    done = daemon.command("display", choice)
    assert done.returncode != 0
    assert b"auto, zh, en" in done.stderr
    assert done.stderr.count(b"\n") == 1
