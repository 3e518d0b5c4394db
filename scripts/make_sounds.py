"""Synthesise the sounds at start, stop and error: `python -m scripts.make_sounds`.

Two soft notes up, two down, one low; each a sine with a quiet octave above, faded in and out so
that nothing clicks.
"""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
PEAK = 0.25
FADE_SECONDS = 0.012
FOLDER = Path(__file__).parents[1] / "assets" / "sounds"

NOTES: dict[str, tuple[tuple[float, float], ...]] = {
    "start": ((587.33, 0.055), (880.0, 0.075)),
    "stop": ((880.0, 0.055), (587.33, 0.075)),
    "error": ((311.13, 0.09), (233.08, 0.13)),
}
"""Frequency in Hz and length in seconds of each note."""


def note(frequency: float, seconds: float) -> NDArray[np.float64]:
    """A tone that swells and dies away."""
    at = np.arange(round(RATE * seconds)) / RATE
    tone = np.sin(2 * np.pi * frequency * at) + 0.15 * np.sin(4 * np.pi * frequency * at)
    fade = np.minimum(1.0, np.minimum(at, at[::-1]) / FADE_SECONDS)
    return np.asarray(tone * np.sin(fade * np.pi / 2) ** 2)


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, notes in NOTES.items():
        sound = np.concatenate([note(*each) for each in notes])
        sound *= PEAK / np.abs(sound).max()
        with wave.open(str(FOLDER / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((sound * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
