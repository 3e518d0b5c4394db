"""From any sample rate and number of channels to the mono 16 kHz of this program."""

import numpy as np
import soxr
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE

_AUDIBLE_POWER = 1e-8


class Converter:
    """A stream of sound from `rate` Hz and any channels to mono at `SAMPLE_RATE`.

    Channels are averaged. Where that would cancel them (opposite phase, as from a balanced cable
    or a karaoke mix), the louder channel alone is taken. Which of the two is decided on the first
    block that is not silent and kept, so that nothing jumps in mid-word.
    """

    def __init__(self, rate: int) -> None:
        self._resampler = (
            None
            if rate == SAMPLE_RATE
            else soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        )
        self._mix: NDArray[np.float32] | None = None

    def convert(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples of shape (time, channels); return the mono samples that are ready.

        Values that are not numbers become silence, and what is beyond full scale is clipped.
        """
        return self._resampled(self._to_mono(samples), last=False)

    def finish(self) -> NDArray[np.float32]:
        """Return what the resampler still holds; the converter is spent."""
        return self._resampled(np.zeros(0, dtype=np.float32), last=True)

    def _to_mono(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        channels = samples.shape[1]
        finite = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
        if channels == 1:
            return finite[:, 0]
        # Some formats change their channels on the way (chained Ogg): then decide again.
        if self._mix is None or len(self._mix) != channels:
            weights, settled = _mixing_weights(finite)
            self._mix = weights if settled else None
            return finite @ weights
        return finite @ self._mix

    def _resampled(self, mono: NDArray[np.float32], last: bool) -> NDArray[np.float32]:
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono, last=last)
        return np.clip(mono, -1.0, 1.0)


def _mixing_weights(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], bool]:
    """Weights of the channels, and whether there was enough sound to judge by."""
    channels = samples.shape[1]
    average = np.full(channels, 1.0 / channels, dtype=np.float32)
    powers = np.mean(np.square(samples), axis=0) if len(samples) else np.zeros(channels)
    loudest = int(np.argmax(powers))
    if powers[loudest] < _AUDIBLE_POWER:
        return average, False
    # Independent channels leave 1/channels of their mean power in the average; half of that means
    # that they work against each other.
    left_over = float(np.mean(np.square(samples @ average)))
    if left_over >= 0.5 * float(np.mean(powers)) / channels:
        return average, True
    alone = np.zeros(channels, dtype=np.float32)
    alone[loudest] = 1.0
    return alone, True
