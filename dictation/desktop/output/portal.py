"""Texts through the desktop portal's RemoteDesktop, for compositors that let programs in only so.

GNOME and KDE ask the user once whether the program may press keys; the answer is kept by a token.
The text goes through the clipboard. Source: org.freedesktop.portal.RemoteDesktop, versions 1 and 2
(data/org.freedesktop.portal.RemoteDesktop.xml of xdg-desktop-portal).
"""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from dictation.desktop.applications import rule_for
from dictation.desktop.bus import LOST, forgive_lost_bus
from dictation.desktop.focus import Window
from dictation.desktop.keys import KeySpec
from dictation.desktop.output.base import (
    Capabilities,
    DeliveryError,
    OutputSettings,
    Receipt,
    RouteUnfitError,
    UndoError,
)
from dictation.desktop.output.chords import paste_rule
from dictation.desktop.x11 import keysym

T = TypeVar("T")

_PORTAL, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_REMOTE = "org.freedesktop.portal.RemoteDesktop"
_KEYBOARD = 1
_UNTIL_REVOKED = 2
_MODIFIERS = {"ctrl": 0xFFE3, "alt": 0xFFE9, "shift": 0xFFE1, "super": 0xFFEB}
_ANSWER_SECONDS = 60.0
"""The user may have to read and confirm a dialog."""

_CALL_SECONDS = 5.0
_SETTLE_SECONDS = 0.15


class PortalPaste:
    """The route that pastes by the portal's keys, with an event loop in a thread of its own.

    `copy` puts a text into the clipboard, where it stays: whether it was fetched cannot be seen
    here. `token` is the file that keeps the user's permission.
    """

    name = "portal"
    capabilities = Capabilities()

    def __init__(
        self,
        session_bus: str,
        copy: Callable[[str], None],
        settings: OutputSettings,
        token: Path,
    ) -> None:
        self._address = session_bus
        self._copy = copy
        self._settings = settings
        self._token = token
        self._bus: MessageBus | None = None
        self._session = ""
        self._requests = 0
        self._answers: dict[str, asyncio.Future[list[Any]]] = {}
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(forgive_lost_bus)
        self._thread = threading.Thread(target=self._loop.run_forever, name="portal", daemon=True)
        self._thread.start()

    def show_partial(self, text: str, target: Window | None) -> None:
        """A paste shows nothing beforehand."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Paste a text into whatever has the focus; the first time the user is asked.

        Raises RouteUnfitError when the user or the portal refuses, and DeliveryError.
        """
        started = time.monotonic()
        name = target.wm_class if target else ""
        own = rule_for(self._settings.applications, name).paste_keys
        self._await(self._open(), RouteUnfitError)
        self._copy(text)
        time.sleep(_SETTLE_SECONDS)
        self._await(self._press(paste_rule(name, own).chord), DeliveryError)
        return Receipt("portal, unconfirmed", time.monotonic() - started)

    def undo_last(self) -> None:
        """The portal does not tell what was typed since. Raises UndoError."""
        raise UndoError("through the portal it cannot be seen whether something was typed since")

    def close(self) -> None:
        """End the session."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(_CALL_SECONDS)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _leave(self) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def _await(self, work: Coroutine[Any, Any, T], error: type[DeliveryError]) -> T:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except LOST as trouble:
            raise error(f"the desktop portal does not let us press keys: {trouble}") from trouble

    async def _open(self) -> None:
        """Start a session that may press keys, unless one is open."""
        if self._bus is not None and self._bus.connected and self._session:
            return
        self._bus = await asyncio.wait_for(
            MessageBus(bus_address=self._address).connect(), _CALL_SECONDS
        )
        self._bus.add_message_handler(self._hear)
        rule = "type='signal',interface='org.freedesktop.portal.Request',member='Response'"
        dbus = "org.freedesktop.DBus"
        await self._bus.call(
            Message(dbus, "/org/freedesktop/DBus", dbus, "AddMatch", signature="s", body=[rule])
        )
        handle = {"session_handle_token": Variant("s", "dictation")}
        made = await self._request("CreateSession", "", [], handle)
        self._session = str(made["session_handle"].value)
        devices = {"types": Variant("u", _KEYBOARD), "persist_mode": Variant("u", _UNTIL_REVOKED)}
        if (token := self._kept_token()) is not None:
            devices["restore_token"] = Variant("s", token)
        await self._request("SelectDevices", "o", [self._session], devices)
        started = await self._request("Start", "os", [self._session, ""], {})
        if "restore_token" in started:
            self._keep_token(str(started["restore_token"].value))

    async def _press(self, chord: KeySpec) -> None:
        symbols = [*(_MODIFIERS[each] for each in chord.modifiers), keysym(chord.key)]
        for down in (1, 0):
            for symbol in symbols if down else reversed(symbols):
                await self._call(
                    "NotifyKeyboardKeysym", "oa{sv}iu", self._session, {}, symbol, down
                )

    async def _request(
        self, member: str, signature: str, body: list[str], options: Mapping[str, Variant]
    ) -> Mapping[str, Variant]:
        """Call a method that is answered by a Response signal, maybe after a dialog."""
        self._requests += 1
        handle = f"dictation{self._requests}"
        sender = (self._bus.unique_name or "").lstrip(":").replace(".", "_") if self._bus else ""
        path = f"{_PATH}/request/{sender}/{handle}"
        answer: asyncio.Future[list[Any]] = self._loop.create_future()
        self._answers[path] = answer
        given = {**options, "handle_token": Variant("s", handle)}
        try:
            await self._call(member, f"{signature}a{{sv}}", *body, given)
            refused, results = await asyncio.wait_for(answer, _ANSWER_SECONDS)
        finally:
            del self._answers[path]
        if refused:
            raise ValueError(f"{member} was refused")
        return dict(results)

    def _hear(self, message: Message) -> None:
        answer = self._answers.get(message.path or "")
        if message.member == "Response" and answer is not None and not answer.done():
            answer.set_result(list(message.body))

    async def _call(self, member: str, signature: str, *body: object) -> None:
        if self._bus is None:
            raise EOFError("the session bus has gone")
        message = Message(_PORTAL, _PATH, _REMOTE, member, signature=signature, body=list(body))
        reply = await asyncio.wait_for(self._bus.call(message), _CALL_SECONDS)
        if reply is not None and reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name or "", str(reply.body[0] if reply.body else ""))

    def _kept_token(self) -> str | None:
        try:
            return self._token.read_text(encoding="utf-8") or None
        except (OSError, UnicodeDecodeError):
            return None

    def _keep_token(self, token: str) -> None:
        with suppress(OSError):
            self._token.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._token.write_text(token, encoding="utf-8")


def portal_offers_keys(session_bus: str) -> bool:
    """Whether the running portal has RemoteDesktop; a portal that sleeps is woken for it."""
    try:
        return asyncio.run(asyncio.wait_for(_offers_keys(session_bus), _CALL_SECONDS))
    except LOST:
        return False


async def _offers_keys(session_bus: str) -> bool:
    bus = await MessageBus(bus_address=session_bus).connect()
    try:
        properties = "org.freedesktop.DBus.Properties"
        body = [_REMOTE, "AvailableDeviceTypes"]
        reply = await bus.call(
            Message(_PORTAL, _PATH, properties, "Get", signature="ss", body=body)
        )
    finally:
        bus.disconnect()
    if reply is None or reply.message_type is MessageType.ERROR:
        return False
    return bool(reply.body[0].value & _KEYBOARD)
