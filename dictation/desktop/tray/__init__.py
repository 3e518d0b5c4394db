"""The tray icon: which kind works here, and why."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dictation.checks import Check
from dictation.desktop.environment import Environment
from dictation.desktop.tray.base import (
    ChooseDisplay,
    ChooseModel,
    CopyText,
    OpenSettings,
    Restart,
    Status,
    Tray,
    TrayAction,
    TrayView,
)
from dictation.errors import DictationError

__all__ = [
    "ChooseDisplay",
    "ChooseModel",
    "CopyText",
    "NoTray",
    "OpenSettings",
    "Restart",
    "Status",
    "Tray",
    "TrayAction",
    "TrayView",
    "check_tray",
    "choose_tray",
    "open_tray",
]


@dataclass(frozen=True, slots=True)
class TrayFacts:
    """What was found on the session: a bus, a StatusNotifier watcher on it, an XEmbed tray."""

    bus: bool = False
    watcher: bool = False
    xembed: bool = False


@dataclass(frozen=True, slots=True)
class TrayChoice:
    """Which kind of tray to use, and why."""

    kind: Literal["sni", "pystray", "none"]
    reason: str


def choose_tray(env: Environment, facts: TrayFacts) -> TrayChoice:
    """The kind of tray that a session allows."""
    if env.platform != "linux":
        return TrayChoice("pystray", f"{env.platform} through pystray")
    if facts.watcher:
        return TrayChoice("sni", "StatusNotifierItem: the panel takes icons over D-Bus")
    if facts.xembed:
        return TrayChoice("pystray", "the panel has an XEmbed tray only")
    if facts.bus:
        return TrayChoice("sni", "no tray yet: the icon appears when a panel takes icons")
    return TrayChoice("none", "there is no session bus and no tray")


def open_tray(env: Environment) -> Tray:
    """The tray of this session; one that shows nothing where there is none."""
    choice = choose_tray(env, _look(env))
    if choice.kind == "sni" and env.session_bus is not None:
        from dictation.desktop.tray.sni import SniTray

        return SniTray(env.session_bus)
    if choice.kind == "pystray":
        from dictation.desktop.tray.pystray_tray import PystrayTray

        return PystrayTray()
    return NoTray()


class NoTray:
    """A tray for sessions without one."""

    def start(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        """Show nothing."""

    def update(self, view: TrayView) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing to take away."""


_PANEL = (
    'on GNOME install the "AppIndicator" extension (sudo apt install '
    "gnome-shell-extension-appindicator); everything else works without an icon"
)


def check_tray(env: Environment) -> Check:
    """Whether an icon can be shown here, and with a menu."""
    facts = _look(env)
    choice = choose_tray(env, facts)
    if choice.kind == "none" or (choice.kind == "sni" and not facts.watcher):
        return Check("tray", "warning", choice.reason, _PANEL)
    if choice.kind == "pystray":
        from dictation.desktop.tray.pystray_tray import has_menu

        try:
            if not has_menu():
                return Check(
                    "tray",
                    "warning",
                    f"{choice.reason}; a click starts and stops, but there is no menu",
                    "use a panel with StatusNotifierItem (KDE, Xfce 4.16+, waybar) or install "
                    "python3-gi and gir1.2-gtk-3.0",
                )
        except ImportError as error:
            return Check("tray", "warning", f"pystray cannot be used: {error}", _PANEL)
    return Check("tray", "ok", choice.reason)


def _look(env: Environment) -> TrayFacts:
    if env.platform != "linux":
        return TrayFacts()
    bus, watcher = (False, False) if env.session_bus is None else asyncio.run(_ask(env.session_bus))
    return TrayFacts(bus, watcher, env.x11 and _has_xembed(env.display))


async def _ask(address: str) -> tuple[bool, bool]:
    """Whether the bus answers, and whether a watcher is on it."""
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    try:
        bus = await MessageBus(bus_address=address).connect()
    except (OSError, EOFError, ValueError):
        return False, False
    reply = await bus.call(
        Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="NameHasOwner",
            signature="s",
            body=["org.kde.StatusNotifierWatcher"],
        )
    )
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    return True, bool(reply is not None and reply.body and reply.body[0])


def _has_xembed(name: str | None) -> bool:
    from Xlib import X

    from dictation.desktop.x11 import close_display, open_display

    try:
        display = open_display(name)
    except DictationError:
        return False
    owner = display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0"))
    close_display(display)
    return bool(owner != X.NONE)
