"""Manifests with recordings of noise, for models that hear the same in everything."""

import json
import wave
from pathlib import Path

import numpy as np

from dictation.audio import SAMPLE_RATE


def write_manifest(folder: Path, entries: list[tuple[str | None, str]]) -> Path:
    """Write a second of sound for each text and language."""
    lines = []
    for number, (text, language) in enumerate(entries):
        noise = np.random.default_rng(number).normal(0, 3000, SAMPLE_RATE).astype("<i2")
        with wave.open(str(folder / f"{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes(noise.tobytes())
        entry = {"audio": f"{number}.wav", "text": text, "lang": language, "duration": 1.0}
        lines.append(json.dumps(entry, ensure_ascii=False))
    manifest = folder / "manifest.jsonl"
    manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return manifest
