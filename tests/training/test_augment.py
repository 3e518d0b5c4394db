"""What augmentation does to real speech: pitch moves and time stays; Opus takes the high band."""

import numpy as np
import pytest
from pydantic import ValidationError

from dictation.training.augment import augment, shift_pitch, through_opus
from dictation.training.config import AugmentTable
from tests.audio.corpus import load, recordings

FRAME = 160
RATE = 16_000


@pytest.fixture(scope="module")
def speech():
    return load(recordings("aishell-dev", 1)[0])


def fundamental(samples):
    """The median fundamental in Hz of frames with a clear period, by autocorrelation."""
    found = []
    for start in range(0, samples.size - 1024, 512):
        frame = samples[start : start + 1024] * np.hanning(1024)
        products = np.correlate(frame, frame, "full")[1023:]
        products = products / np.maximum(
            np.correlate(np.hanning(1024), np.hanning(1024), "full")[1023:], 1e-3
        )
        lags = products[RATE // 400 : RATE // 70]
        if products[0] > 1e-4 and lags.max() > 0.6 * products[0]:
            found.append(RATE / (RATE // 400 + int(lags.argmax())))
    return float(np.median(found))


def envelope(samples):
    """The level of each frame, its mean taken away."""
    levels = np.log(
        1e-3 + np.sqrt(np.mean(samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME) ** 2, 1))
    )
    return levels - levels.mean()


def delay(before, after):
    """By how many frames the levels fit best."""
    products = np.correlate(envelope(after), envelope(before), "full")
    return int(products.argmax()) - (len(envelope(before)) - 1)


def high_band(samples):
    """The share of the power above 5 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[np.fft.rfftfreq(samples.size, 1 / RATE) > 5_000].sum() / power.sum()


@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_pitch_moves_by_the_semitones_asked_for_and_words_stay_where_they_are(speech, semitones):
    shifted = shift_pitch(speech, semitones)
    moved = 12 * np.log2(fundamental(shifted) / fundamental(speech))
    assert moved == pytest.approx(semitones, abs=0.5)
    assert shifted.size == speech.size
    assert shifted.dtype == np.float32
    assert abs(delay(speech, shifted)) <= 1


@pytest.mark.parametrize("bit_rate", [6_000, 32_000])
def test_opus_keeps_length_and_places(speech, bit_rate):
    decoded = through_opus(speech, bit_rate)
    assert decoded.size == speech.size
    assert decoded.dtype == np.float32
    assert delay(speech, decoded) == 0


def test_opus_takes_the_high_band_at_a_low_rate_and_leaves_it_at_a_high_one(speech):
    assert high_band(through_opus(speech, 6_000)) < 0.1 * high_band(speech)
    assert high_band(through_opus(speech, 64_000)) > 0.5 * high_band(speech)


def test_nothing_is_too_short_to_be_changed():
    for size in (0, 1, 100, 600):
        samples = np.full(size, 0.1, np.float32)
        assert shift_pitch(samples, 2.0).size == size
        assert through_opus(samples, 16_000).size == size


@pytest.mark.parametrize("change", ["pitch", "opus"])
def test_each_seed_has_its_own_change_and_always_the_same(speech, change):
    nothing = dict.fromkeys(("speed", "pitch", "noise", "room", "telephone", "opus"), 0.0)
    table = AugmentTable(**{**nothing, change: 1.0}, gain=(0.0, 0.0), padding=0.0)
    one, same, other = (
        augment(speech, table, np.random.default_rng((1, seed)), None) for seed in (2, 2, 3)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    never = table.model_copy(update={change: 0.0})
    untouched = augment(speech, never, np.random.default_rng(2), None)
    assert np.array_equal(untouched, np.clip(speech, -1.0, 1.0))


@pytest.mark.parametrize("wrong", [{"opus_kbps": (2, 8)}, {"gain": (3, 1)}, {"pitsch": 1}])
def test_a_wrong_table_is_refused(wrong):
    with pytest.raises(ValidationError):
        AugmentTable(**wrong)
