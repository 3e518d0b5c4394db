"""The thread that opens the microphone, closes it, and gets it back when it was unplugged."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal, Protocol

from dictation.audio.server import ServerView
from dictation.errors import DictationError
from dictation.events import DeviceLost, DeviceReady, Event, MicrophonesChanged

_RETRY_SECONDS = (1.0, 1.0, 2.0, 5.0, 10.0, 30.0)


class Device(Protocol):
    """The part of audio.capture.Microphone that is used here."""

    @property
    def name(self) -> str:
        """The device's own name."""
        ...

    @property
    def follows_default(self) -> bool:
        """Whether the sound server may give it another source when the default changes."""
        ...

    @property
    def source(self) -> str | None:
        """What the sound server calls it, None while it is closed or without such a server."""
        ...

    def rest(self, resting: bool) -> None:
        """Deliver seldom, or at once."""
        ...

    def open(self) -> None:
        """Start to listen. Raises DictationError."""
        ...

    def close(self) -> None:
        """Stop to listen."""
        ...


@dataclass(frozen=True, slots=True)
class _Use:
    name: str


_Wish = Literal["open", "close", "lost", "forbid", "allow", "end"] | _Use | ServerView


class MicrophoneKeeper:
    """Keeps the microphone as it is wanted, without ever making the main thread wait.

    With `keep_open` it is open from start to end, and tried again when it is lost; otherwise only
    while it is wanted. `make(name, lost)` builds the device; `lost(reason)` may be called from any
    thread. `name` is that of the first device. What the sound server does with the microphone is
    told to it by `server_changed`.
    """

    def __init__(
        self,
        make: Callable[[str, Callable[[str], None]], Device],
        emit: Callable[[Event], None],
        *,
        name: str,
        keep_open: bool,
        retry_seconds: tuple[float, ...] = _RETRY_SECONDS,
    ) -> None:
        self._make = make
        self._emit = emit
        self._keep_open = keep_open
        self._retry_seconds = retry_seconds
        self._wishes: SimpleQueue[_Wish] = SimpleQueue()
        self._device = make(name, self._lost)
        self._resting = keep_open
        self._device.rest(self._resting)
        self._open = False
        self._wanted = keep_open
        self._allowed = True
        self._failures = 0
        self._view = ServerView()
        self._source: str | None = None
        self._thread = threading.Thread(target=self._run, name="microphone-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread; with `keep_open` it opens the microphone."""
        self._thread.start()
        if self._keep_open:
            self._wishes.put("open")

    def want(self) -> None:
        """Somebody wants to speak: the microphone is to be open, and its sound to come at once."""
        self._rest(False)
        self._wishes.put("open")

    def release(self) -> None:
        """Nobody speaks."""
        self._rest(True)
        if not self._keep_open:
            self._wishes.put("close")

    def use(self, name: str) -> None:
        """Change to another microphone; an empty name is the system's default."""
        self._wishes.put(_Use(name))

    def forbid(self) -> None:
        """Keep it closed, whatever is wanted."""
        self._wishes.put("forbid")

    def allow(self) -> None:
        """It may be open again, and is if it is wanted."""
        self._wishes.put("allow")

    def server_changed(self, view: ServerView) -> None:
        """The sound server looks different now."""
        self._wishes.put(view)

    def close(self, patience: float = 3.0) -> None:
        """Close the microphone and end the thread."""
        self._wishes.put("end")
        self._thread.join(patience)

    def _rest(self, resting: bool) -> None:
        self._resting = resting
        self._device.rest(resting)

    def _lost(self, reason: str) -> None:
        self._emit(DeviceLost(reason))
        self._wishes.put("lost")

    def _run(self) -> None:
        while True:
            match self._next():
                case "end":
                    self._device.close()
                    return
                case None:
                    self._try(again=True)
                case "lost":
                    self._shut()
                    self._failures = 1
                case ServerView() as view:
                    self._look(view)
                case wish:
                    self._follow(wish)

    def _follow(self, wish: Literal["open", "close", "forbid", "allow"] | _Use) -> None:
        match wish:
            case "open" | "close":
                self._wanted = wish == "open"
            case "forbid" | "allow":
                self._allowed = wish == "allow"
            case _Use(name):
                self._shut()
                self._device = self._make(name, self._lost)
                self._device.rest(self._resting)
        if not (self._wanted and self._allowed):
            self._shut()
        elif not self._open:
            self._try()

    def _next(self) -> _Wish | None:
        """The next wish, or None when it is time to try again."""
        waits = self._keep_open and self._allowed and not self._open and self._failures > 0
        if not waits:
            return self._wishes.get()
        try:
            turn = min(self._failures, len(self._retry_seconds)) - 1
            return self._wishes.get(timeout=self._retry_seconds[turn])
        except Empty:
            return None

    def _look(self, view: ServerView) -> None:
        """Notice what PortAudio does not tell: its stream goes on, with other sound or none."""
        before, self._view = self._view, view
        if view.microphones != before.microphones:
            self._emit(MicrophonesChanged(view.microphones))
            if self._wanted and self._allowed and not self._open and self._failures:
                self._try(again=True)
        if self._open and view.unlinked and not self._device.follows_default:
            self._give_up(f"{self._source or self._device.name} is gone")
        if not self._open or view.ours is None:
            return
        if view.suspended:
            self._give_up(f"{view.ours} is suspended")
        elif view.ours != self._source and self._device.follows_default:
            self._source = view.ours
            self._emit(DeviceReady(view.ours, moved=True))
        elif view.ours != self._source:
            self._give_up(f"{self._source or self._device.name} is gone")

    def _give_up(self, reason: str) -> None:
        self._shut()
        self._failures = 1
        self._emit(DeviceLost(reason))

    def _shut(self) -> None:
        self._device.close()
        self._open = False
        self._source = None
        self._failures = 0

    def _try(self, *, again: bool = False) -> None:
        try:
            self._device.open()
        except DictationError as error:
            self._failures += 1
            # The user was told when it was lost; trying again in vain is no news.
            if not again:
                self._emit(DeviceLost(str(error)))
            return
        self._open, self._failures = True, 0
        self._source = self._device.source
        self._emit(DeviceReady(self._device.name))
