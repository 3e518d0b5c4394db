"""Sound in: the microphone, the pre-roll ring, the speech segmenter and audio files.

Inside this program sound is always a one-dimensional float32 array in [-1, 1] at `SAMPLE_RATE`.
"""

from typing import Final

SAMPLE_RATE: Final = 16_000
"""Samples per second of all audio behind the microphone and the file reader."""

__all__ = ["SAMPLE_RATE"]
