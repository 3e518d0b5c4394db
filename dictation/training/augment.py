"""What happens to a recording on its way into a batch; every choice comes from one generator."""

import io

import av
import numpy as np
import soxr
import torch
from av.audio.frame import AudioFrame
from numpy.typing import NDArray
from torchaudio.functional import phase_vocoder

from dictation.audio.files import read_audio
from dictation.training.config import AugmentTable

Samples = NDArray[np.float32]

_WINDOW, _HOP = 512, 128


def augment(
    samples: Samples, config: AugmentTable, rng: np.random.Generator, noise: Samples | None
) -> Samples:
    """Return a changed copy of 16 kHz samples; `noise` is at least as long as the result may be."""
    if rng.random() < config.speed:
        factor = rng.uniform(*config.speed_range)
        samples = soxr.resample(samples, 16_000 * factor, 16_000, quality="MQ")
    if rng.random() < config.pitch:
        samples = shift_pitch(samples, rng.uniform(*config.pitch_semitones))
    if rng.random() < config.room:
        samples = in_room(samples, rng)
    samples = _pad(samples, config.padding, rng)
    if noise is not None and rng.random() < config.noise:
        samples = mix(samples, noise[: samples.size], rng.uniform(*config.noise_snr))
    if rng.random() < config.telephone:
        samples = soxr.resample(soxr.resample(samples, 16_000, 8_000), 8_000, 16_000)
    if rng.random() < config.opus:
        samples = through_opus(samples, int(1000 * rng.uniform(*config.opus_kbps)))
    gain = 10.0 ** (rng.uniform(*config.gain) / 20.0)
    changed: Samples = np.clip(samples * gain, -1.0, 1.0).astype(np.float32)
    return changed


def shift_pitch(samples: Samples, semitones: float) -> Samples:
    """Return as many samples, higher by `semitones` (formants too): stretched in time by a phase
    vocoder, then resampled back. Takes about 3 ms for a second of sound."""
    if samples.size < _WINDOW:
        return samples
    ratio = 2.0 ** (semitones / 12.0)
    window = torch.hann_window(_WINDOW)
    advance = torch.linspace(0.0, torch.pi * _HOP, _WINDOW // 2 + 1)[:, None]
    spectrum = torch.stft(
        torch.from_numpy(samples), _WINDOW, _HOP, window=window, return_complex=True
    )
    stretched = phase_vocoder(spectrum, 1.0 / ratio, advance)
    longer = torch.istft(
        stretched, _WINDOW, _HOP, window=window, length=round(samples.size * ratio)
    )
    return _sized(soxr.resample(longer.numpy(), 16_000 * ratio, 16_000, quality="MQ"), samples.size)


def through_opus(samples: Samples, bit_rate: int) -> Samples:
    """Return as many samples, in the same places, after Opus at `bit_rate` bits a second, as a
    call or a voice message would bring them (RFC 6716). Takes about 12 ms for a second of sound."""
    if samples.size == 0:
        return samples
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=16_000, layout="mono", bit_rate=bit_rate)
        pcm = (np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)[None]
        frame = AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode(None)])
    file.seek(0)
    return _sized(np.concatenate(list(read_audio(file))), samples.size)


def mix(samples: Samples, noise: Samples, snr: float) -> Samples:
    """Add noise, repeated where it is too short, `snr` dB below the samples' mean power."""
    repeated = np.resize(noise, samples.size)
    power = float(np.mean(samples**2))
    noise_power = float(np.mean(repeated**2))
    if power <= 0.0 or noise_power <= 0.0:
        return samples
    scale = np.sqrt(power / noise_power * 10.0 ** (-snr / 10.0))
    mixed: Samples = (samples + scale * repeated).astype(np.float32)
    return mixed


def in_room(samples: Samples, rng: np.random.Generator) -> Samples:
    """Convolve with a made-up room: a direct sound, then noise that decays by 60 dB in 0.1 to 0.6 s
    (Polack's statistical model of late reverberation)."""
    reverberation = rng.uniform(0.1, 0.6)
    time = np.arange(int(16_000 * reverberation)) / 16_000
    tail = rng.standard_normal(time.size) * 10.0 ** (-3.0 * time / reverberation)
    tail *= rng.uniform(0.02, 0.12)
    delay = int(rng.uniform(0.002, 0.02) * 16_000)
    tail[:delay] = 0.0
    tail[0] = 1.0
    size = 1 << int(np.ceil(np.log2(samples.size + tail.size)))
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    out: Samples = wet[: samples.size].astype(np.float32)
    return out


def mask_features(
    frames: NDArray[np.float32], config: AugmentTable, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Blank bands of mel bins and stretches of time, (T, F) (SpecAugment, Park et al. 2019)."""
    masked = frames.copy()
    mean = float(frames.mean()) if frames.size else 0.0
    for _ in range(config.frequency_masks):
        width = int(rng.integers(0, config.frequency_width + 1))
        first = int(rng.integers(0, max(1, frames.shape[1] - width)))
        masked[:, first : first + width] = mean
    for _ in range(config.time_masks):
        width = int(rng.integers(0, min(config.time_width, max(1, frames.shape[0] // 10)) + 1))
        first = int(rng.integers(0, max(1, frames.shape[0] - width)))
        masked[first : first + width] = mean
    return masked


def join(first: Samples, second: Samples, pause: float, rng: np.random.Generator) -> Samples:
    """Put one recording behind another, levelled to it, after `pause` seconds of near silence."""
    levels = [float(np.sqrt(np.mean(each**2))) if each.size else 0.0 for each in (first, second)]
    if min(levels) > 0.0:
        second = second * np.float32(np.clip(levels[0] / levels[1], 0.25, 4.0))
    return np.concatenate([first, _hiss(int(pause * 16_000), rng), second])


def _sized(samples: Samples, size: int) -> Samples:
    """Cut or fill up with silence what came out a few samples longer or shorter."""
    return np.pad(samples[:size], (0, max(0, size - samples.size)))


def _hiss(size: int, rng: np.random.Generator) -> Samples:
    return rng.standard_normal(size).astype(np.float32) * np.float32(
        10.0 ** rng.uniform(-5.0, -3.2)
    )


def _pad(samples: Samples, longest: float, rng: np.random.Generator) -> Samples:
    before, after = (int(rng.uniform(0.0, longest) * 16_000) for _ in range(2))
    hiss = _hiss(before + after, rng)
    return np.concatenate([hiss[:before], samples, hiss[before:]])
