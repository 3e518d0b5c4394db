"""The level of the microphone's sound."""

import numpy as np
import pytest

from dictation.audio.level import SILENCE_DBFS, LevelMeter, SpeechLevel, level_of
from tests.loudness import voice


def test_full_scale_is_zero_and_silence_is_the_floor() -> None:
    assert level_of(np.ones(320, np.float32)) == pytest.approx(0.0, abs=0.01)
    assert level_of(np.full(320, 0.1, np.float32)) == pytest.approx(-20.0, abs=0.01)
    assert level_of(np.zeros(320, np.float32)) == SILENCE_DBFS
    assert level_of(np.zeros(0, np.float32)) == SILENCE_DBFS


def test_the_meter_shows_the_last_block_and_passes_all_on() -> None:
    heard: list[tuple[int, float]] = []
    meter = LevelMeter(lambda samples, at: heard.append((len(samples), at)))
    assert meter.level == SILENCE_DBFS
    meter.hear(np.full(320, 0.1, np.float32), 1.0)
    meter.hear(np.full(160, 1.0, np.float32), 2.0)
    assert meter.level == pytest.approx(0.0, abs=0.01)
    assert heard == [(320, 1.0), (160, 2.0)]


@pytest.mark.parametrize(
    ("gain", "fault"), [(0.002, "low"), (0.01, None), (0.5, None), (4.0, "clipped")]
)
def test_speech_that_is_too_soft_or_too_loud_is_known(gain, fault):
    level = SpeechLevel()
    sound = np.clip(gain * voice(2.0, level=1.0), -1.0, 1.0)
    for first in range(0, len(sound), 1280):
        level.add(sound[first : first + 1280])
    assert level.fault == fault


def test_of_nothing_nothing_is_said():
    assert SpeechLevel().fault is None
