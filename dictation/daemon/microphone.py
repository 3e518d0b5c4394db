"""The thread that opens the microphone, closes it, and gets it back when it was unplugged."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Literal, Protocol

from dictation.errors import DictationError
from dictation.events import DeviceLost, DeviceReady, Event

_RETRY_SECONDS = (2.0, 5.0, 10.0, 30.0)


class Device(Protocol):
    """The part of audio.capture.Microphone that is used here."""

    @property
    def name(self) -> str:
        """The device's own name."""
        ...

    def open(self) -> None:
        """Start to listen. Raises DictationError."""
        ...

    def close(self) -> None:
        """Stop to listen."""
        ...


_Wish = Literal["open", "close", "lost", "end"]


class MicrophoneKeeper:
    """Keeps the microphone as it is wanted, without ever making the main thread wait.

    With `keep_open` it is open from start to end, and tried again when it is lost; otherwise only
    while it is wanted. `make(lost)` builds the device; `lost(reason)` may be called from any
    thread.
    """

    def __init__(
        self,
        make: Callable[[Callable[[str], None]], Device],
        emit: Callable[[Event], None],
        *,
        keep_open: bool,
        retry_seconds: tuple[float, ...] = _RETRY_SECONDS,
    ) -> None:
        self._device = make(self._lost)
        self._emit = emit
        self._keep_open = keep_open
        self._retry_seconds = retry_seconds
        self._wishes: SimpleQueue[_Wish] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="microphone-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread; with `keep_open` it opens the microphone."""
        self._thread.start()
        if self._keep_open:
            self._wishes.put("open")

    def want(self) -> None:
        """Somebody wants to speak: the microphone is to be open."""
        self._wishes.put("open")

    def release(self) -> None:
        """Nobody speaks."""
        if not self._keep_open:
            self._wishes.put("close")

    def close(self, patience: float = 3.0) -> None:
        """Close the microphone and end the thread."""
        self._wishes.put("end")
        self._thread.join(patience)

    def _lost(self, reason: str) -> None:
        self._emit(DeviceLost(reason))
        self._wishes.put("lost")

    def _run(self) -> None:
        is_open = False
        failures = 0
        while True:
            waiting = self._keep_open and not is_open and failures > 0
            match self._next(failures if waiting else 0):
                case "open" if not is_open:
                    is_open = self._open()
                    failures = 0 if is_open else 1
                case "lost" | "close" as wish:
                    self._device.close()
                    is_open = False
                    failures = 1 if wish == "lost" else 0
                case "end":
                    self._device.close()
                    return
                case None:
                    is_open = self._open(again=True)
                    failures = 0 if is_open else failures + 1

    def _next(self, failures: int) -> _Wish | None:
        """The next wish, or None when it is time to try again."""
        if failures == 0:
            return self._wishes.get()
        try:
            seconds = self._retry_seconds[min(failures, len(self._retry_seconds)) - 1]
            return self._wishes.get(timeout=seconds)
        except Empty:
            return None

    def _open(self, *, again: bool = False) -> bool:
        try:
            self._device.open()
        except DictationError as error:
            # The user was told when it was lost; trying again in vain is no news.
            if not again:
                self._emit(DeviceLost(str(error)))
            return False
        self._emit(DeviceReady(self._device.name))
        return True
