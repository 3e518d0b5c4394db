"""Keys read from the kernel: what a device gives becomes what a binding means."""

import os
import tempfile
from pathlib import Path

import pytest

from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import HotkeyUnavailable, HotkeyUnknown, KeyEvent, choose_hotkeys
from dictation.desktop.hotkey.evdev import (
    EVENT,
    Chords,
    EvdevHotkeys,
    key_changes,
    key_code,
    open_keyboards,
)
from dictation.desktop.keys import parse_key

F9, C, ESC, RIGHT_CTRL, LEFT_CTRL, LEFT_ALT, SPACE = 67, 46, 1, 97, 29, 56, 57


def chords(**specs: str) -> Chords:
    return Chords({binding: parse_key(spec) for binding, spec in specs.items()})  # type: ignore[misc]


def typed(on: Chords, *changes: tuple[int, int]) -> list[str]:
    events = [event for change in changes for event in on.change(*change)]
    return [f"{event.binding} {event.change}" for event in events]


def test_key_events_are_found_among_what_a_device_gives():
    data = EVENT.pack(1, 2, 4, 4, 458791) + EVENT.pack(1, 2, 1, F9, 1) + EVENT.pack(1, 2, 0, 0, 0)
    data += EVENT.pack(1, 3, 1, F9, 2) + EVENT.pack(1, 4, 1, F9, 0)
    assert list(key_changes(data)) == [(F9, 1), (F9, 2), (F9, 0)]
    assert list(key_changes(data[:-3])) == [(F9, 1), (F9, 2)]


def test_a_key_that_repeats_is_pressed_once():
    seen = typed(chords(dictate="F9"), (F9, 1), (F9, 2), (F9, 2), (F9, 0))
    assert seen == ["dictate down", "dictate up"]


def test_a_chord_needs_its_modifiers_and_no_others():
    on = chords(dictate="ctrl+space")
    assert typed(on, (SPACE, 1), (SPACE, 0)) == []
    pressed = [(LEFT_CTRL, 1), (LEFT_ALT, 1), (SPACE, 1), (SPACE, 0), (LEFT_ALT, 0)]
    assert typed(on, *pressed) == []
    assert typed(on, (SPACE, 1), (LEFT_CTRL, 0), (SPACE, 0)) == ["dictate down", "dictate up"]


def test_a_modifier_that_stands_alone_is_spoiled_by_another_key_once():
    seen = typed(
        chords(dictate="RightCtrl"), (RIGHT_CTRL, 1), (C, 1), (C, 0), (C, 1), (RIGHT_CTRL, 0)
    )
    assert seen == ["dictate down", "dictate spoiled", "dictate up"]


def test_the_cancel_key_means_nothing_until_it_is_wanted():
    on = chords(cancel="Escape")
    assert typed(on, (ESC, 1), (ESC, 0)) == []
    on.cancels = True
    assert typed(on, (ESC, 1)) == ["cancel down"]
    assert on.release_all() == [KeyEvent("cancel", "up")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("F12", 88), ("f20", 190), ("Pause", 119), ("CapsLock", 58), ("d", 32), ("rightalt", 100)],
)
def test_keys_have_the_kernels_codes(name: str, code: int):
    assert key_code(parse_key(name)) == code


def test_an_unknown_key_is_named():
    with pytest.raises(HotkeyUnknown, match='no key "Foo"'):
        EvdevHotkeys({"dictate": "Foo"})


def test_where_there_is_no_keyboard_that_is_told(tmp_path: Path):
    os.mkfifo(tmp_path / "event0")
    with pytest.raises(HotkeyUnavailable, match="there is no keyboard in"):
        open_keyboards(tmp_path)


def test_keyboards_that_may_not_be_read_are_told_with_the_way_out():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        (Path(name) / "event0").touch(mode=0o000)
        before = os.geteuid()
        if before == 0:  # who may read everything
            os.seteuid(65534)
        try:
            with pytest.raises(HotkeyUnavailable, match="group input"):
                open_keyboards(Path(name))
        finally:
            os.seteuid(before)


def test_it_is_never_chosen_unasked():
    wayland = Environment("linux", wayland_display="wayland-0")
    assert choose_hotkeys(wayland).kind == "none"
    assert choose_hotkeys(wayland, "evdev").kind == "evdev"
