"""What the bench listens to: the bundled recordings, joined to any length, and a quiet room."""

import json
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dictation.assets import AssetError, samples_folder
from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio

Samples = NDArray[np.float32]

_ROOM_DB = -60.0
_PIECE_SECONDS = 10.0


def recordings() -> list[Samples]:
    """The bundled recordings, 16 kHz mono. Raises AssetError without them."""
    folder = samples_folder()
    index = folder / "samples.json"
    try:
        names = [str(entry["audio"]) for entry in json.loads(index.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise AssetError(f"{index} cannot be read: {error}") from error
    return [np.concatenate(list(read_audio(folder / name))) for name in names]


def speech_of(seconds: float, samples: list[Samples], turn: int) -> Samples:
    """So much speech: recordings joined from the one whose `turn` it is, cut at the end."""
    wanted = round(seconds * SAMPLE_RATE)
    joined: list[Samples] = []
    while sum(map(len, joined)) < wanted:
        joined.append(samples[turn % len(samples)])
        turn += 1
    return np.concatenate(joined)[:wanted]


def quiet_room(seconds: float, seed: int = 0) -> Samples:
    """White noise at -60 dB of full scale: what a microphone hears where nobody speaks."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return (noise * 10 ** (_ROOM_DB / 20)).astype(np.float32)


def write_silence(folder: Path, seconds: float) -> Path:
    """Write so much of a quiet room and of digital silence, by turns, as a set; its manifest.

    Pieces last up to ten seconds. The manifest is `silence/manifest.jsonl` in the folder.
    """
    inside = folder / "silence"
    inside.mkdir()
    lines = []
    for number in range(max(1, round(seconds / _PIECE_SECONDS))):
        length = min(seconds, _PIECE_SECONDS)
        samples = quiet_room(length, seed=number) * (number % 2 == 0)
        with wave.open(str(inside / f"{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SAMPLE_RATE)
            out.writeframes((32767 * samples).astype("<i2").tobytes())
        entry = {"audio": f"{number}.wav", "text": None, "lang": "noise", "duration": length}
        lines.append(json.dumps(entry) + "\n")
    manifest = inside / "manifest.jsonl"
    manifest.write_text("".join(lines), encoding="utf-8")
    return manifest
