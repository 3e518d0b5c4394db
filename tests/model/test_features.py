"""Log-mel frames: the same whole and in pieces, and what the sources define."""

import numpy as np
import pytest
import torch
import torchaudio.compliance.kaldi as kaldi
from hypothesis import given, settings
from hypothesis import strategies as st
from torchaudio.transforms import MelSpectrogram

from dictation.model.config import FeatureConfig
from dictation.model.features import LogMel

frontends = pytest.mark.parametrize("frontend", ["whisper", "kaldi"])


def waveform(samples: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(samples)
    return 0.1 * torch.randn(samples, generator=generator)


@frontends
@settings(max_examples=40, deadline=None)
@given(samples=st.integers(0, 9000), seed=st.integers(0, 1000))
def test_a_stream_gives_the_frames_of_the_whole(frontend, samples, seed):
    features = LogMel(FeatureConfig(frontend))
    sound = waveform(samples)
    rng = np.random.default_rng(seed)
    state = features.initial_state(sound.device)
    frames, first = [], 0
    while first < samples:
        size = int(rng.integers(1, 1500))
        part, state = features.step(sound[first : first + size], state)
        frames.append(part)
        first += size
    frames.append(features.flush(state))
    levelled = features.levelled(torch.cat(frames), state)
    torch.testing.assert_close(levelled, features(sound), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (159, 0), (160, 1), (1600, 10), (1759, 10)]
)
def test_whisper_has_a_frame_every_ten_milliseconds(samples, frames):
    assert LogMel(FeatureConfig("whisper"))(waveform(samples)).shape == (frames, 80)


def test_whisper_frames_are_its_mel_spectrogram():
    sound = 3.0 * waveform(16_000)
    spectrogram = MelSpectrogram(
        16_000,
        400,
        hop_length=160,
        n_mels=80,
        norm="slaney",
        mel_scale="slaney",
        pad_mode="constant",
    )(sound)
    expected = (spectrogram.clamp(min=1e-10).log10().clamp(min=-6.5) + 4.0) / 4.0
    frames = LogMel(FeatureConfig("whisper"))(sound)
    torch.testing.assert_close(frames, expected.T[:100], atol=1e-4, rtol=0)


def tone(seconds: float, decibels: float) -> torch.Tensor:
    """A buzz of many harmonics above 200 Hz, as loud as speech at 0 dB."""
    time = torch.arange(round(16_000 * seconds)) / 16_000
    harmonics = sum(torch.sin(2 * torch.pi * 120 * n * time) / n for n in range(2, 30))
    return 0.2 * 10 ** (decibels / 20) * torch.as_tensor(harmonics)


def test_quiet_speech_reaches_a_whisper_as_if_it_were_louder():
    features = LogMel(FeatureConfig("whisper"))
    little, quiet, quieter = (features(tone(1.0, decibels)) for decibels in (-15, -20, -25))
    torch.testing.assert_close(quiet, little, atol=1e-3, rtol=0)
    torch.testing.assert_close(quieter, little, atol=1e-3, rtol=0)


def test_a_hiss_that_is_quieter_than_speech_can_be_is_hardly_raised():
    features = LogMel(FeatureConfig("whisper"))
    assert features(1e-4 * waveform(16_000)).max() < features(tone(1.0, -35)).max() - 1.0


def test_loud_speech_stays_as_loud_as_it_is():
    features = LogMel(FeatureConfig("whisper"))
    difference = features(tone(1.0, 10)).max() - features(tone(1.0, 0)).max()
    assert difference == pytest.approx(1.0 / 4.0, abs=0.01)


def test_a_click_does_not_tell_how_loud_speech_is():
    features = LogMel(FeatureConfig("whisper"))
    sound = tone(1.0, -30)
    clicked = sound.clone()
    clicked[4000:4050] += torch.tensor([0.5, -0.5]).repeat(25)
    apart = torch.ones(100, dtype=torch.bool)
    apart[23:28] = False
    torch.testing.assert_close(features(clicked)[apart], features(sound)[apart], atol=1e-3, rtol=0)


def test_hum_does_not_tell_how_loud_speech_is():
    features = LogMel(FeatureConfig("whisper"))
    sound = tone(1.0, -30)
    hum = 0.1 * torch.sin(2 * torch.pi * 50 * torch.arange(16_000) / 16_000)
    torch.testing.assert_close(
        features(sound + hum)[5:95, 20:40], features(sound)[5:95, 20:40], atol=0.02, rtol=0
    )


def test_a_stream_is_as_loud_as_the_loudest_that_it_has_heard():
    features = LogMel(FeatureConfig("whisper"))
    quiet, _ = features.step(tone(0.5, -20), features.initial_state(torch.device("cpu")))
    state = features.initial_state(torch.device("cpu"))
    for part in (tone(0.5, -20), tone(0.5, 0), tone(0.5, -20)):
        _, state = features.step(part, state)
    assert features.levelled(quiet, state).max() < 0.6


def test_kaldi_frames_are_its_filter_bank():
    sound = waveform(16_000)
    expected = kaldi.fbank(
        (sound * 32768)[None], num_mel_bins=40, window_type="povey", energy_floor=0.0
    )
    frames = LogMel(FeatureConfig("kaldi", mel_bins=40))(sound)
    torch.testing.assert_close(frames, expected, atol=1e-4, rtol=0)


@frontends
def test_silence_gives_finite_frames(frontend):
    assert torch.isfinite(LogMel(FeatureConfig(frontend))(torch.zeros(4000))).all()
