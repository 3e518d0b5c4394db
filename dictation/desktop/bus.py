"""A connection to a D-Bus bus, with a thread and an event loop of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from dictation.errors import DictationError


class BusError(DictationError):
    """The bus, or somebody on it, cannot be asked."""


LOST = (DBusError, OSError, EOFError, TimeoutError, ValueError)
"""What a bus that goes away, or is none, answers with."""


def forgive_lost_bus(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The exception handler of a loop that has to do with a bus.

    Whoever asks a bus that has gone is told so; asyncio would tell of it once more, in a traceback.
    """
    if not isinstance(context.get("exception"), LOST):
        loop.default_exception_handler(context)


@contextmanager
def signals_to_bus() -> Iterator[None]:
    """Within, a service sends signals. Raises OSError when the bus turns out to have died."""
    try:
        yield
    # dbus_fast takes a bus that it cannot write to from the set of buses that it is going through.
    except RuntimeError as error:
        raise ConnectionError(f"the bus has gone: {error}") from error


class BusThread:
    """Runs `serve(bus)` in a thread of its own and keeps the connection until it is closed.

    `serve` sets up what is wanted of the bus and returns; what it may raise keeps the thread from
    starting. A bus that goes away ends the thread quietly.
    """

    def __init__(
        self, name: str, address: str, serve: Callable[[MessageBus], Awaitable[None]]
    ) -> None:
        self._name = name
        self._address = address
        self._serve = serve
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Connect and set up. Raises BusError."""
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._run(ready),), name=self._name, daemon=True
        )
        self._thread.start()
        self._loop = ready.result()

    def close(self) -> None:
        """Disconnect and end the thread; does nothing when it was not started."""
        if self._loop is None or self._thread is None:
            return
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop = self._thread = None

    async def _run(self, ready: "Future[asyncio.AbstractEventLoop]") -> None:
        asyncio.get_running_loop().set_exception_handler(forgive_lost_bus)
        self._ended = asyncio.Event()
        try:
            bus = await MessageBus(bus_address=self._address).connect()
        except (OSError, EOFError, DBusError, ValueError) as error:
            ready.set_exception(BusError(f"the bus {self._address} cannot be used: {error}"))
            return
        try:
            await self._serve(bus)
        except BusError as error:
            ready.set_exception(error)
        except LOST as error:
            ready.set_exception(BusError(f"the bus {self._address} went away: {error}"))
        else:
            ready.set_result(asyncio.get_running_loop())
            gone = asyncio.ensure_future(bus.wait_for_disconnect())  # type: ignore[no-untyped-call]
            ended = asyncio.ensure_future(self._ended.wait())
            await asyncio.wait((gone, ended), return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            gone.cancel()
        bus.disconnect()


async def call(
    bus: MessageBus,
    destination: str,
    path: str,
    member: str,
    signature: str = "",
    *body: Any,  # noqa: ANN401 (what the signature says)
) -> list[Any]:
    """Call `interface.Method` and return what it answers. Raises BusError."""
    interface, _, method = member.rpartition(".")
    reply = await bus.call(
        Message(
            destination=destination,
            path=path,
            interface=interface,
            member=method,
            signature=signature,
            body=list(body),
        )
    )
    if reply is None or reply.message_type is MessageType.ERROR:
        detail = (
            "no answer"
            if reply is None
            else f"{reply.error_name}: {' '.join(map(str, reply.body))}"
        )
        raise BusError(f"{destination} refuses {method}: {detail}")
    return list(reply.body)


async def listen(bus: MessageBus, rule: str) -> None:
    """Ask the bus for the signals that match a rule. Raises BusError."""
    await call(
        bus,
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.AddMatch",
        "s",
        f"type='signal',{rule}",
    )


async def has_owner(bus: MessageBus, name: str) -> bool:
    """Whether somebody has a name on the bus. Raises BusError."""
    (owned,) = await call(
        bus,
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus.NameHasOwner",
        "s",
        name,
    )
    return bool(owned)
