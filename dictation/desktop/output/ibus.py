"""Texts through IBus: words at the cursor while they are spoken, the finished text in one piece."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from dictation.desktop.bus import forgive_lost_bus
from dictation.desktop.focus import Window
from dictation.desktop.output.base import (
    Capabilities,
    DeliveryError,
    NotArrivedError,
    ProtectedFieldError,
    Receipt,
    RouteUnfitError,
    UndoError,
)
from dictation.desktop.output.ibus_bus import IbusBus
from dictation.desktop.output.ibus_engine import Engine, Field, Surrounding
from dictation.desktop.output.ibus_values import ClientCapabilities

T = TypeVar("T")

_LOOK_SECONDS = 0.3
_REMOVAL_SECONDS = 2.0
"""A piece that is not seen to go ends an undo, so a busy window is given time."""
_NUDGES = 4
_ARRIVAL_SECONDS = 3.0
_CALL_SECONDS = 15.0


class IbusRoute:
    """The route through IBus, with an event loop in a thread of its own.

    `nudge` presses a key that changes nothing (Shift): with every key a field tells the text around
    its cursor, and at no other time that we could choose. None where no key can be pressed.
    `trusts` says whether a window gets texts whose arrival it does not confirm (there is no better
    way into it, or the settings name this one); `passwords`, whether password fields get any.
    """

    name = "ibus"
    capabilities = Capabilities(partials=True, verified=True, undo=True)

    def __init__(
        self,
        bus: IbusBus,
        nudge: Callable[[], None] | None,
        trusts: Callable[[Window | None], bool],
        *,
        passwords: bool,
    ) -> None:
        self._bus = bus
        self._nudge = nudge
        self._trusts = trusts
        self._passwords = passwords
        self._last = ""
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(forgive_lost_bus)
        self._thread = threading.Thread(target=self._run, name="ibus", daemon=True)
        self._thread.start()
        self._await(self._bus.recover())

    def show_partial(self, text: str, target: Window | None) -> None:
        """Show a text as preedit, where the field can; "" gives the user's engine back."""
        try:
            self._await(self._show(text) if text else self._bus.give_back())
        except RouteUnfitError:
            return

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Put the text at the cursor and see it there.

        Raises RouteUnfitError without a field that can tell it has the text, ProtectedFieldError in
        a password field, NotArrivedError when the field is seen not to have it, and DeliveryError
        when nothing is seen.
        """
        started = time.monotonic()
        seen = self._await(self._commit(text, trusted=self._trusts(target)))
        self._last = text
        return Receipt(self.name if seen else "ibus, unconfirmed", time.monotonic() - started)

    def undo_last(self) -> None:
        """Remove the last text, if it stands right before the cursor still. Raises UndoError."""
        try:
            self._await(self._undo(self._last))
        except RouteUnfitError as error:
            raise UndoError(str(error)) from error
        self._last = ""

    def close(self) -> None:
        """Give the user's engine back and leave the bus."""
        if not self._thread.is_alive():
            return
        self._await(self._bus.leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_CALL_SECONDS)

    async def _show(self, text: str) -> None:
        engine = await self._bus.take()
        field = engine.field
        can = ClientCapabilities.PREEDIT_TEXT in field.capabilities
        if can and (self._passwords or not field.secret):
            engine.show(text)
        else:
            await self._bus.give_back()

    async def _commit(self, text: str, *, trusted: bool) -> bool:
        try:
            engine = await self._bus.take()
            if engine.field.secret and not self._passwords:
                raise ProtectedFieldError("a password field has the focus; it gets no text")
            engine.show("")
            before = await self._look(engine)
            if before is None and not trusted:
                raise RouteUnfitError("this field does not tell whether a text has arrived")
            engine.commit(text)
            return await self._seen(engine, before, text) if before else False
        finally:
            await self._bus.give_back()

    async def _seen(self, engine: Engine, before: Field, text: str) -> bool:
        """Whether the text stands before the cursor; False for one that was changed on arrival."""

        def arrived(field: Field) -> bool:
            now = field.surrounding
            return now is not None and field.told > before.told and _ends(now.before, text)

        if await engine.wait_for(arrived, _ARRIVAL_SECONDS):
            return True
        now = engine.field.surrounding
        if now is None or engine.field.told == before.told:
            raise DeliveryError("the window gave no sign of having the text; look whether it does")
        if now == before.surrounding:
            raise NotArrivedError("IBus has delivered the text, but the window does not have it")
        return False

    async def _undo(self, text: str) -> None:
        if not text:
            raise UndoError("there is no text to take back")
        try:
            engine = await self._bus.take()
            await self._remove(engine, text)
        finally:
            await self._bus.give_back()

    async def _look(self, engine: Engine) -> Field | None:
        """The field with the text around the cursor as it is now; None where it does not tell.

        One that could tell and does not is empty: no other is silent.
        """

        surrounding = ClientCapabilities.SURROUNDING_TEXT
        if self._nudge is None or surrounding not in engine.field.capabilities:
            return None
        told = engine.field.told
        await self._nudged(
            engine, lambda now: now.told > told or surrounding not in now.capabilities
        )
        if surrounding not in engine.field.capabilities:
            return None
        if engine.field.told > told:
            return engine.field
        return replace(engine.field, surrounding=Surrounding("", 0, 0))

    async def _nudged(
        self, engine: Engine, done: Callable[[Field], bool], seconds: float = _LOOK_SECONDS
    ) -> None:
        """Press the key until the field is as wanted, a few times at most.

        A field that has just learnt of our engine may not know yet that it is to tell, and the key
        may be there before what was sent through IBus.
        """
        for _ in range(_NUDGES):
            if self._nudge is not None:
                self._nudge()
            if await engine.wait_for(done, seconds / _NUDGES):
                return

    async def _remove(self, engine: Engine, text: str) -> None:
        """Remove a text from its end: a field shows no more than the line it is in.

        Raises UndoError when something else stands there, and has put back what it had removed.
        """
        removed = ""
        field = await self._look(engine)
        here = field.surrounding if field else None
        for piece in pieces_from_end(text):
            if here is None or here.cursor != here.anchor or not _fits(here.before, piece):
                if removed:
                    engine.commit(removed)
                raise UndoError(
                    "the field does not tell what it holds"
                    if here is None
                    else "something else stands before the cursor now"
                )
            engine.delete_before(len(piece))
            removed = piece + removed
            before = here
            await self._nudged(engine, partial(_differs, before), _REMOVAL_SECONDS)
            here = engine.field.surrounding


def pieces_from_end(text: str) -> Iterator[str]:
    """The lines of a text and their ends, the last first: "a\nb" gives "b", "\n", "a"."""
    for line in reversed(text.splitlines(keepends=True)):
        if line.endswith("\n"):
            yield "\n"
        if bare := line.removesuffix("\n"):
            yield bare


def _ends(before: str, text: str) -> bool:
    """Whether a text may stand before the cursor, as far as its line shows."""
    last = text.rpartition("\n")[2]
    return before.endswith(text) or before == last or (bool(last) and before.endswith(last))


def _fits(before: str, piece: str) -> bool:
    return before.endswith(piece) or (piece == "\n" and not before)


def _differs(old: Surrounding, field: Field) -> bool:
    return field.surrounding != old
