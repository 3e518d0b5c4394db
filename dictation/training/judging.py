"""A teacher recogniser, and how well it reads synthetic speech back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dictation.errors import DictationError
from dictation.training.texts import Sentence
from dictation.training.voices import require

_TOKEN = re.compile(r"[\u3400-\u9fff]|[a-z]+|[0-9]")


def check_teacher(folder: Path) -> None:
    """Raise DictationError where a folder is no faster-whisper model, or that is not installed."""
    require("faster_whisper")
    if not (folder / "model.bin").is_file():
        raise DictationError(f"{folder}: no faster-whisper model in it (model.bin)")


def load_teacher(folder: Path, threads: int) -> Any:  # noqa: ANN401 (faster-whisper has no types)
    """Load a faster-whisper folder, which is never fetched from anywhere. Raises DictationError."""
    check_teacher(folder)
    return require("faster_whisper").WhisperModel(
        str(folder), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1
    )


class Judge:
    """Reads clips back with a faster-whisper folder on one thread."""

    def __init__(self, folder: Path) -> None:
        self._model = load_teacher(folder, threads=1)

    def error(self, audio: NDArray[np.float32], sentence: Sentence) -> tuple[float, str]:
        """Give the share of wrong sounds and the text that was heard.

        Chinese is compared by syllables without tones (homophones are no fault of the voice),
        English by words, and the smaller error against the spoken and the written form counts.
        """
        segments, _ = self._model.transcribe(
            audio,
            language="en" if sentence.lang == "en" else "zh",
            beam_size=5,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        heard = "".join(segment.text for segment in segments).strip()
        got = _tokens(heard)
        rates = [
            edit_distance(_tokens(form), got) / max(1, len(_tokens(form)))
            for form in (sentence.text, sentence.written)
        ]
        return round(min(rates), 4), heard


def _tokens(text: str) -> list[str]:
    """Split into syllables without tone and lower-case words; digits are read in Mandarin."""
    from pypinyin import lazy_pinyin

    tokens: list[str] = []
    for token in _TOKEN.findall(text.lower()):
        if token.isdigit():
            token = "零一二三四五六七八九"[int(token)]
        tokens.extend([token] if token.isascii() else lazy_pinyin(token))
    return tokens


def edit_distance(left: list[str], right: list[str]) -> int:
    """Count the insertions, deletions and substitutions between two token lists."""
    previous = list(range(len(right) + 1))
    for row, token in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            current.append(
                min(
                    previous[column] + 1,
                    current[-1] + 1,
                    previous[column - 1] + (token != other),
                )
            )
        previous = current
    return previous[-1]
