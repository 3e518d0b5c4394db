"""The model alone, called as the worker calls it: chunks, final texts, real-time factors."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from dictation.audio import SAMPLE_RATE
from dictation.bench.figures import Figure, spread
from dictation.bench.sounds import Samples, speech_of
from dictation.recognizer import Recognizer

CHUNKS_MS = (320, 640)
SECONDS = (2.0, 5.0, 10.0)
_BLOCK = SAMPLE_RATE * 40 // 1000  # what the microphone delivers at a time
_WARM_UP = 2


@dataclass
class _Timings:
    """Seconds of computing; `streamed` and `whole` with the seconds of sound they were for."""

    chunks: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    streamed: list[tuple[float, float]] = field(default_factory=list)
    whole: list[tuple[float, float]] = field(default_factory=list)


def time_model(
    recognizer: Recognizer, samples: Sequence[Samples], repetitions: int
) -> list[Figure]:
    """Time `repetitions` utterances of each length and chunk."""
    for turn in range(_WARM_UP):
        _time_utterance(recognizer, speech_of(2.0, list(samples), turn), CHUNKS_MS[0], _Timings())
    figures: list[Figure] = []
    finals: list[Figure] = []
    whole = _Timings()
    factors = []
    for chunk_ms in CHUNKS_MS:
        every = _Timings()
        for seconds in SECONDS:
            timings = _Timings()
            for turn in range(repetitions):
                speech = speech_of(seconds, list(samples), turn)
                _time_utterance(recognizer, speech, chunk_ms, timings)
            every.chunks += timings.chunks
            every.streamed += timings.streamed
            if chunk_ms == CHUNKS_MS[0]:
                finals.append(_final_figure(seconds, timings.finals))
                _time_whole(recognizer, speech_of(seconds, list(samples), 0), repetitions, whole)
        figures.append(
            Figure(
                f"chunk_{chunk_ms}_ms",
                "ms",
                f"compute per {chunk_ms} ms of speech: features, encoder, caption",
                spread([1000 * chunk for chunk in every.chunks]),
            )
        )
        what = f"compute per second of speech, in {chunk_ms} ms chunks, final text included"
        factors.append(Figure(f"rtf_stream_{chunk_ms}_ms", "s/s", what, _factor(every.streamed)))
    what = "compute per second of speech, whole utterances with full context"
    factors.append(Figure("rtf_whole", "s/s", what, _factor(whole.whole)))
    return figures + finals + factors


def threads() -> int:
    """How many threads the model computes with."""
    return torch.get_num_threads()


def _time_utterance(
    recognizer: Recognizer, speech: Samples, chunk_ms: int, timings: _Timings
) -> None:
    stream = recognizer.stream(chunk_ms=chunk_ms)
    total = pending = 0.0
    for start in range(0, len(speech), _BLOCK):
        began = time.perf_counter()
        partial = stream.accept(speech[start : start + _BLOCK])
        pending += time.perf_counter() - began
        if partial is not None:
            timings.chunks.append(pending)
            total, pending = total + pending, 0.0
    began = time.perf_counter()
    stream.finish()
    final = time.perf_counter() - began
    timings.finals.append(final)
    timings.streamed.append((total + pending + final, len(speech) / SAMPLE_RATE))


def _time_whole(
    recognizer: Recognizer, speech: Samples, repetitions: int, timings: _Timings
) -> None:
    for _ in range(repetitions):
        began = time.perf_counter()
        recognizer.transcribe(speech)
        timings.whole.append((time.perf_counter() - began, len(speech) / SAMPLE_RATE))


def _final_figure(seconds: float, finals: Sequence[float]) -> Figure:
    return Figure(
        f"final_{seconds:g}_s",
        "ms",
        f"final text of {seconds:g} s of speech, from the decision that it has ended",
        spread([1000 * final for final in finals]),
    )


def _factor(timed: Sequence[tuple[float, float]]) -> float:
    return sum(spent for spent, _ in timed) / sum(sound for _, sound in timed)
