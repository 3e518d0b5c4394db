"""Texts pasted and typed into real Wayland windows on a headless sway, and read back."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dictation.desktop.applications import ApplicationRule
from dictation.desktop.keys import KeySpec
from dictation.desktop.output import FocusMovedError, Output, OutputSettings, UndoError, open_output
from dictation.desktop.output.wayland_desk import WaylandDesk
from dictation.desktop.output.wayland_keys import keymap, stroke
from tests.desktop.apps import arrives
from tests.desktop.ibus import USERS_ENGINE, current_engine, start_ibus
from tests.desktop.sway import (
    chromium,
    clipboard,
    copy,
    foot,
    mousepad,
    sway_desktop,
    sway_environment,
)
from tests.desktop.texts import random_texts
from tests.xsession import XSession, require, wait_until


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with sway_desktop() as session:
        yield session


@pytest.fixture
def output(desktop: XSession) -> Iterator[Output]:
    opened = open_output(sway_environment(desktop), OutputSettings())
    yield opened
    opened.close()


@pytest.mark.parametrize("program", [foot, chromium])
def test_texts_arrive_once_and_the_clipboard_comes_back(
    program: Any, desktop: XSession, output: Output
) -> None:
    copy(desktop, "原来的 old".encode())
    app: Any
    with program(desktop) as app:
        expected = ""
        for text in random_texts(6, seed=21):
            assert output.commit(text, app.window).route == "wayland"
            expected += text
            arrives(app, expected)
    wait_until(lambda: clipboard(desktop).decode() == "原来的 old", "the old clipboard")


def test_everything_the_old_clipboard_offered_is_back(desktop: XSession, output: Output) -> None:
    picture = bytes(range(256)) * 4000
    owner = WaylandDesk(Path(desktop.env["XDG_RUNTIME_DIR"]) / desktop.env["WAYLAND_DISPLAY"])
    owner.own({"text/plain": b"bold", "text/html": b"<b>bold</b>", "image/png": picture})
    with foot(desktop) as app:
        output.commit("今天", app.window)
        arrives(app, "今天")
        wait_until(lambda: clipboard(desktop) == b"bold", "the old text")
    assert clipboard(desktop, "text/html") == b"<b>bold</b>"
    assert clipboard(desktop, "image/png") == picture
    owner.close()


def test_what_is_copied_during_the_paste_stays(desktop: XSession, output: Output) -> None:
    with foot(desktop) as app:
        output.commit("今天", app.window)
        copy(desktop, b"newer")
        arrives(app, "今天")
        time.sleep(0.8)
        assert clipboard(desktop) == b"newer"


def test_a_moved_focus_gets_nothing(desktop: XSession, output: Output) -> None:
    with foot(desktop) as first, foot(desktop) as second:
        with pytest.raises(FocusMovedError, match="the focus has moved"):
            output.commit("今天", first.window)
        assert (first.text(), second.text()) == ("", "")


def test_the_text_may_follow_the_focus_or_go_to_the_clipboard(desktop: XSession) -> None:
    with foot(desktop) as first, foot(desktop) as second:
        env = sway_environment(desktop)
        following = open_output(env, OutputSettings(on_focus_change="follow"))
        assert following.commit("跟着 follow", first.window).route == "wayland"
        arrives(second, "跟着 follow")
        following.close()
        copying = open_output(env, OutputSettings(on_focus_change="clipboard"))
        assert copying.commit("复制 copied", first.window).route == "clipboard"
        assert clipboard(desktop).decode() == "复制 copied"
        copying.close()
        assert first.text() == ""


def test_ibus_serves_wayland_too(
    desktop: XSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require("ibus-daemon")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    daemon = start_ibus(desktop)
    opened = open_output(sway_environment(desktop), OutputSettings())
    with closing(opened) as output, mousepad(desktop) as app:
        expected = ""

        def goes_by_ibus() -> bool:
            nonlocal expected
            expected += "还"
            return output.commit("还", app.window).route == "ibus"

        # A window has the focus before its field has found IBus; until then texts are pasted.
        wait_until(goes_by_ibus, "mousepad to be with IBus", pause=0.5)
        arrives(app, expected)
        for text in random_texts(5, seed=22, lines=True):
            output.show_partial(text[:4], app.window)
            assert output.commit(text, app.window).route == "ibus"
            expected += text
            arrives(app, expected)
        output.commit("多余的 👍🏽\nsecond", app.window)
        output.undo_last()
        arrives(app, expected)
        assert current_engine(desktop) == USERS_ENGINE
    desktop.end(daemon)


def test_a_terminal_may_be_typed_into(desktop: XSession) -> None:
    settings = OutputSettings(applications=(ApplicationRule("foot", route="wtype"),))
    output = open_output(sway_environment(desktop), settings)
    with foot(desktop) as app:
        assert output.commit("今天 API 👍🏽\nok", app.window).route == "wtype"
        arrives(app, "今天 API 👍🏽 ok")
        with pytest.raises(UndoError, match="Wayland"):
            output.undo_last()
    output.close()


def test_a_chord_has_its_keys_and_its_meaning() -> None:
    paste = stroke(KeySpec("v", ("ctrl", "shift")))
    assert (paste.code, paste.held, paste.mask) == (47, (29, 42), 5)
    assert stroke(KeySpec("Insert", ("shift",))).code == 110
    assert "key <K194> {[XF86Paste]}" in keymap([stroke(KeySpec("XF86Paste"))])
