"""Ends of utterances on real speech: by voice where it is quiet, by CTC where noise goes on."""

import time

import numpy as np
import pytest

from dictation import load_model
from dictation.audio import SAMPLE_RATE
from dictation.audio.endpoint import EndpointRules
from dictation.audio.segmenter import SegmenterSettings
from dictation.bench.sounds import quiet_room
from dictation.events import Final, SpeechDropped
from dictation.listener import Listener
from tests.audio.corpus import load, recordings


@pytest.fixture(scope="module")
def starter():
    return load_model("starter", precision="fp32")


def heard(starter, samples, rules):
    """The ends of the utterances in a recording that is heard as a microphone's sound is."""
    events = []
    listener = Listener(
        starter, SegmenterSettings(), 320, events.append, time.monotonic, endpoint=rules
    )
    listener.begin()
    block = SAMPLE_RATE // 25
    for first in range(0, len(samples), block):
        listener.hear(samples[first : first + block], 0.0, 0.0, lambda: False)
    listener.finish(0.0, 0.0, 0.0, lambda: False)
    return [event for event in events if isinstance(event, Final | SpeechDropped)]


@pytest.fixture(scope="module")
def sentence():
    return load(recordings("aishell-dev", 3)[1])


@pytest.fixture(scope="module")
def music():
    found = load(recordings("music-hyperrogue", 1)[0])[: 5 * SAMPLE_RATE]
    return (0.2 * found / np.abs(found).max()).astype(np.float32)


def test_music_after_a_sentence_does_not_keep_it_open(starter, sentence, music):
    samples = np.concatenate([sentence, music])
    (ended, *rest) = heard(starter, samples, EndpointRules(after_words=1.5))
    assert ended.text
    assert ended.timing.audio < len(sentence) / SAMPLE_RATE + 2.5
    assert ended.timing.endpoint_wait >= 1.5
    assert all(isinstance(event, SpeechDropped) for event in rest)


def test_a_pause_in_quiet_is_ended_by_the_voice_detector(starter, sentence):
    pause = np.zeros(SAMPLE_RATE, np.float32)
    samples = np.concatenate([pause, sentence, pause, sentence, pause])
    samples += quiet_room(len(samples) / SAMPLE_RATE)[: len(samples)]
    ends = heard(starter, samples, EndpointRules())
    assert len(ends) == 2
    assert [end.timing.endpoint_wait for end in ends] == pytest.approx([0.6, 0.6], abs=0.05)
    assert all(end.text for end in ends)
