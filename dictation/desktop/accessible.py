"""What assistive technology is told of the focused field: whether it is for a password, its text.

Nothing is switched on for it: where the session's accessibility bus does not run, or a program is
not on it, nothing is known. Source: the D-Bus interfaces of at-spi2-core (xml/Accessible.xml,
Text.xml, EditableText.xml) and atspi-constants.h.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

T = TypeVar("T")

_DBUS, _DBUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
_BUS, _BUS_PATH = "org.a11y.Bus", "/org/a11y/bus"
_REGISTRY, _ROOT = "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"
_ACCESSIBLE = "org.a11y.atspi.Accessible"
_TEXT, _EDITABLE = "org.a11y.atspi.Text", "org.a11y.atspi.EditableText"
_ACTIVE, _FOCUSED, _SHOWING = 1 << 1, 1 << 12, 1 << 25
_PASSWORD_ROLE, _MENU_ROLES = 40, (33, 34, 35)
_AT_MOST = 800
"""Things to look at: a web page may have very many."""

_SECONDS, _PATIENT_SECONDS = 0.6, 3.0
_TROUBLE = (DBusError, OSError, EOFError, TimeoutError, ValueError, IndexError)


@dataclass(frozen=True, slots=True)
class FocusedField:
    """A field with the focus; positions count characters. `caret` is -1 where it is not told."""

    owner: str
    path: str
    secret: bool
    editable: bool
    text: str = ""
    caret: int = -1

    @property
    def before(self) -> str | None:
        """What stands before the caret; None where it is not told."""
        return self.text[: self.caret] if self.caret >= 0 else None


class Accessibility:
    """Asks anew each time, over the session's bus at an address; for any thread."""

    def __init__(self, session_bus: str | None) -> None:
        self._session_bus = session_bus

    def focused(self, pid: int | None, seconds: float = _SECONDS) -> FocusedField | None:
        """The focused field of a process; None where nobody tells in time."""
        if self._session_bus is None or pid is None:
            return None
        return _run(_focused(self._session_bus, pid), None, seconds)

    def delete(self, field: FocusedField, count: int) -> bool:
        """Remove so many characters before the caret; whether that was done."""
        if self._session_bus is None or field.caret < count:
            return False
        return _run(_delete(self._session_bus, field, count), False, _PATIENT_SECONDS)


def _run(work: Coroutine[Any, Any, T], otherwise: T, seconds: float) -> T:
    """Do it in a thread of its own, since the caller's may run an event loop already."""

    async def in_time() -> T:
        return await asyncio.wait_for(work, seconds)

    with ThreadPoolExecutor(1, thread_name_prefix="accessibility") as thread:
        try:
            return thread.submit(asyncio.run, in_time()).result()
        except _TROUBLE:
            return otherwise


async def _focused(session_bus: str, pid: int) -> FocusedField | None:
    async with _accessibility_bus(session_bus) as bus:
        if bus is None:
            return None
        (programs,) = await _call(bus, _REGISTRY, _ROOT, _ACCESSIBLE, "GetChildren")
        for owner, _ in programs:
            get = "GetConnectionUnixProcessID"
            if (await _call(bus, _DBUS, _DBUS_PATH, _DBUS, get, "s", owner))[0] == pid:
                return await _field(bus, owner)
    return None


async def _field(bus: MessageBus, owner: str) -> FocusedField | None:
    """The focused field of a program: looked for in its active window, level by level."""
    level, seen = [_ROOT], 0
    while level and seen < _AT_MOST:
        seen += len(level)
        found = await asyncio.gather(*(_showing(bus, owner, path) for path in level))
        children = [path for paths in found for path in paths]
        states = await asyncio.gather(*(_state(bus, owner, path) for path in children))
        for path, state in zip(children, states, strict=True):
            if state & _FOCUSED:
                field = await _described(bus, owner, path)
                if field is not None:
                    return field
        wanted = _ACTIVE if level == [_ROOT] else _SHOWING
        level = [path for path, state in zip(children, states, strict=True) if state & wanted]
    return None


async def _showing(bus: MessageBus, owner: str, path: str) -> list[str]:
    """The children of a thing, none for menus."""
    if (await _call(bus, owner, path, _ACCESSIBLE, "GetRole"))[0] in _MENU_ROLES:
        return []
    (children,) = await _call(bus, owner, path, _ACCESSIBLE, "GetChildren")
    return [str(child) for parent, child in children if parent == owner]


async def _state(bus: MessageBus, owner: str, path: str) -> int:
    (state,) = await _call(bus, owner, path, _ACCESSIBLE, "GetState")
    return int(state[0]) if state else 0


async def _described(bus: MessageBus, owner: str, path: str) -> FocusedField | None:
    (interfaces,) = await _call(bus, owner, path, _ACCESSIBLE, "GetInterfaces")
    (role,) = await _call(bus, owner, path, _ACCESSIBLE, "GetRole")
    if role == _PASSWORD_ROLE:
        return FocusedField(owner, path, secret=True, editable=False)
    if _TEXT not in interfaces:
        return None
    (text,) = await _call(bus, owner, path, _TEXT, "GetText", "ii", 0, -1)
    properties = "org.freedesktop.DBus.Properties"
    (caret,) = await _call(bus, owner, path, properties, "Get", "ss", _TEXT, "CaretOffset")
    return FocusedField(owner, path, False, _EDITABLE in interfaces, text, caret.value)


async def _delete(session_bus: str, field: FocusedField, count: int) -> bool:
    async with _accessibility_bus(session_bus) as bus:
        if bus is None:
            return False
        start, end = field.caret - count, field.caret
        done = await _call(bus, field.owner, field.path, _EDITABLE, "DeleteText", "ii", start, end)
        return bool(done[0])


@asynccontextmanager
async def _accessibility_bus(session_bus: str) -> AsyncIterator[MessageBus | None]:
    """The accessibility bus; None where it does not run."""
    async with _connected(session_bus) as session:
        # A call would start it.
        (runs,) = await _call(session, _DBUS, _DBUS_PATH, _DBUS, "NameHasOwner", "s", _BUS)
        address = ""
        if runs:
            (address,) = await _call(session, _BUS, _BUS_PATH, _BUS, "GetAddress")
    if not address:
        yield None
        return
    async with _connected(address) as bus:
        yield bus


@asynccontextmanager
async def _connected(address: str) -> AsyncIterator[MessageBus]:
    bus = await MessageBus(bus_address=address).connect()
    try:
        yield bus
    finally:
        bus.disconnect()


async def _call(
    bus: MessageBus,
    owner: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    *body: object,
) -> list[Any]:
    message = Message(owner, path, interface, member, signature=signature, body=list(body))
    reply = await bus.call(message)
    if reply is None or reply.message_type is MessageType.ERROR:
        raise DBusError("org.freedesktop.DBus.Error.Failed", f"{member} was not answered")
    return list(reply.body)
