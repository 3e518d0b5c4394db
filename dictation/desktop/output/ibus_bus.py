"""Our place on IBus's bus: switches to our engine for a moment, and back to the user's own."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from dictation.desktop.bus import LOST
from dictation.desktop.output.base import RouteUnfitError
from dictation.desktop.output.ibus_engine import FACTORY_PATH, Engine, Factory
from dictation.desktop.output.ibus_values import component, engine_name

ENGINE = "dictation"
_COMPONENT = "org.freedesktop.IBus.Dictation"
_IBUS = "org.freedesktop.IBus"
_PATH = "/org/freedesktop/IBus"
_NOBODY = "/org/freedesktop/IBus/InputContext_1"
"""IBus's own context, which has the focus when no program's has: what it gets is lost."""

_ANSWER_SECONDS = 2.0
_FOCUS_SECONDS = 0.4
_FORGETTING_LOOKS, _FORGETTING_PAUSE = 25, 0.02


class EngineMemory:
    """The name of the user's engine in a file, for as long as ours is in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, name: str) -> None:
        """Remember it beyond the end of this process, where the disk allows it."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.write_text(name, encoding="utf-8")

    def recall(self) -> str | None:
        """What was kept and not forgotten."""
        try:
            return self._path.read_text(encoding="utf-8") or None
        except (OSError, UnicodeDecodeError):
            return None

    def forget(self) -> None:
        """The user's engine is back."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class IbusBus:
    """One connection to IBus, made when it is needed; for one event loop.

    IBus forgets its engine, whichever that is, when a program that has brought one leaves the bus:
    so the user's is remembered from before we come until after we have gone. `address` looks up
    where IBus is now: it moves when IBus is started again.
    """

    def __init__(self, address: Callable[[], str | None], memory: EngineMemory) -> None:
        self._address = address
        self._memory = memory
        self._bus: MessageBus | None = None
        self._engine: Engine | None = None
        self._taken = False
        self._users: str | None = None

    async def take(self) -> Engine:
        """Switch to our engine and return it with the focused field known.

        Raises RouteUnfitError when IBus is not there or no program's field has the focus.
        """
        try:
            await self._connect()
            if await self._context() == _NOBODY:
                raise RouteUnfitError("IBus sees no text field with the focus")
            if not self._taken:
                self._remember(await self._current())
                self._taken = True
                await self._call("SetGlobalEngine", "s", ENGINE)
        except LOST as error:
            raise RouteUnfitError(f"IBus does not answer: {error}") from error
        engine = self._engine
        if engine is None or not await engine.wait_for(
            lambda field: field.focused and bool(field.capabilities), _FOCUS_SECONDS
        ):
            raise RouteUnfitError("IBus has not given us the focused text field")
        return engine

    async def give_back(self) -> None:
        """Set the user's engine back; where there was none, leave."""
        if not self._taken:
            return
        self._taken = False
        if self._engine is not None and self._engine.field.focused:
            with suppress(RouteUnfitError):
                self._engine.show("")
        with suppress(*LOST):
            if self._users is None:
                await self.leave()
            else:
                await self._call("SetGlobalEngine", "s", self._users)

    async def leave(self) -> None:
        """Leave the bus with the user's engine in use."""
        await self.give_back()
        if self._bus is None:
            return
        with suppress(*LOST):
            self._remember(await self._current())
        self._drop()
        await self.recover()

    async def recover(self) -> None:
        """Set back the engine that IBus has forgotten because of us, now or in an earlier life."""
        users = self._memory.recall()
        if users is not None:
            with suppress(*LOST, RouteUnfitError):
                self._bus = await self._open()
                # It forgets a moment after the connection has ended.
                for _ in range(_FORGETTING_LOOKS):
                    if await self._current() in (None, ENGINE):
                        await self._call("SetGlobalEngine", "s", users)
                        break
                    await asyncio.sleep(_FORGETTING_PAUSE)
            self._drop()
        self._memory.forget()

    def _remember(self, users: str | None) -> None:
        if users != ENGINE:
            self._users = users
            self._memory.keep(users or "")

    def _drop(self) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()
        self._bus = self._engine = None
        self._taken = False

    async def _current(self) -> str | None:
        """The name of the engine in use, None when there is none."""
        try:
            found = await self._get("GlobalEngine")
        except DBusError:
            return None
        return engine_name(found.value)

    async def _context(self) -> str:
        return str((await self._get("CurrentInputContext")).value)

    async def _get(self, name: str) -> Variant:
        interface = "org.freedesktop.DBus.Properties"
        reply = await self._call("Get", "ss", _IBUS, name, interface=interface)
        value = reply[0]
        if not isinstance(value, Variant):
            raise DBusError("org.freedesktop.DBus.Error.Failed", f"{name} is no value")
        return value

    async def _call(
        self, member: str, signature: str, *body: object, interface: str = _IBUS
    ) -> list[object]:
        if self._bus is None:
            raise EOFError("the connection has ended")
        message = Message(_IBUS, _PATH, interface, member, signature=signature, body=list(body))
        reply = await asyncio.wait_for(self._bus.call(message), _ANSWER_SECONDS)
        if reply is None:
            raise DBusError("org.freedesktop.DBus.Error.NoReply", "no answer")
        if reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name or "", str(reply.body[0] if reply.body else ""))
        return list(reply.body)

    async def _connect(self) -> None:
        """Join the bus with our engine, unless we are there."""
        if self._bus is not None and self._bus.connected:
            return
        self._drop()
        self._bus = await self._open()
        self._remember(await self._current())
        self._bus.export(FACTORY_PATH, Factory(self._bus, self._made))
        await self._call("RegisterComponent", "v", component(_COMPONENT, "Dictation", ENGINE, "1"))

    async def _open(self) -> MessageBus:
        address = self._address()
        if address is None:
            raise RouteUnfitError("IBus does not run")
        return await asyncio.wait_for(MessageBus(bus_address=address).connect(), _ANSWER_SECONDS)

    def _made(self, engine: Engine) -> None:
        self._engine = engine
