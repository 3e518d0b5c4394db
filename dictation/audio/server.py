"""What PulseAudio (or PipeWire in its place) says of its microphones, which PortAudio cannot see.

Recipe: PulseAudio's native protocol through pulsectl: subscribe to changes, look again after each.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulsectl import Pulse, PulseSourceInfo

_RECONNECT_SECONDS = 2.0
_UNLINKED_SECONDS = 0.5
_NOT_A_MONITOR = 0xFFFFFFFF  # PA_INVALID_INDEX


@dataclass(frozen=True, slots=True)
class ServerView:
    """The microphones of a sound server, by the names it shows to people.

    `ours`: the one this process records from, None while it does not; `suspended`: whether that
    one gives no sound; `unlinked`: this process records, but from none (PipeWire, for a moment).
    """

    microphones: tuple[str, ...] = ()
    ours: str | None = None
    suspended: bool = False
    unlinked: bool = False


class ServerWatch:
    """Tells `changed` what the server looks like, at first and after each change.

    A thread of its own that sleeps meanwhile. A server that goes away is waited for; without one,
    or without libpulse, nothing is ever told. `changed` is called from the thread.
    """

    def __init__(self, changed: Callable[[ServerView], None]) -> None:
        self._changed = changed
        self._ended = threading.Event()
        self._stop_listening: Callable[[], None] = _nothing
        self._seen: ServerView | None = None
        self._thread = threading.Thread(target=self._run, name="sound-server", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        while self._thread.is_alive():
            # It may have been about to listen: then it did not hear this.
            self._stop_listening()
            self._thread.join(0.05)

    def _run(self) -> None:
        pulsectl = _library()
        while pulsectl is not None and not self._ended.is_set():
            try:
                with pulsectl.Pulse("dictation") as pulse:
                    self._watch(pulsectl, pulse)
            except (pulsectl.PulseError, pulsectl.PulseDisconnected):
                self._stop_listening = _nothing
            self._ended.wait(_RECONNECT_SECONDS)

    def _watch(self, pulsectl: ModuleType, pulse: "Pulse") -> None:
        def look(_: object) -> None:
            raise pulsectl.PulseLoopStop

        pulse.event_mask_set("source", "source_output", "server")
        pulse.event_callback_set(look)
        self._stop_listening = pulse.event_listen_stop
        while not self._ended.is_set():
            view = _look(pulse)
            if view != self._seen:
                self._seen = view
                self._changed(view)
            # PipeWire does not tell when it has found another source for the stream.
            pulse.event_listen(_UNLINKED_SECONDS if view.unlinked else None)
        self._stop_listening = _nothing


def list_sources() -> dict[str, str]:
    """The microphones of the sound server: their own names by those it shows to people.

    Empty without a server.
    """
    pulsectl = _library()
    if pulsectl is None:
        return {}
    try:
        with pulsectl.Pulse("dictation") as pulse:
            return {source.description: source.name for source in _microphones(pulse)}
    except (pulsectl.PulseError, pulsectl.PulseDisconnected):
        return {}


def recorded_source() -> str | None:
    """The microphone that this process records from, by the name shown to people.

    None when it records from none, or none of a sound server.
    """
    pulsectl = _library()
    if pulsectl is None:
        return None
    try:
        with pulsectl.Pulse("dictation") as pulse:
            return _look(pulse).ours
    except (pulsectl.PulseError, pulsectl.PulseDisconnected):
        return None


def _library() -> ModuleType | None:
    """The module pulsectl, None where there is no libpulse, hence no server it could reach."""
    try:
        import pulsectl
    except (ImportError, OSError):
        return None
    module: ModuleType = pulsectl
    return module


def _look(pulse: "Pulse") -> ServerView:
    process = str(os.getpid())
    outputs = pulse.source_output_list()
    ours = [each for each in outputs if each.proplist.get("application.process.id") == process]
    index = ours[-1].source if ours else None
    source = next((each for each in pulse.source_list() if each.index == index), None)
    return ServerView(
        microphones=tuple(each.description for each in _microphones(pulse)),
        ours=None if source is None else source.description,
        suspended=source is not None and source.state == "suspended",
        unlinked=bool(ours) and source is None,
    )


def _microphones(pulse: "Pulse") -> "list[PulseSourceInfo]":
    return [each for each in pulse.source_list() if each.monitor_of_sink == _NOT_A_MONITOR]


def _nothing() -> None:
    pass
