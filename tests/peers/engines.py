"""Recognisers behind one interface: each hears an utterance as a microphone would bring it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dictation.config import ModelSection, RecognitionSection

RATE = 16_000
CHUNK_SECONDS = RecognitionSection().chunk_ms / 1000
"""The program's own, by default."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """What an engine made of an utterance.

    `caption`: its last text before the end, None without captions. `first_text` and `final`: in
    seconds from the start and from the end of the sound, as if it came in real time.
    """

    text: str
    caption: str | None
    first_text: float
    final: float


class Engine(Protocol):
    """A recogniser."""

    def hear(self, samples: Samples) -> Heard:
        """Recognise one utterance."""
        ...


class Clock:
    """Time as it would pass with a microphone: work begins when its sound is there, and not before
    the work before it is done."""

    def __init__(self) -> None:
        self.now = 0.0

    def work(self, available: float, seconds: float) -> None:
        """Pass `seconds` of work on sound that is there at `available`."""
        self.now = max(self.now, available) + seconds


class Dictation:
    """This project as it comes, with every setting at its default."""

    def __init__(self, model: str, threads: int) -> None:
        from dictation.loading import load_recognizer

        self._recognizer = load_recognizer(ModelSection(name=model, threads=threads))

    def hear(self, samples: Samples) -> Heard:
        """Recognise one utterance in chunks, then as a whole."""
        stream = self._recognizer.stream(chunk_ms=int(1000 * CHUNK_SECONDS))
        clock, caption, first = Clock(), "", None
        for end, chunk in chunks(samples):
            began = time.perf_counter()
            partial = stream.accept(chunk)
            clock.work(end, time.perf_counter() - began)
            if partial is not None and partial.text:
                caption, first = partial.text, clock.now if first is None else first
        began = time.perf_counter()
        recognition = stream.finish()
        clock.work(len(samples) / RATE, time.perf_counter() - began)
        final = clock.now - len(samples) / RATE
        return Heard(recognition.text, caption or recognition.first_pass, first or clock.now, final)


class Whisper:
    """faster-whisper: int8, five beams, language automatic; nothing before the end of the sound."""

    def __init__(self, folder: Path, threads: int) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads
        )

    def hear(self, samples: Samples) -> Heard:
        """Recognise one utterance as a whole."""
        began = time.perf_counter()
        segments, _ = self._model.transcribe(samples, beam_size=5)
        text = "".join(segment.text for segment in segments)
        spent = time.perf_counter() - began
        return Heard(text, None, len(samples) / RATE + spent, spent)


class PocketSphinx:
    """pocketsphinx with the English model that comes with it."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder: Any = Decoder(samprate=RATE)

    def hear(self, samples: Samples) -> Heard:
        """Recognise one utterance in chunks."""
        clock, caption, first = Clock(), "", None
        self._decoder.start_utt()
        for end, chunk in chunks(samples):
            began = time.perf_counter()
            pcm = (np.clip(chunk, -1.0, 1.0) * 32767).astype("<i2").tobytes()
            self._decoder.process_raw(pcm, False, False)
            hypothesis = self._decoder.hyp()
            clock.work(end, time.perf_counter() - began)
            if hypothesis is not None and hypothesis.hypstr:
                caption, first = hypothesis.hypstr, clock.now if first is None else first
        began = time.perf_counter()
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        clock.work(len(samples) / RATE, time.perf_counter() - began)
        text = hypothesis.hypstr if hypothesis is not None else ""
        return Heard(text, caption, first or clock.now, clock.now - len(samples) / RATE)


def chunks(samples: Samples) -> Iterator[tuple[float, Samples]]:
    """Yield pieces of the sound with the time at which each is there, in seconds."""
    size = int(CHUNK_SECONDS * RATE)
    for start in range(0, len(samples), size):
        chunk = samples[start : start + size]
        yield (start + len(chunk)) / RATE, chunk
