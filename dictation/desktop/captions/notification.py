"""The caption as a notification, where no window can lie above the others (GNOME on Wayland).

Source: the Desktop Notifications Specification of freedesktop.org.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from dictation.desktop.captions.base import CaptionView, NoCaptions
from dictation.desktop.captions.words import pill_text, split_text, status_text
from dictation.errors import DictationError

NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_PAUSE_SECONDS = 0.6
"""Between two changes: notifications are drawn with an animation."""


class NotificationError(DictationError):
    """There is nobody who shows notifications."""


class NotificationCaptions:
    """One notification that is replaced by the next view, at most every 0.6 s.

    Raises NotificationError where the session has no notifications.
    """

    kind = "a notification, since no window may lie above the others"
    moving = False

    def __init__(self, bus_address: str) -> None:
        self._loop = NoCaptions()
        ready: Future[asyncio.AbstractEventLoop] = Future()
        self._view: CaptionView | None = None
        self._changed = asyncio.Event()
        self._ended = False
        self._thread = threading.Thread(
            target=asyncio.run,
            args=(self._serve(bus_address, ready),),
            name="notification",
            daemon=True,
        )
        self._thread.start()
        self._events = ready.result()

    def show(self, view: CaptionView) -> None:
        """Show a view, or replace the one that is shown."""
        self._events.call_soon_threadsafe(self._take, view)

    def meter(self, level: float, seconds: float) -> None:
        """A notification has no meter."""

    def hide(self) -> None:
        """Take the notification away."""
        self._events.call_soon_threadsafe(self._take, None)

    def run(self, poll: Callable[[], None], interval_ms: int) -> None:
        """Call `poll` again and again until `stop`."""
        self._loop.run(poll, interval_ms)

    def stop(self) -> None:
        """End `run`; may be called from `poll`."""
        self._loop.stop()

    def close(self) -> None:
        """Leave the bus."""
        self._ended = True
        if self._thread.is_alive():
            self._events.call_soon_threadsafe(self._changed.set)
        self._thread.join(3)

    def _take(self, view: CaptionView | None) -> None:
        self._view = view
        self._changed.set()

    async def _serve(self, address: str, ready: "Future[asyncio.AbstractEventLoop]") -> None:
        try:
            bus = await MessageBus(bus_address=address).connect()
            reply = await _call(bus, "GetServerInformation", "", [])
        except (OSError, EOFError, ValueError) as error:
            ready.set_exception(NotificationError(f"the session bus cannot be used: {error}"))
            return
        if reply is None:
            bus.disconnect()
            ready.set_exception(NotificationError("nobody here shows notifications"))
            return
        ready.set_result(asyncio.get_running_loop())
        shown = 0
        while not self._ended:
            await self._changed.wait()
            self._changed.clear()
            shown = await _render(bus, self._view, shown)
            await asyncio.sleep(_PAUSE_SECONDS if self._view is not None else 0)
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def _render(bus: MessageBus, view: CaptionView | None, shown: int) -> int:
    """Bring the notification into line with the view; its number, 0 when there is none."""
    if view is None:
        if shown:
            await _call(bus, "CloseNotification", "u", [shown])
        return 0
    stable, unstable, waiting = split_text(view)
    title = " · ".join(filter(None, (status_text(view), pill_text(view))))
    hints = {"transient": Variant("b", True), "urgency": Variant("y", 1)}
    body = [
        "Dictation", shown, "audio-input-microphone", title,
        "" if waiting else stable + unstable, [], hints, 0 if view.stage != "final" else 3000,
    ]  # fmt: skip
    reply = await _call(bus, "Notify", "susssasa{sv}i", body)
    return int(reply[0]) if reply else 0


async def _call(
    bus: MessageBus, member: str, signature: str, body: list[object]
) -> list[int] | None:
    reply = await bus.call(
        Message(
            destination=NAME, path=_PATH, interface=NAME, member=member,
            signature=signature, body=body,
        )
    )  # fmt: skip
    if reply is None or reply.message_type is not MessageType.METHOD_RETURN:
        return None
    return list(reply.body)
