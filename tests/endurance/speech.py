"""What is said: a fixed set of recordings, over and over, each time in another order."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from dictation.training.manifest import read_manifest
from tests.recordings import recordings

_LEAST_SECONDS = 1.5
"""Shorter ones are single words, of which a model may rightly hear nothing."""


@dataclass(frozen=True)
class Spoken:
    """A recording, what is said in it, and how long it is in seconds."""

    name: str
    path: Path
    text: str
    seconds: float

    def samples(self) -> NDArray[np.float32]:
        """Its sound at `SAMPLE_RATE`."""
        return np.concatenate(list(read_audio(self.path)))


def choose(manifests: Sequence[Path], minutes: float, seed: int) -> list[Spoken]:
    """The bundled recordings and, of the manifests, as many as make up so many minutes."""
    chosen = [_bundled(each.path, each.written) for each in recordings().values()]
    others = [
        Spoken(f"{path.parent.name}/{each.audio.stem}", each.audio, each.written, each.duration)
        for path in manifests
        for each in read_manifest(path)
        if each.language is not None and each.duration >= _LEAST_SECONDS
    ]
    random.Random(seed).shuffle(others)
    total = sum(each.seconds for each in chosen)
    for each in others:
        if total >= 60 * minutes:
            break
        chosen.append(each)
        total += each.seconds
    return chosen


def for_ever(spoken: Sequence[Spoken], seed: int) -> Iterator[Spoken]:
    """All of them, then all of them again in another order, and so on."""
    order = random.Random(seed)
    while True:
        yield from order.sample(list(spoken), len(spoken))


def _bundled(path: Path, text: str) -> Spoken:
    samples = np.concatenate(list(read_audio(path)))
    return Spoken(path.stem, path, text, len(samples) / SAMPLE_RATE)
