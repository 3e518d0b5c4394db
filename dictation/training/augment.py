"""What happens to a recording on its way into a batch; every choice comes from one generator."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class AugmentConfig:
    """How often and how strongly training audio is changed.

    Probabilities in 0..1, SNR in dB, levels in dB of gain, padding and pauses in seconds. `joined`:
    how often another utterance follows in the same recording, where neither is longer than
    `joined_seconds`; one of another language makes a mixed one.
    """

    joined: float = 0.5
    joined_seconds: float = 5.0
    pause: tuple[float, float] = (0.03, 0.5)

    speed: float = 0.6
    speed_range: tuple[float, float] = (0.88, 1.15)
    noise: float = 0.35
    noise_snr: tuple[float, float] = (5.0, 25.0)
    room: float = 0.25
    telephone: float = 0.08
    gain: tuple[float, float] = (-12.0, 6.0)
    padding: float = 0.5
    frequency_masks: int = 2
    frequency_width: int = 14
    time_masks: int = 2
    time_width: int = 30


def augment(
    samples: Samples, config: AugmentConfig, rng: np.random.Generator, noise: Samples | None
) -> Samples:
    """Return a changed copy of 16 kHz samples; `noise` is at least as long as the result may be."""
    if rng.random() < config.speed:
        factor = rng.uniform(*config.speed_range)
        samples = soxr.resample(samples, 16_000 * factor, 16_000, quality="MQ")
    if rng.random() < config.room:
        samples = in_room(samples, rng)
    samples = _pad(samples, config.padding, rng)
    if noise is not None and rng.random() < config.noise:
        samples = mix(samples, noise[: samples.size], rng.uniform(*config.noise_snr))
    if rng.random() < config.telephone:
        samples = soxr.resample(soxr.resample(samples, 16_000, 8_000), 8_000, 16_000)
    gain = 10.0 ** (rng.uniform(*config.gain) / 20.0)
    changed: Samples = np.clip(samples * gain, -1.0, 1.0).astype(np.float32)
    return changed


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
    frames: NDArray[np.float32], config: AugmentConfig, rng: np.random.Generator
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


def _hiss(size: int, rng: np.random.Generator) -> Samples:
    return rng.standard_normal(size).astype(np.float32) * np.float32(
        10.0 ** rng.uniform(-5.0, -3.2)
    )


def _pad(samples: Samples, longest: float, rng: np.random.Generator) -> Samples:
    before, after = (int(rng.uniform(0.0, longest) * 16_000) for _ in range(2))
    hiss = _hiss(before + after, rng)
    return np.concatenate([hiss[:before], samples, hiss[before:]])
