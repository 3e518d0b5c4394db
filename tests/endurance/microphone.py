"""A microphone that runs faster than the clock.

PulseAudio's pipe source has no clock: it hands on what is written into its pipe when it comes. The
daemon counts samples, so it hears the same sound as from any other microphone, sooner.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from tests import pulse
from tests.pulse import SOURCE, VirtualMicrophone

_BLOCK = SAMPLE_RATE * 40 // 1000


class FastMicrophone:
    """Says what it is given, `speed` times as fast as it was spoken, and silence in between."""

    def __init__(self, sound: VirtualMicrophone, speed: float) -> None:
        self.environment = sound.environment
        self._pipe = sound.folder / "pipe"
        self._speed = speed
        self._words = threading.Condition()
        self._waiting: NDArray[np.int16] | None = None
        self._ended = False
        sound.unload()
        sound.control(
            "load-module", "module-pipe-source", f"source_name={SOURCE}", f"file={self._pipe}",
            "format=s16le", f"rate={SAMPLE_RATE}", "channels=1",
            "source_properties=device.description=Microphone",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def say(self, samples: NDArray[np.float32]) -> float:
        """Say it; the monotonic time at which its last sample was handed over."""
        with self._words:
            self._waiting = np.rint(samples * 32767).astype("<i2")
            while self._waiting is not None and not self._ended:
                self._words.wait()
        return time.monotonic()

    def close(self) -> None:
        """Fall silent for good."""
        with self._words:
            self._ended = True
            self._words.notify_all()
        self._thread.join()

    def _feed(self) -> None:
        silence = np.zeros(_BLOCK, "<i2")
        pipe = os.open(self._pipe, os.O_WRONLY)
        due = time.monotonic()
        while not self._ended:
            with self._words:
                block = silence if self._waiting is None else self._waiting[:_BLOCK]
            with suppress(BrokenPipeError):
                os.write(pipe, block.tobytes())
            # A machine that was busy is not to catch up: what is late stays late.
            due = max(due + len(block) / SAMPLE_RATE / self._speed, time.monotonic() - 0.01)
            time.sleep(max(0.0, due - time.monotonic()))
            with self._words:
                if self._waiting is not None and block is not silence:
                    rest = self._waiting[len(block) :]
                    self._waiting = rest if len(rest) else None
                    self._words.notify_all()
        os.close(pipe)


@contextmanager
def fast_microphone(speed: float) -> Iterator[FastMicrophone]:
    """A sound server of its own with such a microphone."""
    with pulse.virtual_microphone() as sound:
        microphone = FastMicrophone(sound, speed)
        try:
            yield microphone
        finally:
            microphone.close()
