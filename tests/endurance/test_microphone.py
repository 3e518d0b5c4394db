"""A microphone that runs faster than the clock gives every sample once and in its order."""

import threading

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.capture import Microphone
from tests import pulse
from tests.endurance.microphone import fast_microphone
from tests.pulse import heard_by_this_process


def test_what_is_said_eight_times_as_fast_is_heard_whole():
    said = np.random.default_rng(3).uniform(-0.5, 0.5, 10 * SAMPLE_RATE).astype(np.float32)
    heard: list[np.ndarray] = []
    lost: list[str] = []
    silent_again = threading.Event()

    def hear(samples: np.ndarray, _at: float) -> None:
        heard.append(samples.copy())
        if not samples.any() and any(each.any() for each in heard):
            silent_again.set()

    try:
        with fast_microphone(8.0) as sound, heard_by_this_process(sound):
            microphone = Microphone(pulse.SOURCE, hear, lost.append)
            microphone.open()
            sound.say(said)
            assert silent_again.wait(20)
            microphone.close()
    except pulse.PulseAudioMissingError as missing:
        pytest.skip(str(missing))
    whole = np.concatenate(heard)
    begin, end = np.flatnonzero(whole)[[0, -1]]
    assert np.allclose(whole[begin : end + 1], said, atol=1e-4)
    assert lost == []
