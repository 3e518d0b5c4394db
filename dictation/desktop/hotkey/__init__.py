"""The global keys: which kind works here, and why."""

from dataclasses import dataclass
from typing import Literal

from dictation.checks import Check
from dictation.desktop.environment import Environment
from dictation.desktop.hotkey.base import (
    Binding,
    Bindings,
    HotkeyBusy,
    Hotkeys,
    HotkeyUnavailable,
    HotkeyUnknown,
    KeyEvent,
    NoHotkeys,
)
from dictation.errors import DictationError

__all__ = [
    "Binding",
    "Bindings",
    "HotkeyBusy",
    "HotkeyUnavailable",
    "HotkeyUnknown",
    "Hotkeys",
    "KeyEvent",
    "NoHotkeys",
    "check_hotkeys",
    "choose_hotkeys",
    "open_hotkeys",
]

_BINDING = 'bind a key to "dictation toggle" in the settings of your desktop or compositor'


@dataclass(frozen=True, slots=True)
class HotkeyChoice:
    """Which kind of keys to use, and why."""

    kind: Literal["x11", "pynput", "none"]
    reason: str


def choose_hotkeys(env: Environment) -> HotkeyChoice:
    """The kind of global keys that a session allows."""
    if env.platform != "linux":
        return HotkeyChoice("pynput", f"{env.platform} through pynput")
    if env.x11:
        return HotkeyChoice("x11", f"key grab on the X display {env.display}")
    if env.wayland:
        return HotkeyChoice("none", "Wayland gives programs no global keys")
    return HotkeyChoice("none", "there is no display")


def open_hotkeys(bindings: Bindings, env: Environment) -> Hotkeys:
    """The global keys of this session. Raises HotkeyUnknown or HotkeyUnavailable."""
    choice = choose_hotkeys(env)
    if choice.kind == "x11":
        from dictation.desktop.hotkey.x11 import X11Hotkeys

        return X11Hotkeys(bindings, env.display)
    if choice.kind == "pynput":
        from dictation.desktop.hotkey.pynput_keys import PynputHotkeys

        return PynputHotkeys(bindings)
    raise HotkeyUnavailable(f"no global hotkey: {choice.reason}; {_BINDING}")


def check_hotkeys(bindings: Bindings, env: Environment) -> Check:
    """Whether the keys can be had here; takes them for a moment to find out."""
    choice = choose_hotkeys(env)
    if choice.kind == "none":
        return Check("hotkey", "warning", choice.reason, _BINDING)
    try:
        hotkeys = open_hotkeys(bindings, env)
        hotkeys.start(_ignore)
    except ImportError as error:
        return Check("hotkey", "failed", str(error), "pip install pynput")
    except DictationError as error:
        return Check("hotkey", "failed", str(error), f"choose another key, or {_BINDING}")
    hotkeys.stop()
    return Check("hotkey", "ok", f"{bindings.get('dictate', 'none')}: {choice.reason}")


def _ignore(_: KeyEvent) -> None:
    pass
