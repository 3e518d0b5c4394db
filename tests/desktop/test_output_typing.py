"""Texts typed key by key where a paste is not taken, and last texts taken back by BackSpace."""

from collections.abc import Iterator

import pytest

from dictation.desktop.applications import ApplicationRule
from dictation.desktop.environment import Environment
from dictation.desktop.keys import KeySpec
from dictation.desktop.output import Output, OutputSettings, UndoError, open_output
from dictation.desktop.output.eraser import backspaces
from dictation.desktop.output.typist import keysym_of
from tests.desktop.apps import APPS, arrives, line_editor, mousepad, tk_entry, xterm
from tests.desktop.texts import random_texts
from tests.hands import Hands
from tests.xsession import XSession


@pytest.fixture
def typing(env: Environment) -> Iterator[Output]:
    opened = open_output(env, OutputSettings(route="xtest"))
    yield opened
    opened.close()


@pytest.fixture
def pasting(env: Environment) -> Iterator[Output]:
    settings = OutputSettings(route="x11", settle_seconds=0.12, own_keys=(KeySpec("F9"),))
    opened = open_output(env, settings)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", APPS)
def test_typed_texts_arrive(name: str, desktop: XSession, typing: Output) -> None:
    with APPS[name](desktop) as app:
        expected = ""
        for text in random_texts(4, seed=11):
            assert typing.commit(text, app.window).route == "xtest"
            expected += text
            arrives(app, expected)


def test_typed_lines_are_lines(desktop: XSession, typing: Output) -> None:
    with mousepad(desktop) as app:
        typing.commit("第一行\n\tsecond\n\n第四行", app.window)
        arrives(app, "第一行\n\tsecond\n\n第四行")


def test_capslock_and_the_layout_are_as_before(
    desktop: XSession, typing: Output, hands: Hands
) -> None:
    info = hands.display.display.info
    count = info.max_keycode - info.min_keycode + 1
    before = [list(row) for row in hands.display.get_keyboard_mapping(info.min_keycode, count)]
    with tk_entry(desktop) as app:
        hands.tap("Caps_Lock")
        try:
            typing.commit("Hello 今天 World", app.window)
            arrives(app, "Hello 今天 World")
            assert hands.display.screen().root.query_pointer().mask & 2
        finally:
            hands.tap("Caps_Lock")
    after = [list(row) for row in hands.display.get_keyboard_mapping(info.min_keycode, count)]
    assert [row[:2] for row in after] == [row[:2] for row in before]


def test_a_program_may_have_its_own_route_and_chord(desktop: XSession, env: Environment) -> None:
    rules = (ApplicationRule("xterm", route="xtest"), ApplicationRule("mouse*", route="clipboard"))
    output = open_output(env, OutputSettings(applications=rules, settle_seconds=0.12))
    with xterm(desktop) as app:
        assert output.commit("今天 ok", app.window).route == "xtest"
        arrives(app, "今天 ok")
    with tk_entry(desktop) as app:
        assert output.commit("今天 ok", app.window).route == "x11"
        arrives(app, "今天 ok")
    output.close()


def test_where_a_paste_is_not_taken_the_text_is_typed(desktop: XSession, env: Environment) -> None:
    rule = ApplicationRule("mousepad", paste_keys=KeySpec("F12", ("ctrl",)))
    output = open_output(env, OutputSettings(applications=(rule,), fetch_seconds=0.5))
    with mousepad(desktop) as app:
        assert output.commit("没有粘贴 typed", app.window).route == "xtest"
        arrives(app, "没有粘贴 typed")
    output.close()


@pytest.mark.parametrize("name", APPS)
def test_the_last_text_is_taken_back(
    name: str, desktop: XSession, pasting: Output, typing: Output
) -> None:
    with (line_editor if name == "xterm" else APPS[name])(desktop) as app:
        expected = ""
        for output in (pasting, typing):
            output.commit("前面 first。", app.window)
            expected += "前面 first。"
            arrives(app, expected)
            # Reading some of them takes keys, so nothing is read between a text and its end.
            output.commit("多余的 second", app.window)
            output.undo_last()
            arrives(app, expected)
            with pytest.raises(UndoError, match="no text to take back"):
                output.undo_last()


def test_nothing_is_taken_back_once_something_was_typed_or_clicked(
    desktop: XSession, pasting: Output, hands: Hands
) -> None:
    with tk_entry(desktop) as app:
        pasting.commit("一二三", app.window)
        arrives(app, "一二三")
        hands.tap("F9")
        hands.tap("Shift_L")
        hands.tap("a")
        arrives(app, "一二三a")
        with pytest.raises(UndoError, match="typed or clicked"):
            pasting.undo_last()
        pasting.commit("四", app.window)
        arrives(app, "一二三a四")
        window = hands.display.create_resource_object("window", app.window.id)
        place = hands.display.screen().root.translate_coords(window, 5, 5)
        hands.click(place.x, place.y)
        with pytest.raises(UndoError, match="typed or clicked"):
            pasting.undo_last()
        arrives(app, "一二三a四")


def test_our_own_keys_do_not_stand_in_the_way(
    desktop: XSession, pasting: Output, hands: Hands
) -> None:
    with tk_entry(desktop) as app:
        pasting.commit("一二三", app.window)
        arrives(app, "一二三")
        hands.tap("F9")
        hands.tap("Control_L")
        pasting.undo_last()
        arrives(app, "")


def test_nothing_is_taken_back_in_another_window(desktop: XSession, pasting: Output) -> None:
    with tk_entry(desktop) as first:
        pasting.commit("一二三", first.window)
        arrives(first, "一二三")
        with xterm(desktop), pytest.raises(UndoError, match="another window"):
            pasting.undo_last()
        arrives(first, "一二三")


def test_what_programs_remove_differently_is_refused(desktop: XSession, pasting: Output) -> None:
    with tk_entry(desktop) as app:
        pasting.commit("ok 👍🏽", app.window)
        arrives(app, "ok 👍🏽")
        with pytest.raises(UndoError, match="emoji"):
            pasting.undo_last()
        arrives(app, "ok 👍🏽")


@pytest.mark.parametrize(
    ("text", "count"),
    [("今天 API。", 7), ("a\nb", 3), ("naïve", 5), ("nai\u0308ve", None), ("😀", None), ("", 0)],
)
def test_backspaces_are_counted_only_where_all_programs_agree(text: str, count: int | None) -> None:
    assert backspaces(text) == count


def test_characters_have_their_symbols() -> None:
    assert keysym_of("a") == 0x61
    assert keysym_of("é") == 0xE9
    assert keysym_of("今") == 0x1004ECA
    assert keysym_of("😀") == 0x101F600
    assert keysym_of("\n") == 0xFF0D
