from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.audio import SAMPLE_RATE
from dictation.audio.conversion import Converter
from tests.audio.media import tone


def converted(samples, rate, edges=()):
    converter = Converter(rate)
    cuts = [0, *sorted(edge for edge in edges if edge < len(samples)), len(samples)]
    parts = [converter.convert(samples[first:last]) for first, last in pairwise(cuts)]
    return np.concatenate([*parts, converter.finish()])


@settings(max_examples=30, deadline=None)
@given(
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000, 96_000]),
    edges=st.lists(st.integers(0, 30_000), max_size=20),
)
def test_the_split_into_blocks_does_not_change_the_sound(rate, edges):
    noise = np.random.default_rng(0).normal(0, 0.1, (30_000, 1)).astype(np.float32)
    whole = converted(noise, rate)
    assert len(whole) == pytest.approx(30_000 * SAMPLE_RATE / rate, abs=1)
    assert np.allclose(converted(noise, rate, edges), whole, atol=1e-6)


def test_the_choice_of_channels_holds_when_their_phase_turns():
    sound = tone(1.0, SAMPLE_RATE)
    opposite = np.stack((sound, -sound), axis=1)
    same = np.stack((sound, sound), axis=1)
    converter = Converter(SAMPLE_RATE)
    assert np.allclose(converter.convert(opposite), sound)
    assert np.allclose(converter.convert(same), sound)


def test_silence_at_the_start_decides_nothing():
    sound = tone(1.0, SAMPLE_RATE)
    converter = Converter(SAMPLE_RATE)
    converter.convert(np.zeros((1600, 2), np.float32))
    assert np.allclose(converter.convert(np.stack((0.8 * sound, -sound), axis=1)), -sound)


def test_no_samples_give_no_samples():
    assert converted(np.zeros((0, 2), np.float32), 44_100).tolist() == []
