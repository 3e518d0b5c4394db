"""The microphone: an open stream that hands over what it hears and says when it falls silent."""

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.conversion import Converter
from dictation.audio.devices import MicrophoneInfo, find_microphone, portaudio, rescan
from dictation.audio.errors import AudioDeviceError
from dictation.audio.server import recorded_source

__all__ = ["AudioDeviceError", "Microphone", "MicrophoneSettings"]

_MOST_CHANNELS: Final = 2
_SOURCE_VARIABLE: Final = "PULSE_SOURCE"


@dataclass(frozen=True, slots=True)
class MicrophoneSettings:
    """How the microphone is listened to, in seconds.

    block_seconds: sound in each delivery; halving it doubles what an idle microphone costs (see
    `dictation bench --daemon`), and every caption waits for the end of a block.
    resting_seconds: sound in each delivery while it rests.
    silent_seconds: time without a callback after which the device counts as lost.
    first_seconds: time that opening may take until the first sound.
    """

    block_seconds: float = 0.08
    resting_seconds: float = 0.4
    silent_seconds: float = 1.0
    first_seconds: float = 3.0


class _Sound:
    """In the queue: there are blocks to deliver."""


class _NoSoundError(AudioDeviceError):
    """The device is there, and silent."""


class _Stream(Protocol):
    """What is used of sounddevice's InputStream."""

    def start(self) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...


class _Finished:
    """In the queue: PortAudio says that the stream has ended."""


class _Closed:
    """In the queue: the owner closes the microphone."""


class Microphone:
    """One input device as mono float32 at `SAMPLE_RATE`.

    `deliver(samples, captured_at)` gets each block and the monotonic time at which its last sample
    had been heard; `lost(reason)` is called once when the device stops. Both are called from a
    thread of the microphone, never from PortAudio's callback, which only copies. What the sound
    server does with the source behind PortAudio's back is for audio.server to see.
    """

    def __init__(
        self,
        device: str | None,
        deliver: Callable[[NDArray[np.float32], float], None],
        lost: Callable[[str], None],
        *,
        settings: MicrophoneSettings | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._device = device
        self._deliver = deliver
        self._lost = lost
        self._settings = settings or MicrophoneSettings()
        self._clock = clock
        self._session: _Session | None = None
        self._resting = False

    @property
    def name(self) -> str:
        """The device's own name, or what was asked for while it is closed.

        Of the default it is what the sound server calls that microphone now.
        """
        if self._session is None:
            return self._device or "default"
        return (self.follows_default and self.source) or self._session.info.name

    @property
    def source(self) -> str | None:
        """What the sound server called it when it was opened; None without such a server."""
        return self._session.source if self._session else None

    @property
    def follows_default(self) -> bool:
        """Whether the sound server may give it another source when the default changes."""
        return self._session is not None and self._session.info.is_default

    @property
    def rate(self) -> int | None:
        """The rate in Hz at which the device is read, None while it is closed."""
        return self._session.rate if self._session else None

    @property
    def last_callback(self) -> float | None:
        """Monotonic time of the last sign of life of the device, None while it is closed."""
        return self._session.last_callback if self._session else None

    def open(self) -> None:
        """Start to listen and wait for the first sound; nothing happens when it is open already.

        Raises AudioDeviceError.
        """
        if self._session is not None:
            return
        try:
            self._session = self._open()
        except _NoSoundError:
            raise
        except AudioDeviceError:
            # It may have been plugged in, or again, since PortAudio last looked.
            rescan()
            self._session = self._open()
        self._session.rest(self._resting)

    def rest(self, resting: bool) -> None:
        """Deliver seldom while nobody waits for the sound, which costs less; none is lost."""
        self._resting = resting
        if self._session is not None:
            self._session.rest(resting)

    def close(self) -> None:
        """Stop to listen and deliver what was heard; may be called from `lost`, and twice."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _open(self) -> "_Session":
        info = find_microphone(self._device)
        return _open(info, self._deliver, self._lost, self._settings, self._clock)


class _Session:
    """The stream of one device from its opening to its end, with the thread that serves it."""

    def __init__(
        self,
        info: MicrophoneInfo,
        rate: int,
        deliver: Callable[[NDArray[np.float32], float], None],
        lost: Callable[[str], None],
        settings: MicrophoneSettings,
        clock: Callable[[], float],
    ) -> None:
        self.info = info
        self.rate = rate
        self.last_callback = clock()
        self._deliver = deliver
        self._lost = lost
        self._settings = settings
        self._clock = clock
        self._begun = threading.Event()
        self.source: str | None = None
        self._resting = False
        self._blocks: deque[NDArray[np.float32]] = deque()
        self._at_rest = round(settings.resting_seconds / settings.block_seconds)
        self._stream: _Stream | None = None
        self._queue: queue.SimpleQueue[_Sound | _Finished | _Closed] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="microphone", daemon=True)

    def start(self, stream: _Stream) -> None:
        self._stream = stream
        try:
            stream.start()
        except portaudio().PortAudioError:
            stream.close()
            raise

    def serve(self) -> None:
        """Deliver what comes, once anything does: a suspended source can be opened too."""
        if not self._begun.wait(self._settings.first_seconds):
            self.close()
            raise _NoSoundError(f"The microphone '{self.info.name}' gives no sound")
        self.source = recorded_source()
        self._thread.start()

    def close(self) -> None:
        # abort() and not stop(): stop() waits for buffers of a device that may be gone.
        if self._stream is not None:
            with suppress(portaudio().PortAudioError):
                self._stream.abort()
            with suppress(portaudio().PortAudioError):
                self._stream.close()
        self._queue.put(_Closed())
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join()

    def heard(
        self, samples: NDArray[np.float32], _frames: int, _time: object, _status: object
    ) -> None:
        now = self._clock()
        self.last_callback = now
        self._blocks.append(samples.copy())
        # The thread behind the queue costs as much as all of PortAudio each time it wakes.
        if not self._resting or len(self._blocks) >= self._at_rest:
            self._queue.put(_Sound())
        self._begun.set()

    def rest(self, resting: bool) -> None:
        self._resting = resting
        self._queue.put(_Sound())

    def finished(self) -> None:
        self._queue.put(_Finished())

    def _serve(self) -> None:
        converter = Converter(self.rate)
        while True:
            item = self._next()
            match item:
                case _Sound():
                    self._hand_over(converter)
                case _Finished() if not self._closing():
                    self._lost(f"The microphone '{self.info.name}' was disconnected")
                    return
                case _Finished() | _Closed():
                    self._hand_over(converter)
                    rest = converter.finish()
                    if len(rest):
                        self._deliver(rest, self.last_callback)
                    return
                case None:
                    self._lost(f"The microphone '{self.info.name}' has stopped to give sound")
                    return

    def _hand_over(self, converter: Converter) -> None:
        captured_at = self.last_callback
        blocks = [self._blocks.popleft() for _ in range(len(self._blocks))]
        if not blocks:
            return
        ready = converter.convert(blocks[0] if len(blocks) == 1 else np.concatenate(blocks))
        if len(ready):
            self._deliver(ready, captured_at)

    def _next(self) -> _Sound | _Finished | _Closed | None:
        """Return the next item, or None when the device has been silent for too long."""
        limit = self._settings.silent_seconds
        since = self.last_callback
        while True:
            asked = self._clock()
            patience = max(0.0, limit - (asked - since))
            try:
                return self._queue.get(timeout=patience)
            except queue.Empty:
                now = self._clock()
                # Who sleeps longer than it wanted has stood still, and the device is not to blame.
                overslept = now - asked - patience >= limit
                since = now if overslept else max(since, self.last_callback)
                if now - since >= limit:
                    return None

    def _closing(self) -> bool:
        # PortAudio also reports the end that close() itself brings about.
        try:
            return isinstance(self._queue.get(timeout=0.1), _Closed)
        except queue.Empty:
            return False


def _open(
    info: MicrophoneInfo,
    deliver: Callable[[NDArray[np.float32], float], None],
    lost: Callable[[str], None],
    settings: MicrophoneSettings,
    clock: Callable[[], float],
) -> _Session:
    sound = portaudio()
    refusal = ""
    for rate, channels in _formats(info):
        session = _Session(info, rate, deliver, lost, settings, clock)
        try:
            with _quiet_stderr(), _recording_from(info.source):
                stream = sound.InputStream(
                    device=info.index,
                    samplerate=rate,
                    channels=channels,
                    dtype="float32",
                    blocksize=round(settings.block_seconds * rate),
                    latency="low",
                    callback=session.heard,
                    finished_callback=session.finished,
                )
                session.start(stream)
        except sound.PortAudioError as error:
            refusal = str(error).partition(" [PaErrorCode")[0]
            continue
        session.serve()
        return session
    raise AudioDeviceError(
        f"The microphone '{info.name}' cannot be opened ({refusal}): another program may hold it; "
        "'dictation devices' lists the others"
    )


def _formats(info: MicrophoneInfo) -> list[tuple[int, int]]:
    """Rates in Hz and channels to try, the best first."""
    several = min(info.channels, _MOST_CHANNELS)
    wishes = [(rate, n) for rate in (SAMPLE_RATE, info.default_rate) for n in (1, several)]
    return list(dict.fromkeys(wishes))


@contextmanager
def _recording_from(source: str | None) -> Iterator[None]:
    """Let libpulse, which is behind the device, record from a source of that name.

    Replacing a variable that is there moves no memory that another thread may just read; so it
    stays there afterwards, with the name that stands for the default.
    """
    if source is None and _SOURCE_VARIABLE not in os.environ:
        yield
        return
    os.environ[_SOURCE_VARIABLE] = source or "@DEFAULT_SOURCE@"
    try:
        yield
    finally:
        os.environ[_SOURCE_VARIABLE] = "@DEFAULT_SOURCE@"


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep PortAudio and ALSA, which print each refused format, off the user's terminal."""
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
