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
    torch.testing.assert_close(torch.cat(frames), features(sound), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("samples", "frames"), [(0, 0), (159, 0), (160, 1), (1600, 10), (1759, 10)]
)
def test_whisper_has_a_frame_every_ten_milliseconds(samples, frames):
    assert LogMel(FeatureConfig("whisper"))(waveform(samples)).shape == (frames, 80)


def test_whisper_frames_are_its_mel_spectrogram():
    sound = waveform(16_000)
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
