"""The segmenter on real voices, real noise and music, where this machine has recordings.

The bounds are what was measured, with room for another machine's decoder; noise and music do open
utterances (the recogniser then finds no words in them), and the figures keep that from growing.
"""

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.segmenter import SegmenterSettings
from tests.audio.corpus import load, recordings
from tests.audio.test_segmenter import hiss, segment

VOICES = [
    "aishell-dev",
    "audio-cmn-words",
    "speechocean762-dev",
    "librispeech-unlabelled",
    "picovoice-unlabelled",
    "asterisk-prompts",
]


@pytest.mark.parametrize("gain", [1.0, 0.2])
@pytest.mark.parametrize("corpus", VOICES)
def test_no_recording_is_missed_and_its_energy_is_kept(corpus, gain):
    for path in recordings(corpus, 15):
        audio = load(path) * np.float32(gain)
        found = segment(audio)
        assert found, f"nothing heard in {path}"
        kept = sum(float(np.sum(part.samples**2)) for part in found)
        assert kept >= 0.99 * float(np.sum(audio**2)), path


def test_voice_begins_and_ends_where_the_recording_does():
    """Prompts without noise, put into silence: their edges are known by level."""
    onset_errors, end_errors = [], []
    for path in recordings("asterisk-prompts", 30):
        audio = load(path)
        first, last = edges(audio)
        quiet = hiss(2.0)
        parts = segment(np.concatenate((quiet, audio, quiet)))
        lead = len(quiet) + first
        onset_errors.append((parts[0].onset - lead) / SAMPLE_RATE)
        end_errors.append((parts[-1].end - len(quiet) - last) / SAMPLE_RATE)
        assert parts[0].start <= lead, "the pre-roll does not reach the first sound"
    trail = SegmenterSettings().trail_ms / 1000
    assert np.median(np.abs(onset_errors)) < 0.06
    assert np.min(end_errors) > -0.02
    assert np.median(end_errors) < trail + 0.2


def test_speech_in_noise_is_kept_whole():
    noises = [load(path) for path in recordings("noise-*", 15)]
    voices = [load(path) for path in recordings("aishell-dev", 6)]
    for index, noise in enumerate(noises):
        voice = voices[index % len(voices)]
        background = np.resize(noise, len(voice) + 4 * SAMPLE_RATE)
        # 10 dB of signal to noise.
        background = background * np.sqrt(0.1 * np.mean(voice**2) / np.mean(background**2))
        mixed = background.copy()
        mixed[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + len(voice)] += voice
        heard = np.zeros(len(mixed), dtype=bool)
        for part in segment(mixed.astype(np.float32)):
            heard[part.start : part.end] = True
        inside = heard[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + len(voice)]
        assert float(np.sum(voice[inside] ** 2)) >= 0.98 * float(np.sum(voice**2))


@pytest.mark.parametrize(("kind", "per_minute"), [("noise-*", 12.0), ("music-*", 6.0)])
def test_false_utterances_stay_few(kind, per_minute, record_property):
    count, seconds, heard = 0, 0.0, 0.0
    for path in recordings(kind, 20):
        audio = load(path)
        found = segment(audio)
        count += len(found)
        seconds += len(audio) / SAMPLE_RATE
        heard += sum(len(part.samples) for part in found) / SAMPLE_RATE
    record_property("false utterances per minute", round(60 * count / seconds, 1))
    record_property("share of the time", round(heard / seconds, 2))
    assert 60 * count / seconds <= per_minute


def edges(audio):
    """First and last sample within 30 dB of the recording's loud parts, by 10 ms steps."""
    steps = len(audio) // 160
    power = np.mean(audio[: steps * 160].reshape(steps, 160) ** 2, axis=1)
    loud = np.flatnonzero(power > np.percentile(power, 95) / 1000)
    return int(loud[0]) * 160, (int(loud[-1]) + 1) * 160
