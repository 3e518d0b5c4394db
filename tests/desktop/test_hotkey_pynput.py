"""Keys of Windows and macOS, at the boundary to pynput, which is stood in here."""

import enum
import sys
from types import ModuleType, SimpleNamespace

import pytest

from dictation.desktop.environment import Environment
from dictation.desktop.hotkey import Bindings, HotkeyUnknown, choose_hotkeys
from dictation.desktop.hotkey.pynput_keys import PynputHotkeys


class Key(enum.Enum):
    """Some of pynput's names."""

    f9 = 1
    esc = 2
    ctrl_l = 3
    ctrl_r = 4
    space = 5


class Listener:
    """pynput's listener, with a person's fingers on it."""

    latest: "Listener"

    def __init__(self, on_press, on_release):
        self.press, self.release, self.running = on_press, on_release, False
        Listener.latest = self

    def start(self):
        self.running = True

    def stop(self):
        self.running = False


@pytest.fixture
def keyboard(monkeypatch):
    module = ModuleType("pynput")
    module.keyboard = SimpleNamespace(Key=Key, Listener=Listener)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynput", module)


def character(letter: str) -> SimpleNamespace:
    return SimpleNamespace(char=letter)


@pytest.fixture
def take(keyboard):
    taken = []

    def take(bindings: Bindings) -> tuple[PynputHotkeys, list[str]]:
        log: list[str] = []
        hotkeys = PynputHotkeys(bindings)
        hotkeys.start(lambda event: log.append(f"{event.binding} {event.change}"))
        taken.append(hotkeys)
        return hotkeys, log

    yield take
    for hotkeys in taken:
        hotkeys.stop()
    assert not Listener.latest.running


def test_a_key_that_repeats_is_pressed_once(take):
    _, log = take({"dictate": "F9"})
    for _ in range(3):
        Listener.latest.press(Key.f9)
    Listener.latest.release(Key.f9)
    assert log == ["dictate down", "dictate up"]


def test_a_chord_needs_its_modifiers(take):
    _, log = take({"dictate": "ctrl+space"})
    Listener.latest.press(Key.space)
    Listener.latest.release(Key.space)
    Listener.latest.press(Key.ctrl_l)
    Listener.latest.press(Key.space)
    Listener.latest.release(Key.ctrl_l)
    Listener.latest.release(Key.space)
    assert log == ["dictate down", "dictate up"]


def test_a_modifier_that_stands_alone_is_spoiled_by_a_shortcut(take):
    _, log = take({"dictate": "RightCtrl"})
    Listener.latest.press(Key.ctrl_r)
    for _ in range(2):
        Listener.latest.press(character("c"))
        Listener.latest.release(character("c"))
    Listener.latest.release(Key.ctrl_r)
    assert log == ["dictate down", "dictate spoiled", "dictate up"]


def test_the_cancel_key_means_nothing_until_it_is_wanted(take):
    hotkeys, log = take({"cancel": "Escape"})
    Listener.latest.press(Key.esc)
    Listener.latest.release(Key.esc)
    hotkeys.watch_cancel(True)
    Listener.latest.press(Key.esc)
    assert log == ["cancel down"]


def test_an_unknown_key_is_answered_with_one_that_is_close(keyboard):
    with pytest.raises(HotkeyUnknown, match=r'no key "F99"; did you mean f9\?'):
        PynputHotkeys({"dictate": "F99"}).start(lambda event: None)


@pytest.mark.parametrize("platform", ["windows", "macos"])
def test_it_is_what_these_systems_get(platform):
    assert choose_hotkeys(Environment(platform)).kind == "pynput"
