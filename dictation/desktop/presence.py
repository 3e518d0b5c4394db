"""Whether somebody may be listened to: the screen is not locked, the computer does not sleep.

Sources: org.freedesktop.login1 (systemd-logind) on the system bus; org.freedesktop.ScreenSaver and
org.gnome.ScreenSaver on the session bus.
"""

import logging
import os
from collections.abc import Callable
from typing import Literal

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from dictation.desktop.bus import BusError, BusThread, call, listen
from dictation.desktop.environment import Environment

Presence = Literal["locked", "unlocked", "sleeps", "awake", "shutdown"]

LOGIN = "org.freedesktop.login1"
LOGIN_PATH = "/org/freedesktop/login1"
_MANAGER = f"{LOGIN}.Manager"
_SESSION = f"{LOGIN}.Session"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_SCREEN_SAVERS = ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver")

_log = logging.getLogger(__name__)


class PresenceWatch:
    """Tells `changed` of locks, sleep and shutdown; a bus that is not there has nothing to tell.

    `changed` is called from threads of the watch. The same may be told twice.
    """

    def __init__(self, env: Environment, changed: Callable[[Presence], None]) -> None:
        self._changed = changed
        self._session_id = env.session_id
        self._threads = [
            BusThread("presence", address, serve)
            for address, serve in (
                (env.system_bus, self._serve_login),
                (env.session_bus, self._serve_screen_saver),
            )
            if address is not None
        ]

    def start(self) -> None:
        """Begin to watch."""
        for thread in self._threads:
            try:
                thread.start()
            except BusError as error:
                _log.debug("%s", error)

    def close(self) -> None:
        """End the threads."""
        for thread in self._threads:
            thread.close()

    async def _serve_login(self, bus: MessageBus) -> None:
        session = await self._find_session(bus)

        def hear(message: Message) -> None:
            told = _login_signal(message, session)
            if told is not None:
                self._changed(told)

        bus.add_message_handler(hear)
        await listen(bus, f"sender='{LOGIN}',interface='{_MANAGER}'")
        await listen(bus, f"sender='{LOGIN}',path='{session}'")

    async def _find_session(self, bus: MessageBus) -> str:
        """The session of this desktop: by its number, else the one the user sits at.

        A service of the user belongs to no session itself.
        """
        if self._session_id is not None:
            get = f"{_MANAGER}.GetSession"
            (path,) = await call(bus, LOGIN, LOGIN_PATH, get, "s", self._session_id)
            return str(path)
        (user,) = await call(bus, LOGIN, LOGIN_PATH, f"{_MANAGER}.GetUser", "u", os.getuid())
        (display,) = await call(
            bus, LOGIN, user, f"{_PROPERTIES}.Get", "ss", f"{LOGIN}.User", "Display"
        )
        return str(display.value[1])

    async def _serve_screen_saver(self, bus: MessageBus) -> None:
        def hear(message: Message) -> None:
            if message.interface in _SCREEN_SAVERS and message.member == "ActiveChanged":
                self._changed("locked" if message.body[0] else "unlocked")

        bus.add_message_handler(hear)
        for interface in _SCREEN_SAVERS:
            await listen(bus, f"interface='{interface}',member='ActiveChanged'")


def _login_signal(message: Message, session: str) -> Presence | None:
    """What a signal of logind means for the session at this path."""
    if message.message_type is not MessageType.SIGNAL:
        return None
    told: Presence | None = None
    match message.interface, message.member:
        case "org.freedesktop.login1.Manager", "PrepareForSleep":
            told = "sleeps" if message.body[0] else "awake"
        case "org.freedesktop.login1.Manager", "PrepareForShutdown" if message.body[0]:
            told = "shutdown"
        case "org.freedesktop.login1.Session", "Lock" if message.path == session:
            told = "locked"
        case "org.freedesktop.login1.Session", "Unlock" if message.path == session:
            told = "unlocked"
        case "org.freedesktop.DBus.Properties", "PropertiesChanged" if message.path == session:
            hint = message.body[1].get("LockedHint")
            if isinstance(hint, Variant):
                told = "locked" if hint.value else "unlocked"
    return told
