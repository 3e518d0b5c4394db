"""Keeps the program's own sounds out of what is heard."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.level import Deliver

_TAIL_SECONDS = 0.15
"""A room and a sound server go on for so long after the last sample was played."""


class Muffler:
    """Passes blocks on to `deliver`, with silence in place of what came while `deaf` was held."""

    def __init__(
        self,
        deliver: Deliver,
        *,
        tail_seconds: float = _TAIL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deliver = deliver
        self._tail_seconds = tail_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._spans: list[tuple[float, float]] = []

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Hear nothing meanwhile, and a moment longer."""
        began = self._clock()
        with self._lock:
            self._spans.append((began, float("inf")))
        try:
            yield
        finally:
            ended = self._clock() + self._tail_seconds
            with self._lock:
                self._spans.remove((began, float("inf")))
                self._spans.append((began, ended))

    def hear(self, samples: NDArray[np.float32], captured_at: float) -> None:
        """Take a block whose last sample was heard at `captured_at`, and pass it on."""
        began = captured_at - len(samples) / SAMPLE_RATE
        with self._lock:
            self._spans = [span for span in self._spans if span[1] > began - 1.0]
            spans = [span for span in self._spans if span[0] < captured_at and span[1] > began]
        if spans:
            samples = samples.copy()
        for start, end in spans:
            first = max(0, int((start - began) * SAMPLE_RATE))
            last = min(len(samples), round(min(end - began, 1e6) * SAMPLE_RATE))
            samples[first:last] = 0.0
        self._deliver(samples, captured_at)
