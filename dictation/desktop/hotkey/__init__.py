"""The global keys: which kind works here, and why."""

import asyncio
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
    "Backend",
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

Backend = Literal["auto", "x11", "portal", "evdev"]
"""What the user may ask for; evdev is never chosen without being asked for."""


@dataclass(frozen=True, slots=True)
class HotkeyChoice:
    """Which kind of keys to use, and why."""

    kind: Literal["x11", "portal", "evdev", "pynput", "none"]
    reason: str


def choose_hotkeys(env: Environment, backend: Backend = "auto") -> HotkeyChoice:
    """The kind of global keys that a session allows; asks the session bus where that matters."""
    if env.platform != "linux":
        return HotkeyChoice("pynput", f"{env.platform} through pynput")
    if backend == "evdev":
        return HotkeyChoice("evdev", "the keyboards themselves, as hotkey.backend asks")
    if backend == "x11" or (backend == "auto" and env.x11):
        return HotkeyChoice("x11", f"key grab on the X display {env.display}")
    if env.session_bus is not None and asyncio.run(_has_portal(env.session_bus)):
        return HotkeyChoice("portal", "shortcuts of the desktop, which asks you once for the keys")
    if env.wayland:
        return HotkeyChoice("none", "this Wayland desktop gives programs no global keys")
    return HotkeyChoice("none", "there is no display")


async def _has_portal(address: str) -> bool:
    from dbus_fast.aio import MessageBus

    from dictation.desktop.hotkey.portal import offers_shortcuts

    try:
        bus = await MessageBus(bus_address=address).connect()
    except (OSError, EOFError, ValueError):
        return False
    offered = await offers_shortcuts(bus)
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    return offered


def open_hotkeys(bindings: Bindings, env: Environment, backend: Backend = "auto") -> Hotkeys:
    """The global keys of this session. Raises HotkeyUnknown or HotkeyUnavailable."""
    choice = choose_hotkeys(env, backend)
    match choice.kind:
        case "x11":
            from dictation.desktop.hotkey.x11 import X11Hotkeys

            return X11Hotkeys(bindings, env.display)
        case "portal":
            from dictation.desktop.hotkey.portal import PortalHotkeys

            return PortalHotkeys(bindings, env.session_bus or "")
        case "evdev":
            from dictation.desktop.hotkey.evdev import EvdevHotkeys

            return EvdevHotkeys(bindings)
        case "pynput":
            from dictation.desktop.hotkey.pynput_keys import PynputHotkeys

            return PynputHotkeys(bindings)
        case _:
            raise HotkeyUnavailable(f"no global hotkey: {choice.reason}; {_BINDING}")


def check_hotkeys(bindings: Bindings, env: Environment, backend: Backend = "auto") -> Check:
    """Whether the keys can be had here; takes them for a moment to find out."""
    choice = choose_hotkeys(env, backend)
    if choice.kind == "none":
        return Check("hotkey", "warning", choice.reason, _BINDING)
    key = bindings.get("dictate", "none")
    if choice.kind == "portal":  # taking it would make the desktop ask the user
        return Check("hotkey", "ok", f"{key}: {choice.reason}")
    try:
        hotkeys = open_hotkeys(bindings, env, backend)
        hotkeys.start(_ignore)
    except ImportError as error:
        return Check("hotkey", "failed", str(error), "pip install pynput")
    except HotkeyUnavailable as error:
        return Check("hotkey", "warning", str(error), _BINDING)
    except DictationError as error:
        return Check("hotkey", "failed", str(error), f"choose another key, or {_BINDING}")
    hotkeys.stop()
    return Check("hotkey", "ok", f"{key}: {choice.reason}")


def _ignore(_: KeyEvent) -> None:
    pass
