"""The global key, pressed through XTEST by somebody else's connection."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from Xlib import X
from Xlib.display import Display

from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import (
    Bindings,
    HotkeyBusy,
    HotkeyUnavailable,
    HotkeyUnknown,
    KeyEvent,
    check_hotkeys,
    choose_hotkeys,
    open_hotkeys,
)
from dictation.desktop.keys import KeySpec, KeySpecError, is_modifier, parse_key
from tests.hands import Hands
from tests.xsession import XSession, wait_until, xsession


@contextmanager
def started(spec: str, env: Environment) -> Iterator[list[str]]:
    log: list[str] = []
    hotkeys = open_hotkeys({"dictate": spec}, env)
    hotkeys.start(lambda event: log.append(event.change))
    try:
        yield log
    finally:
        hotkeys.stop()


def start_alone(spec: str, env: Environment) -> None:
    open_hotkeys({"dictate": spec}, env).start(ignore)


def ignore(event: KeyEvent) -> None:
    pass


@contextmanager
def focused_recorder(display: str) -> Iterator[list[tuple[int, int]]]:
    """A focused window of another program; what keys it saw is in the list after the block."""
    connection = Display(display)
    root = connection.screen().root
    window = root.create_window(
        0, 0, 50, 50, 0, X.CopyFromParent, override_redirect=True,
        event_mask=X.KeyPressMask | X.KeyReleaseMask | X.ExposureMask,
    )  # fmt: skip
    window.map()
    connection.sync()
    wait_until(lambda: window.get_attributes().map_state == X.IsViewable, "the window")
    window.set_input_focus(X.RevertToParent, X.CurrentTime)
    connection.sync()
    seen: list[tuple[int, int]] = []
    try:
        yield seen
        connection.sync()
        while connection.pending_events():
            event = connection.next_event()
            if event.type in (X.KeyPress, X.KeyRelease):
                seen.append((event.type, event.detail))
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        ("F9", ["F9"]),
        ("f9", ["F9"]),
        ("Pause", ["Pause"]),
        ("ctrl+alt+space", ["Control_L", "Alt_L", "space"]),
        ("Control+Shift+D", ["Control_L", "Shift_L", "d"]),
        ("super+z", ["Super_L", "z"]),
        ("rightctrl", ["Control_R"]),
    ],
)
def test_a_tap_is_one_press_and_one_release(
    spec: str, keys: list[str], env: Environment, hands: Hands
) -> None:
    with started(spec, env) as log:
        hands.press(*keys)
        wait_until(lambda: log == ["down"], "the press")
        hands.release(*reversed(keys))
        wait_until(lambda: log == ["down", "up"], "the release")


def test_a_held_key_does_not_repeat_and_the_focused_window_sees_no_press(
    env: Environment, hands: Hands, desktop: XSession
) -> None:
    with focused_recorder(desktop.display) as seen, started("F9", env) as log:
        hands.press("F9")
        # Autorepeat begins after 660 ms: this is the time the server needs, not ours.
        time.sleep(1.2)
        assert log == ["down"]
        hands.release("F9")
        wait_until(lambda: log == ["down", "up"], "the release")
        hands.tap("F8")
    f9, f8 = hands.code("F9"), hands.code("F8")
    assert (X.KeyPress, f9) not in seen
    assert (X.KeyPress, f8) in seen


@contextmanager
def held_up(env: Environment) -> Iterator[tuple[list[str], threading.Event]]:
    """F9 for a program that is busy from the first press on, until the event is set."""
    log: list[str] = []
    free = threading.Event()

    def emit(event: KeyEvent) -> None:
        log.append(event.change)
        free.wait(15)

    hotkeys = open_hotkeys({"dictate": "F9"}, env)
    hotkeys.start(emit)
    try:
        yield log, free
    finally:
        free.set()
        hotkeys.stop()


def test_presses_that_come_while_the_first_is_still_dealt_with_all_count(
    env: Environment, hands: Hands
) -> None:
    with held_up(env) as (log, free):
        for _ in range(6):
            hands.tap("F9")
        free.set()
        wait_until(lambda: len(log) == 12, "all taps")
    assert log == ["down", "up"] * 6


def test_autorepeat_that_is_seen_late_is_neither_a_release_nor_a_press(
    env: Environment, hands: Hands
) -> None:
    with held_up(env) as (log, free):
        hands.press("F9")
        # Autorepeat begins after 660 ms: this is the time the server needs, not ours.
        time.sleep(1.0)
        free.set()
        hands.release("F9")
        wait_until(lambda: "up" in log, "the release")
    assert log == ["down", "up"]


def test_while_the_key_is_held_other_keys_reach_the_focused_window(
    env: Environment, hands: Hands, desktop: XSession
) -> None:
    with focused_recorder(desktop.display) as seen, started("F9", env) as log:
        hands.press("F9")
        wait_until(lambda: log == ["down"], "the press")
        time.sleep(0.05)
        hands.tap("a")
        hands.release("F9")
        wait_until(lambda: log == ["down", "up"], "the release")
    assert (X.KeyPress, hands.code("a")) in seen


@pytest.mark.parametrize("lock", ["Caps_Lock", "Num_Lock"])
def test_lock_keys_do_not_hide_the_key(lock: str, env: Environment, hands: Hands) -> None:
    hands.tap(lock)
    try:
        with started("F9", env) as log:
            hands.tap("F9")
            wait_until(lambda: log == ["down", "up"], "the tap")
    finally:
        hands.tap(lock)


def test_another_modifier_is_another_chord(env: Environment, hands: Hands) -> None:
    with started("F9", env) as log:
        hands.tap("Shift_L", "F9")
        hands.tap("F9")
        wait_until(lambda: log == ["down", "up"], "the plain tap alone")


def test_the_key_is_followed_to_a_new_layout(
    env: Environment, hands: Hands, desktop: XSession
) -> None:
    old, spare = hands.code("F9"), hands.code("F7")
    mapping = (
        hands.display.get_keyboard_mapping(old, 1)[0],
        hands.display.get_keyboard_mapping(spare, 1)[0],
    )
    with started("F9", env) as log:
        hands.display.change_keyboard_mapping(old, [mapping[1]])
        hands.display.change_keyboard_mapping(spare, [mapping[0]])
        hands.display.sync()
        try:
            for event in iter(hands.display.pending_events, 0):
                assert event
                hands.display.refresh_keyboard_mapping(hands.display.next_event())

            def tapped() -> bool:
                hands.tap("F9")
                time.sleep(0.05)
                return log[:2] == ["down", "up"]

            assert hands.code("F9") == spare
            wait_until(tapped, "the tap of the moved key")
        finally:
            hands.display.change_keyboard_mapping(old, [mapping[0]])
            hands.display.change_keyboard_mapping(spare, [mapping[1]])
            hands.display.sync()


def test_stopping_while_held_reports_the_release_and_frees_the_key(
    env: Environment, hands: Hands
) -> None:
    with started("F9", env) as log:
        hands.press("F9")
        wait_until(lambda: log == ["down"], "the press")
    assert log == ["down", "up"]
    hands.release("F9")
    with started("F9", env) as log:
        hands.tap("F9")
        wait_until(lambda: log == ["down", "up"], "the tap")


def test_a_busy_key_names_itself_and_a_free_one(env: Environment) -> None:
    with started("F9", env), pytest.raises(HotkeyBusy, match=r'"F9" is already taken.*"F8"'):
        start_alone("F9", env)


def test_a_half_taken_chord_leaves_nothing_behind(env: Environment, hands: Hands) -> None:
    other = Display(env.display)
    code = hands.code("F9")
    root = other.screen().root
    root.grab_key(code, X.LockMask, False, X.GrabModeAsync, X.GrabModeAsync)
    other.sync()
    with pytest.raises(HotkeyBusy):
        start_alone("F9", env)
    root.ungrab_key(code, X.LockMask)
    refused: list[object] = []
    root.grab_key(
        code, 0, False, X.GrabModeAsync, X.GrabModeAsync,
        onerror=lambda error, request: refused.append(error),
    )  # fmt: skip
    other.sync()
    other.close()
    assert not refused


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("F99", r'no key "F99"'),
        ("spacebar", r'did you mean .*"space"'),
        ("ctrl+foo+a", r'"foo" is not a modifier'),
        ("", "names no key"),
        ("ctrl+", "names no key"),
        ("F35", r"this keyboard has no key"),
    ],
)
def test_an_unknown_key_is_explained(spec: str, words: str, env: Environment) -> None:
    with pytest.raises(HotkeyUnknown, match=words):
        start_alone(spec, env)


def test_chords_are_read_in_any_order_and_spelling() -> None:
    assert parse_key("Alt + Control+space") == KeySpec("space", ("ctrl", "alt"))
    assert str(parse_key("win+shift+F1")) == "shift+super+F1"
    with pytest.raises(KeySpecError):
        parse_key("+")


def test_wayland_and_the_console_point_to_a_binding_of_the_compositor() -> None:
    wayland = Environment("linux", display=":0", wayland_display="wayland-0")
    assert choose_hotkeys(wayland).kind == "none"
    with pytest.raises(HotkeyUnavailable, match="dictation toggle"):
        open_hotkeys({"dictate": "F9"}, wayland)
    check = check_hotkeys({"dictate": "F9"}, Environment("linux"))
    assert check.status == "warning"
    assert "dictation toggle" in (check.remedy or "")


# python-xlib leaves its sockets to the garbage collector when it cannot connect.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_doctor_tries_the_key(env: Environment) -> None:
    key: Bindings = {"dictate": "F9"}
    assert check_hotkeys(key, env).status == "ok"
    with started("F9", env):
        assert check_hotkeys(key, env).status == "failed"
    assert check_hotkeys(key, Environment("linux", display=":4711")).status == "failed"


def test_the_key_dies_quietly_with_its_server() -> None:
    log: list[KeyEvent] = []
    with xsession(window_manager=None) as session:
        hotkeys = open_hotkeys({"dictate": "F9"}, Environment("linux", display=session.display))
        hotkeys.start(log.append)
    hotkeys.watch_cancel(True)
    hotkeys.stop()
    assert log == []


def test_each_binding_has_a_key_of_its_own(env: Environment, hands: Hands) -> None:
    log: list[tuple[str, str]] = []
    keys: Bindings = {"dictate": "F9", "undo": "shift+F9", "language": "F10"}
    hotkeys = open_hotkeys(keys, env)
    hotkeys.start(lambda event: log.append((event.binding, event.change)))
    try:
        hands.tap("F9")
        wait_until(lambda: len(log) == 2, "the first tap")
        hands.tap("Shift_L", "F9")
        wait_until(lambda: len(log) == 4, "the second tap")
        hands.press("F10")
        hands.press("F9")
        wait_until(lambda: len(log) == 6, "both keys")
    finally:
        hotkeys.stop()
    assert log[:4] == [("dictate", "down"), ("dictate", "up"), ("undo", "down"), ("undo", "up")]
    assert set(log[4:6]) == {("dictate", "down"), ("language", "down")}
    assert set(log[6:]) == {("dictate", "up"), ("language", "up")}


def test_the_cancel_key_belongs_to_the_focused_window_until_it_is_wanted(
    env: Environment, hands: Hands, desktop: XSession
) -> None:
    log: list[KeyEvent] = []
    hotkeys = open_hotkeys({"dictate": "F9", "cancel": "Escape"}, env)
    hotkeys.start(log.append)
    other = Display(env.display)

    def free() -> bool:
        refused: list[object] = []
        code, root = hands.code("Escape"), other.screen().root
        root.grab_key(
            code, 0, False, X.GrabModeAsync, X.GrabModeAsync,
            onerror=lambda error, request: refused.append(error),
        )  # fmt: skip
        root.ungrab_key(code, 0)
        other.sync()
        return not refused

    try:
        with focused_recorder(desktop.display) as seen:
            hands.tap("Escape")
            hotkeys.watch_cancel(True)
            wait_until(lambda: not free(), "the key to be taken")
            hands.tap("Escape")
            wait_until(lambda: len(log) == 2, "the cancel key")
            hotkeys.watch_cancel(False)
            wait_until(free, "the key to be given back")
    finally:
        hotkeys.stop()
        other.close()
    assert log == [KeyEvent("cancel", "down"), KeyEvent("cancel", "up")]
    assert [kind for kind, code in seen if code == hands.code("Escape")].count(X.KeyPress) == 1


def test_a_modifier_that_stands_alone_is_spoiled_by_another_key(
    env: Environment, hands: Hands, desktop: XSession
) -> None:
    with focused_recorder(desktop.display) as seen, started("RightCtrl", env) as log:
        hands.press("Control_R")
        wait_until(lambda: log == ["down"], "the press")
        hands.press("c")
        wait_until(lambda: log == ["down", "spoiled"], "the shortcut to be noticed")
        hands.release("c", "Control_R")
        wait_until(lambda: log == ["down", "spoiled", "up"], "the release")
    assert (X.KeyPress, hands.code("c")) in seen


@pytest.mark.parametrize("on_before", [False, True])
def test_a_lock_key_keeps_its_lock_as_it_was(
    on_before: bool, env: Environment, hands: Hands
) -> None:
    def locked() -> bool:
        return bool(hands.display.screen().root.query_pointer().mask & X.LockMask)

    if locked() != on_before:
        hands.tap("Caps_Lock")
    try:
        with started("CapsLock", env) as log:
            for taps in (1, 2, 3):
                hands.tap("Caps_Lock")
                wait_until(lambda: log == ["down", "up"] * taps, "the tap")  # noqa: B023
                assert locked() == on_before
    finally:
        if locked():
            hands.tap("Caps_Lock")


@pytest.mark.parametrize("spec", ["RightCtrl", "Control_R", "alt", "Super_L", "leftshift"])
def test_a_single_modifier_is_known_by_any_of_its_names(spec: str) -> None:
    assert is_modifier(spec)


@pytest.mark.parametrize("spec", ["F9", "CapsLock", "ctrl+space", "l", "control+r"])
def test_other_keys_are_no_single_modifiers(spec: str) -> None:
    assert not is_modifier(spec)
