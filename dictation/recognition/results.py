"""What is given to a stream of recognition, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dictation.decoding.prefix_beam import Context
from dictation.events import Language, TimedWord

Samples = NDArray[np.float32]

FEATURE_RATE = 100
"""Feature frames a second."""
LANGUAGES: tuple[Language, ...] = ("zh", "en", "mix")
"""The classes of the language head, in its order."""
SILENCE = 9_600
"""Samples of silence that a model of Whisper's kind hears after what was said: its decoder goes on
writing where a recording breaks off with the last word, as it has seldom heard one that does."""


@dataclass(frozen=True)
class PartialResult:
    """The caption so far: `stable` stays, `unstable` may still change; the language is None until
    there is enough speech to tell. `trailing_blank`: seconds of CTC's blank at its end."""

    stable: str
    unstable: str
    language: Language | None
    trailing_blank: float = 0.0

    @property
    def text(self) -> str:
        """The whole caption."""
        return self.stable + self.unstable


@dataclass(frozen=True)
class Recognition:
    """A finished utterance. `text` as written; `words`: the best CTC hypothesis, as spoken, of the
    second pass; `first_pass`: that of the first pass; `confidence` in 0..1; `timed`: the
    words of the text, each with its time; `decoder_passes`: runs of the decoder it took."""

    text: str
    words: str
    first_pass: str
    language: Language
    confidence: float
    timed: tuple[TimedWord, ...] = ()
    decoder_passes: int = 0


@dataclass(frozen=True)
class CaptionSearch:
    """What guides a search of CTC for captions, one for each utterance, and how many prefixes that
    search keeps."""

    context: Callable[[], Context | None]
    beam: int


@dataclass(frozen=True)
class StreamSettings:
    """Encoder frames in a chunk, chunks of the past that are attended to (-1: all), what is spoken
    (None: the model tells), the probability from which on a frame counts as blank, and how CTC is
    searched for captions (None: its best path is taken).

    `window`: so many chunks, at most, are encoded as one; until the last of them has come, those
    that are there are encoded as if it were they alone, and again with the next. The states of a
    stream are those of chunks as long as the window, its captions as early as those of a chunk.
    """

    chunk_size: int
    left_context: int
    language: Language | None
    blank_threshold: float
    search: CaptionSearch | None = None
    window: int = 1


@dataclass(frozen=True)
class Captioned:
    """What the captions of an utterance ended with, in words, and which language they took it for
    (None: there was too little speech to tell, or there were no captions)."""

    words: str
    language: Language | None = None


Decide = Callable[[Tensor, Captioned, Language | None], Recognition]
"""From all frames (T, F) of an utterance, what its captions made of it and what is spoken (None:
the model tells), to the finished text."""
