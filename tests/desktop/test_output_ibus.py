"""Texts through a real IBus: words at the cursor while they are spoken, then the text, once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dictation.desktop.output import (
    DeliveryError,
    FocusMovedError,
    Output,
    OutputSettings,
    UndoError,
    check_output,
    open_output,
)
from dictation.desktop.output.base import ProtectedFieldError
from dictation.desktop.output.ibus import pieces_from_end
from tests.desktop.apps import App, arrives, chromium, deaf_window, mousepad, password_entry, xterm
from tests.desktop.ibus import USERS_ENGINE, current_engine, ibus_desktop, ibus_environment
from tests.desktop.texts import random_texts
from tests.hands import Hands
from tests.xsession import XSession, wait_until

QUICK = {"fetch_seconds": 5.0, "settle_seconds": 0.12}


@pytest.fixture(scope="module")
def desktop() -> Iterator[XSession]:
    with ibus_desktop() as session:
        yield session


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "dictation"


@pytest.fixture
def output(desktop: XSession) -> Iterator[Output]:
    opened = open_output(ibus_environment(desktop), OutputSettings(**QUICK))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def editor(desktop: XSession) -> Iterator[App]:
    with mousepad(desktop) as app:
        yield app


@pytest.fixture
def page(desktop: XSession) -> Iterator[App]:
    with chromium(desktop) as app:
        yield app


def test_texts_arrive_in_an_editor_and_are_seen_there(
    desktop: XSession, output: Output, editor: App
) -> None:
    expected = editor.text()
    for text in random_texts(10, seed=5, lines=True):
        output.show_partial(text[:4], editor.window)
        assert output.commit(text, editor.window).route == "ibus"
        expected += text
        arrives(editor, expected)
        assert current_engine(desktop) == USERS_ENGINE


def test_a_partial_is_no_text_yet_and_keys_pass_through(
    desktop: XSession, output: Output, editor: App
) -> None:
    before = editor.text()
    output.show_partial("今天我们", editor.window)
    wait_until(lambda: current_engine(desktop) == "dictation", "our engine")
    assert editor.text() == before
    output.show_partial("", editor.window)
    assert current_engine(desktop) == USERS_ENGINE
    with Hands(desktop.display) as hands:
        hands.tap("x")
    arrives(editor, before + "x")
    output.show_partial("今天", editor.window)
    with Hands(desktop.display) as hands:
        hands.tap("y")
    output.show_partial("", editor.window)
    arrives(editor, before + "xy")


def test_words_of_a_window_that_has_lost_the_focus_go_nowhere(
    desktop: XSession, output: Output, editor: App
) -> None:
    before = editor.text()
    output.show_partial("今天我们", editor.window)
    with xterm(desktop) as other:
        output.show_partial("今天我们讨论", editor.window)
        assert current_engine(desktop) == USERS_ENGINE
        with pytest.raises(FocusMovedError, match="the focus has moved"):
            output.commit("今天我们讨论。", editor.window)
        assert other.text() == ""
    arrives(editor, before)
    assert current_engine(desktop) == USERS_ENGINE


@pytest.mark.parametrize("text", ["两行\nof text 👍🏽", "今天。", "a\n\nb"])
def test_the_last_text_is_taken_back_and_nothing_else(
    output: Output, editor: App, text: str
) -> None:
    before = editor.text()
    output.commit(text, editor.window)
    arrives(editor, before + text)
    output.undo_last()
    arrives(editor, before)
    with pytest.raises(UndoError, match="no text to take back"):
        output.undo_last()


def test_what_was_changed_since_is_left_alone(
    desktop: XSession, output: Output, editor: App
) -> None:
    before = editor.text()
    output.commit("一二\n三四", editor.window)
    with Hands(desktop.display) as hands:
        hands.tap("z")
        arrives(editor, before + "一二\n三四z")
        with pytest.raises(UndoError, match="something else"):
            output.undo_last()
        arrives(editor, before + "一二\n三四z")
        hands.tap("BackSpace")
        hands.tap("Up")
        hands.tap("End")
        hands.tap("z")
        hands.tap("Control_L", "End")
        arrives(editor, before + "一二z\n三四")
        with pytest.raises(UndoError, match="something else"):
            output.undo_last()
        arrives(editor, before + "一二z\n三四")


def test_a_page_shows_partials_and_gets_the_text_by_the_way_that_sees_it_arrive(
    output: Output, page: App
) -> None:
    expected = ""
    for text in random_texts(4, seed=6, lines=True):
        output.show_partial("听到的", page.window)
        arrives(page, expected + "听到的")
        assert output.commit(text, page.window).route == "x11"
        expected += text
        arrives(page, expected)


def test_the_route_set_alone_commits_where_nothing_confirms_it(
    desktop: XSession,
) -> None:
    output = open_output(ibus_environment(desktop), OutputSettings(route="ibus"))
    with xterm(desktop) as app:
        expected = ""
        for text in random_texts(4, seed=7):
            assert output.commit(text, app.window).route == "ibus, unconfirmed"
            expected += text
            arrives(app, expected)
    output.close()


def test_a_terminal_that_confirms_nothing_gets_a_paste(desktop: XSession, output: Output) -> None:
    with xterm(desktop) as app:
        output.show_partial("今天", app.window)
        assert output.commit("今天 API\nrm", app.window).route == "x11"
        arrives(app, "今天 API rm")
    assert current_engine(desktop) == USERS_ENGINE


def test_a_password_field_gets_nothing_unless_allowed(desktop: XSession, output: Output) -> None:
    with password_entry(desktop, "shown") as app:
        output.show_partial("secret", app.window)
        with pytest.raises(ProtectedFieldError, match="password"):
            output.commit("secret", app.window)
        assert app.text() == ""
        assert current_engine(desktop) == USERS_ENGINE
        allowing = open_output(ibus_environment(desktop), OutputSettings(passwords=True, **QUICK))
        allowing.commit("secret", app.window)
        arrives(app, "secret")
        allowing.close()


def test_without_a_focused_field_nothing_is_lost_in_ibus(desktop: XSession) -> None:
    output = open_output(ibus_environment(desktop), OutputSettings(route="ibus"))
    with deaf_window(desktop) as window, pytest.raises(DeliveryError, match="no text field"):
        output.commit("今天", window)
    assert current_engine(desktop) == USERS_ENGINE
    output.close()


def test_the_users_engine_is_back_after_a_kill(desktop: XSession, editor: App, state: Path) -> None:
    code = """
import sys, time
from dictation.desktop.environment import read_environment
from dictation.desktop.output import OutputSettings, open_output
output = open_output(read_environment(), OutputSettings())
output.show_partial("今天", None)
print("shown", flush=True)
time.sleep(60)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**desktop.env, "XDG_STATE_HOME": str(state.parent)},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"shown\n"
    assert current_engine(desktop) == "dictation"
    os.kill(child.pid, signal.SIGKILL)
    child.wait(60)
    child.stdout.close()
    assert (state / "input-engine").read_text() == USERS_ENGINE
    open_output(ibus_environment(desktop), OutputSettings()).close()
    assert current_engine(desktop) == USERS_ENGINE
    assert not (state / "input-engine").exists()


def test_the_doctor_sees_ibus(desktop: XSession) -> None:
    check = check_output(ibus_environment(desktop), OutputSettings())
    assert check.status == "ok"
    assert "IBus" in check.detail


def test_a_text_is_taken_back_line_by_line() -> None:
    assert list(pieces_from_end("a\n\nb")) == ["b", "\n", "\n", "a"]
    assert list(pieces_from_end("a\n")) == ["\n", "a"]
    assert list(pieces_from_end("")) == []
