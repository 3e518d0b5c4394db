"""Is there a voice in this hundredth of a second?"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE

FRAME: Final = SAMPLE_RATE // 100
"""Samples in one frame: 10 ms, the shortest that WebRTC's detector takes."""

# The level is that of the last 20 ms above 200 Hz: what mains hum, an offset of the sound card and
# rumble bring is far below, and a vowel has little there.
_WINDOW: Final = np.hanning(2 * FRAME + 1)[:-1]
_SCALE: Final = 2.0 / (len(_WINDOW) * float(_WINDOW @ _WINDOW))
_LOWEST_BIN: Final = 200 * len(_WINDOW) // SAMPLE_RATE
_SMOOTHING_FRAMES: Final = 5
_SPAN_FRAMES: Final = 50
_SPANS: Final = 8
_SPANS_TO_TRUST: Final = 4
_SILENCE_DB: Final = -120.0


@dataclass(frozen=True, slots=True)
class FrameVoice:
    """What one frame holds: its level in dB of full scale, and whether it is voice."""

    level: float
    voiced: bool


class VoiceDetector:
    """WebRTC's voice detector behind a level gate.

    WebRTC's detector takes steady pink noise, wind and traffic for speech, so a frame counts as
    voice only when it also stands out above 200 Hz: over `floor_db` (dB of full scale), and by
    `margin_db` over the background. The background is the least smoothed level of the last four
    seconds (minimum statistics, R. Martin, IEEE Trans. Speech Audio Processing 9(5), 2001). For the
    first two seconds it is unknown and does not count: somebody may be speaking already.
    """

    def __init__(self, aggressiveness: int, floor_db: float) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._floor_db = floor_db
        self._before = np.zeros(FRAME, np.float32)
        self._smoothed = 0.0
        self._span_least = math.inf
        self._span_length = 0
        self._least_of_spans: deque[float] = deque(maxlen=_SPANS)

    def classify(self, frame: NDArray[np.float32], margin_db: float) -> FrameVoice:
        """Judge the next frame (`FRAME` samples); frames must come in order."""
        # A damaged driver or file can hold NaN, which would poison the background for seconds.
        finite = np.nan_to_num(frame, nan=0.0, posinf=1.0, neginf=-1.0)
        pcm = (np.clip(finite, -1.0, 1.0) * 32767.0).astype("<i2")
        speechlike = self._vad.is_speech(pcm.tobytes(), SAMPLE_RATE)
        power = _power(np.concatenate((self._before, finite)))
        self._before = finite
        level = _decibels(power)
        gate = max(self._floor_db, self._background() + margin_db)
        self._learn(power)
        return FrameVoice(level, bool(speechlike) and level > gate)

    def _background(self) -> float:
        if len(self._least_of_spans) < _SPANS_TO_TRUST:
            return -math.inf
        return _decibels(min(self._span_least, *self._least_of_spans))

    def _learn(self, power: float) -> None:
        self._smoothed += (power - self._smoothed) / _SMOOTHING_FRAMES
        self._span_length += 1
        # Before the average has settled it is near zero and would pass for a silent background.
        if self._least_of_spans or self._span_length > 2 * _SMOOTHING_FRAMES:
            self._span_least = min(self._span_least, self._smoothed)
        if self._span_length == _SPAN_FRAMES:
            self._least_of_spans.append(self._span_least)
            self._span_least, self._span_length = math.inf, 0


def _power(samples: NDArray[np.float32]) -> float:
    """Return the mean power of two frames above 200 Hz (Parseval's theorem)."""
    spectrum = np.fft.rfft(samples * _WINDOW)[_LOWEST_BIN:]
    return _SCALE * float(np.vdot(spectrum, spectrum).real)


def _decibels(power: float) -> float:
    return max(_SILENCE_DB, 10.0 * math.log10(power)) if power > 0.0 else _SILENCE_DB
