"""The short sounds at start, stop and error."""

import logging
import threading
import time
import wave
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from queue import SimpleQueue
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

SoundName = Literal["start", "stop", "error"]

_log = logging.getLogger(__name__)


class Sounds(Protocol):
    """What plays the sounds."""

    def play(self, name: SoundName, after: float = 0.0) -> None:
        """Play one, `after` so many seconds; returns at once."""
        ...

    def close(self) -> None:
        """Play nothing more."""
        ...


class NoSounds:
    """For those who like it quiet."""

    def play(self, name: SoundName, after: float = 0.0) -> None:
        """Play nothing."""

    def close(self) -> None:
        """Nothing to end."""


class SoundPlayer:
    """Plays through the default output, one after the other, in a thread of its own.

    `deaf` is held while a sound is played, so that it is not taken for speech. What cannot be
    played is told once, in the log.
    """

    def __init__(
        self, folder: Path, volume: float, deaf: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._folder = folder
        self._volume = volume
        self._deaf = deaf
        self._orders: SimpleQueue[tuple[SoundName, float] | None] = SimpleQueue()
        self._told = False
        self._thread = threading.Thread(target=self._run, name="sounds", daemon=True)
        self._thread.start()

    def play(self, name: SoundName, after: float = 0.0) -> None:
        """Play one, `after` so many seconds; returns at once."""
        self._orders.put((name, time.monotonic() + after))

    def close(self) -> None:
        """Finish what was ordered, and end the thread."""
        self._orders.put(None)
        self._thread.join(2.0)

    def _run(self) -> None:
        while (order := self._orders.get()) is not None:
            name, due = order
            time.sleep(max(0.0, due - time.monotonic()))
            self._play(*read_sound(self._folder / f"{name}.wav"))

    def _play(self, samples: NDArray[np.float32], rate: int) -> None:
        # Imported where it is used: it starts PortAudio.
        import sounddevice

        try:
            with (
                self._deaf(),
                sounddevice.OutputStream(rate, channels=1, dtype="float32", latency="low") as out,
            ):
                out.write((samples * self._volume)[:, None])
        except (sounddevice.PortAudioError, OSError) as error:
            if not self._told:
                _log.warning("sounds cannot be played: %s", error)
            self._told = True


def read_sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """The samples (n,) and the rate in Hz of a 16-bit mono WAV file."""
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return samples.astype(np.float32) / 32768.0, file.getframerate()
