"""Private D-Bus buses, and services on them that speak an interface as the real ones do."""

import asyncio
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.xsession import require, wait_until

# Without the machine's own services, which would be started when they are asked for.
_CONFIG = """\
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def private_bus() -> Iterator[str]:
    """The address of a bus of this test alone."""
    require("dbus-daemon")
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        socket = Path(folder) / "bus"
        address = f"unix:path={socket}"
        config = Path(folder) / "bus.conf"
        config.write_text(_CONFIG.format(address=address))
        daemon = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--nopidfile", f"--config-file={config}"]
        )
        try:
            wait_until(socket.exists, "the bus")
            yield address
        finally:
            daemon.terminate()
            daemon.wait(5)


class Service(ABC):
    """A program on a bus: it owns `name` and answers calls by `methods`, "Interface.Method".

    A method gets the message and returns the signature and the values of its answer.
    """

    name = ""

    def __init__(self, address: str) -> None:
        self._address = address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bus: MessageBus | None = None
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)
        self.calls: list[Message] = []

    @property
    @abstractmethod
    def methods(self) -> dict[str, Callable[[Message], tuple[str, list[Any]]]]:
        """What is answered to each method, by its interface and name."""

    def __enter__(self) -> "Service":
        self._thread.start()
        self._ready.result(60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._bus is not None
        self._loop.call_soon_threadsafe(self._bus.disconnect)
        self._thread.join(5)

    def signal(self, path: str, member: str, signature: str, *body: Any) -> None:
        """Send a signal "Interface.Member" to all who listen; from any thread."""
        assert self._loop is not None
        assert self._bus is not None
        interface, _, name = member.rpartition(".")
        message = Message(
            message_type=MessageType.SIGNAL,
            path=path,
            interface=interface,
            member=name,
            signature=signature,
            body=list(body),
        )
        self._loop.call_soon_threadsafe(self._bus.send, message)

    def called(self, member: str) -> list[Message]:
        """The calls of a method so far."""
        return [call for call in self.calls if call.member == member]

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._bus = await MessageBus(bus_address=self._address, negotiate_unix_fd=True).connect()
        self._bus.add_message_handler(self._answer)
        await self._bus.request_name(self.name)
        self._ready.set_result(None)
        await self._bus.wait_for_disconnect()

    def _answer(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        method = self.methods.get(f"{message.interface}.{message.member}")
        if method is None:
            return None
        self.calls.append(message)
        signature, values = method(message)
        return Message.new_method_return(message, signature, values)


def text(value: str) -> Variant:
    return Variant("s", value)
