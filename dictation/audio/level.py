"""How loud the microphone is, for meters."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS = -96.0

Deliver = Callable[[NDArray[np.float32], float], None]


def level_of(samples: NDArray[np.float32]) -> float:
    """The level of samples (n,) in dBFS: 0 for a full-scale square wave, -96 for silence."""
    if not len(samples):
        return SILENCE_DBFS
    power = float(np.dot(samples, samples)) / len(samples)
    return max(SILENCE_DBFS, 10.0 * float(np.log10(power + 1e-12)))


class SpeechLevel:
    """Whether the speech of an utterance is too loud or too soft for the microphone's settings.

    Too loud: more than one sample in a thousand is at the end of the scale. Too soft: below
    -56 dBFS on the whole; some 6 dB further down WebRTC's detector misses voice.
    """

    _CLIPPED = 0.99
    _CLIPPED_SHARE = 0.001
    _LOW_DBFS = -56.0

    def __init__(self) -> None:
        self._count = 0
        self._clipped = 0
        self._energy = 0.0

    def add(self, samples: NDArray[np.float32]) -> None:
        """Take more of the utterance."""
        self._count += len(samples)
        self._clipped += int(np.count_nonzero(np.abs(samples) >= self._CLIPPED))
        self._energy += float(np.dot(samples, samples))

    @property
    def fault(self) -> Literal["clipped", "low"] | None:
        """What is wrong with it, None when it is well, or nothing was said."""
        if self._count == 0:
            return None
        if self._clipped > self._CLIPPED_SHARE * self._count:
            return "clipped"
        level = 10.0 * float(np.log10(self._energy / self._count + 1e-12))
        return "low" if level < self._LOW_DBFS else None


class LevelMeter:
    """Passes blocks on to `deliver` and remembers how loud the last one was."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._last: NDArray[np.float32] | None = None

    @property
    def level(self) -> float:
        """The last block's level in dBFS."""
        # Measured when asked for: between dictations nobody does.
        return SILENCE_DBFS if self._last is None else level_of(self._last)

    def hear(self, samples: NDArray[np.float32], captured_at: float) -> None:
        """Take a block and pass it on."""
        self._last = samples
        self._deliver(samples, captured_at)
