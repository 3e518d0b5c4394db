"""The global dictation key: which kind works here, and why."""

from dataclasses import dataclass
from typing import Literal

from dictation.checks import Check
from dictation.desktop.environment import Environment
from dictation.desktop.hotkey.base import Hotkey, HotkeyBusy, HotkeyUnavailable, HotkeyUnknown
from dictation.errors import DictationError

__all__ = [
    "Hotkey",
    "HotkeyBusy",
    "HotkeyUnavailable",
    "HotkeyUnknown",
    "check_hotkey",
    "choose_hotkey",
    "open_hotkey",
]

_BINDING = 'bind a key to "dictation toggle" in the settings of your desktop or compositor'


@dataclass(frozen=True, slots=True)
class HotkeyChoice:
    """Which kind of key to use, and why."""

    kind: Literal["x11", "pynput", "none"]
    reason: str


def choose_hotkey(env: Environment) -> HotkeyChoice:
    """The kind of global key that a session allows."""
    if env.platform != "linux":
        return HotkeyChoice("pynput", f"{env.platform} through pynput")
    if env.x11:
        return HotkeyChoice("x11", f"key grab on the X display {env.display}")
    if env.wayland:
        return HotkeyChoice("none", "Wayland gives programs no global keys")
    return HotkeyChoice("none", "there is no display")


def open_hotkey(spec: str, env: Environment) -> Hotkey:
    """The global key of this session. Raises HotkeyUnknown or HotkeyUnavailable."""
    choice = choose_hotkey(env)
    if choice.kind == "x11":
        from dictation.desktop.hotkey.x11 import X11Hotkey

        return X11Hotkey(spec, env.display)
    if choice.kind == "pynput":
        from dictation.desktop.hotkey.pynput_keys import PynputHotkey

        return PynputHotkey(spec)
    raise HotkeyUnavailable(f"no global hotkey: {choice.reason}; {_BINDING}")


def check_hotkey(spec: str, env: Environment) -> Check:
    """Whether the key can be had here; takes it for a moment to find out."""
    choice = choose_hotkey(env)
    if choice.kind == "none":
        return Check("hotkey", "warning", choice.reason, _BINDING)
    try:
        hotkey = open_hotkey(spec, env)
        hotkey.start(_nothing, _nothing)
    except ImportError as error:
        return Check("hotkey", "failed", str(error), "pip install pynput")
    except DictationError as error:
        return Check("hotkey", "failed", str(error), f"choose another key, or {_BINDING}")
    hotkey.stop()
    return Check("hotkey", "ok", f"{spec}: {choice.reason}")


def _nothing() -> None:
    pass
