"""Capture does what it should not: every utterance is still answered for, once."""

import time

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.conversion import Converter
from dictation.events import Final, ListeningEnded, ModelFailed, SpeechDropped, SpeechStarted
from dictation.worker import Worker, WorkerSettings
from tests.loudness import LoudnessRecognizer, silence, voice
from tests.xsession import wait_until

BLOCK = SAMPLE_RATE // 50


def steady(sound: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Blocks with the times at which they had been heard."""
    starts = range(0, len(sound), BLOCK)
    return [(sound[at : at + BLOCK], (at + BLOCK) / SAMPLE_RATE) for at in starts]


def stopping(sound):
    return steady(sound)[: len(sound) // BLOCK // 2]


def jumping(sound):
    """As after a suspend: an hour is missing, then the clock goes back."""
    blocks = steady(sound)
    third = len(blocks) // 3
    return [
        (block, at + (3600.0 if third < number < 2 * third else 0.0))
        for number, (block, at) in enumerate(blocks)
    ]


def repeating(sound):
    return [each for each in steady(sound) for _ in range(2)]


def changing_rate(sound):
    """From the middle on at a third of the rate, as after a renegotiation nobody told of."""
    half = len(sound) // 2
    return steady(np.concatenate([sound[:half], sound[half::3]]))


def flooding(sound):
    return steady(np.tile(sound, 40))


def broken(sound):
    """With what a driver hands over that has lost its mind."""
    spoilt = sound.copy()
    spoilt[5000:5400] = np.nan
    spoilt[9000:9400] = np.inf
    spoilt[12000:12400] = 1e30
    return steady(Converter(SAMPLE_RATE).convert(spoilt[:, np.newaxis]))


def empty(sound):
    nothing = np.zeros(0, np.float32)
    return [each for pair in steady(sound) for each in ((nothing, pair[1]), pair)]


@pytest.mark.parametrize(
    "capture", [stopping, jumping, repeating, changing_rate, flooding, broken, empty]
)
def test_what_was_begun_is_ended_once_and_the_next_utterance_is_whole(capture):
    told = []
    worker = Worker(LoudnessRecognizer, WorkerSettings(), told.append, time.monotonic)
    worker.start()
    worker.listen()
    for block, at in capture(np.concatenate([voice(1.5), silence(1.0), voice(1.0)])):
        worker.hear(block, at)
    worker.finish()
    wait_until(lambda: any(isinstance(each, ListeningEnded) for each in told), "the end", 60)
    before = len(told)
    worker.listen()
    for block, at in steady(np.concatenate([silence(0.5), voice(1.5), silence(1.0)])):
        worker.hear(block, at)
    worker.finish()
    wait_until(lambda: isinstance(told[-1], ListeningEnded) and len(told) > before, "the next", 60)
    worker.close()
    assert not any(isinstance(each, ModelFailed) for each in told)
    begun = [each.utterance for each in told if isinstance(each, SpeechStarted)]
    ended = [each.utterance for each in told if isinstance(each, Final | SpeechDropped)]
    assert begun == ended
    assert len(set(begun)) == len(begun) >= 2
    last = [each.text for each in told[before:] if isinstance(each, Final)]
    assert last == ["loud loud"]
