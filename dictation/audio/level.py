"""How loud the microphone is, for meters."""

from collections.abc import Callable

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
