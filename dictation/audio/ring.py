"""A buffer of fixed size that remembers the newest audio."""

import numpy as np
from numpy.typing import NDArray


class RingBuffer:
    """The last `capacity` samples written, for sound from before the moment it was asked for.

    Not locked: one thread writes and reads. Raises ValueError for a capacity below 1.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1 sample, not {capacity}")
        self._samples: NDArray[np.float32] = np.zeros(capacity, dtype=np.float32)
        self._next = 0
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    def write(self, samples: NDArray[np.float32]) -> None:
        """Add samples; of more than fit, the newest stay."""
        capacity = len(self._samples)
        kept = samples[-capacity:]
        until_wrap = min(len(kept), capacity - self._next)
        self._samples[self._next : self._next + until_wrap] = kept[:until_wrap]
        self._samples[: len(kept) - until_wrap] = kept[until_wrap:]
        self._next = (self._next + len(kept)) % capacity
        self._filled = min(capacity, self._filled + len(kept))

    def latest(self, count: int) -> NDArray[np.float32]:
        """Return a copy of the newest `count` samples (or all there are), oldest first."""
        length = min(count, self._filled)
        if length <= 0:
            return np.zeros(0, dtype=np.float32)
        first = (self._next - length) % len(self._samples)
        end = first + length
        if end <= len(self._samples):
            return self._samples[first:end].copy()
        return np.concatenate((self._samples[first:], self._samples[: end - len(self._samples)]))

    def clear(self) -> None:
        """Forget everything; the samples themselves are overwritten, not only hidden."""
        self._samples.fill(0.0)
        self._next = self._filled = 0
