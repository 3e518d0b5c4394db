"""Global keys on Wayland: the desktop's own shortcuts, through the GlobalShortcuts portal.

Sources: org.freedesktop.portal.GlobalShortcuts, org.freedesktop.portal.Request and
org.freedesktop.host.portal.Registry of xdg-desktop-portal, and the XDG shortcuts specification. The
desktop asks the user once and may give other keys than those proposed; it then says when a key goes
down (Activated) and comes up (Deactivated).
"""

import asyncio
import itertools
import logging
from collections.abc import Mapping
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from dictation.desktop import APP_ID
from dictation.desktop.bus import BusError, BusThread, call, has_owner, listen
from dictation.desktop.hotkey.base import (
    Binding,
    Emit,
    HotkeyUnavailable,
    HotkeyUnknown,
    KeyEvent,
)
from dictation.desktop.keys import KeySpec, KeySpecError, Modifier, parse_key

PORTAL = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
_SHORTCUTS = "org.freedesktop.portal.GlobalShortcuts"
_REQUEST = "org.freedesktop.portal.Request"
_REGISTRY = "org.freedesktop.host.portal.Registry"

_MODIFIERS: dict[Modifier, str] = {
    "ctrl": "CTRL",
    "alt": "ALT",
    "shift": "SHIFT",
    "super": "LOGO",
}
_DESCRIPTIONS: dict[Binding, str] = {
    "dictate": "Dictate (hold, or press to start and stop)",
    "cancel": "Drop what is being said",
    "undo": "Take the last dictated text back",
    "language": "Change the language of dictation",
}

_log = logging.getLogger(__name__)


class PortalHotkeys:
    """The shortcuts of one session of the portal, on a connection of its own."""

    def __init__(self, bindings: Mapping[Binding, str], bus_address: str) -> None:
        try:
            specs = {binding: parse_key(spec) for binding, spec in bindings.items()}
        except KeySpecError as error:
            raise HotkeyUnknown(f"hotkey {error}") from error
        # The desktop keeps a shortcut from all programs, all the time: never the bare Escape key.
        self._triggers = {
            binding: trigger(spec)
            for binding, spec in specs.items()
            if binding != "cancel" or spec.modifiers
        }
        self._emit: Emit = _ignore
        self._session: str | None = None
        self._down: set[Binding] = set()
        self._tokens = itertools.count(1)
        self._binding: asyncio.Task[None] | None = None
        self._thread = BusThread("hotkey", bus_address, self._serve)

    def start(self, emit: Emit) -> None:
        """Ask for the shortcuts; the user may be asked too, so that they come when they come.

        Raises HotkeyUnavailable.
        """
        self._emit = emit
        try:
            self._thread.start()
        except BusError as error:
            raise HotkeyUnavailable(f"no global hotkey: {error}") from error

    def watch_cancel(self, watch: bool) -> None:
        """Shortcuts of the portal cannot come and go."""

    def stop(self) -> None:
        """End the session, which gives the shortcuts back."""
        self._thread.close()
        for binding in self._down:
            self._emit(KeyEvent(binding, "up"))
        self._down.clear()

    async def _serve(self, bus: MessageBus) -> None:
        if not await offers_shortcuts(bus):
            raise BusError("the desktop's portal has no global shortcuts")
        bus.add_message_handler(self._hear)
        await listen(bus, f"interface='{_SHORTCUTS}',path='{PATH}'")
        self._binding = asyncio.create_task(self._bind(bus))

    async def _bind(self, bus: MessageBus) -> None:
        try:
            await _register(bus)
            made = await self._request(
                bus, "CreateSession", "a{sv}", session_handle_token=f"dictation{next(self._tokens)}"
            )
            self._session = str(made["session_handle"].value)
            shortcuts = [
                [binding, {"description": _text(description), "preferred_trigger": _text(chord)}]
                for binding, chord in self._triggers.items()
                for description in [_DESCRIPTIONS[binding]]
            ]
            await self._request(
                bus, "BindShortcuts", "oa(sa{sv})sa{sv}", self._session, shortcuts, ""
            )
        except BusError as error:
            _log.warning("no global hotkey: %s", error)

    async def _request(
        self,
        bus: MessageBus,
        method: str,
        signature: str,
        *body: Any,  # noqa: ANN401 (what the signature says)
        **options: str,
    ) -> dict[str, Variant]:
        """Call a method that answers later, by a signal of a Request object."""
        token = f"dictation{next(self._tokens)}"
        sender = (bus.unique_name or "").removeprefix(":").replace(".", "_")
        path = f"{PATH}/request/{sender}/{token}"
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

        def hear(message: Message) -> None:
            if message.path == path and message.member == "Response" and not answer.done():
                answer.set_result(list(message.body))

        bus.add_message_handler(hear)
        try:
            await listen(bus, f"interface='{_REQUEST}',member='Response',path='{path}'")
            named = {
                name: _text(value) for name, value in {**options, "handle_token": token}.items()
            }
            await call(bus, PORTAL, PATH, f"{_SHORTCUTS}.{method}", signature, *body, named)
            code, results = await answer
        finally:
            bus.remove_message_handler(hear)
        if code != 0:
            raise BusError(f"{method} was {'declined' if code == 1 else 'ended'} by the desktop")
        return dict(results)

    def _hear(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL or message.interface != _SHORTCUTS:
            return
        if message.member not in ("Activated", "Deactivated") or message.body[0] != self._session:
            return
        binding: Binding | None = next(
            (each for each in self._triggers if each == message.body[1]), None
        )
        down = message.member == "Activated"
        if binding is None or down == (binding in self._down):
            return
        (self._down.add if down else self._down.discard)(binding)
        self._emit(KeyEvent(binding, "down" if down else "up"))


async def offers_shortcuts(bus: MessageBus) -> bool:
    """Whether a portal with global shortcuts is on the session bus."""
    try:
        if not await has_owner(bus, PORTAL) and not await _can_be_started(bus):
            return False
        await call(
            bus, PORTAL, PATH, "org.freedesktop.DBus.Properties.Get", "ss", _SHORTCUTS, "version"
        )
    except BusError:
        return False
    return True


async def _can_be_started(bus: MessageBus) -> bool:
    (names,) = await call(
        bus,
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.ListActivatableNames",
    )
    return PORTAL in names


async def _register(bus: MessageBus) -> None:
    """Say who we are, since we are no sandboxed program; older portals do not ask."""
    try:
        await call(bus, PORTAL, PATH, f"{_REGISTRY}.Register", "sa{sv}", APP_ID, {})
    except BusError as error:
        _log.debug("%s", error)


def trigger(spec: KeySpec) -> str:
    """A chord as the XDG shortcuts specification writes it: "CTRL+ALT+space"."""
    key = spec.key if len(spec.key) > 1 else spec.key.lower()
    return "+".join([*(_MODIFIERS[name] for name in spec.modifiers), key])


def _text(value: str) -> Variant:
    return Variant("s", value)


def _ignore(_: KeyEvent) -> None:
    pass
