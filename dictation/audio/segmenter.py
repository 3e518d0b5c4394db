"""Cuts the endless signal of a microphone into utterances."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.voice import FRAME, VoiceDetector

_FRAME_MS = 1000 * FRAME // SAMPLE_RATE
_LOWEST_OVER_FRAMES = 5

EndReason = Literal["silence", "released", "too_long"]
"""Why an utterance ended: nobody spoke, the user let go, or it reached its longest length."""


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """When an utterance starts and ends; durations are rounded to 10 ms frames.

    start_ms: voice needed to start, within any `start_window_ms`.
    end_ms: silence that ends an utterance.
    max_seconds: longest utterance, pre-roll included.
    pre_roll_ms: sound from before the start that belongs to the utterance.
    trail_ms: silence delivered after the last voice; the rest of a pause follows when voice does.
    aggressiveness: WebRTC's, 0 (lenient) to 3.
    floor_db: level in dB of full scale that is never voice.
    start_margin_db, hold_margin_db: how far voice stands above the background to start an
    utterance, and to keep it open.
    cut_window_seconds: last part of an overlong utterance, in which its cut is looked for.
    cut_pause_ms: pause that ends the utterance in that part.
    """

    start_ms: int = 90
    start_window_ms: int = 150
    end_ms: int = 600
    max_seconds: float = 20.0
    pre_roll_ms: int = 500
    trail_ms: int = 300
    aggressiveness: int = 2
    floor_db: float = -65.0
    start_margin_db: float = 8.0
    hold_margin_db: float = 5.0
    cut_window_seconds: float = 2.0
    cut_pause_ms: int = 200

    def __post_init__(self) -> None:
        if not 0 < self.start_ms <= self.start_window_ms:
            raise ValueError("start_ms must be above 0 and at most start_window_ms")
        if self.end_ms < _FRAME_MS:
            raise ValueError(f"end_ms must be at least {_FRAME_MS}")
        if min(self.pre_roll_ms, self.trail_ms, self.cut_window_seconds) < 0:
            raise ValueError("pre_roll_ms, trail_ms and cut_window_seconds must not be negative")
        lead = (self.pre_roll_ms + self.start_window_ms) / 1000
        if self.max_seconds < self.cut_window_seconds + lead:
            raise ValueError("max_seconds must hold the pre-roll, the start and the cut window")


@dataclass(frozen=True, slots=True)
class Onset:
    """An utterance starts; `sample` is where its voice begins, counted from the first accepted."""

    sample: int


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """The next samples of the open utterance, mono float32; the first ones are the pre-roll."""

    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody speaks: if the utterance ends with this silence, all of its Speech is there by now."""


@dataclass(frozen=True, slots=True)
class End:
    """The open utterance is over.

    `sample` is the first that no longer belongs to it. `wait_seconds` is the time between the last
    voice (or the cut) and the decision: 0 when the user let go.
    """

    sample: int
    wait_seconds: float
    reason: EndReason


SegmentEvent = Onset | Speech | Pause | End


@dataclass(frozen=True, slots=True)
class _Frame:
    samples: NDArray[np.float32]
    level: float


class Segmenter:
    """Finds utterances in a stream: each is one Onset, its Speech with Pauses in it, one End.

    The Speech of an utterance, concatenated, is one unbroken slice of the input that stops at
    `End.sample`; slices are in order and never overlap. The same audio gives the same utterances
    however it is cut into blocks. In the last `cut_window_seconds` before `max_seconds`, audio is
    held back until the place of the cut is known.
    """

    def __init__(self, settings: SegmenterSettings | None = None) -> None:
        self._settings = settings or SegmenterSettings()
        self._start_frames = _frames(self._settings.start_ms)
        self._window_frames = _frames(self._settings.start_window_ms)
        self._end_frames = _frames(self._settings.end_ms)
        self._pre_roll_frames = _frames(self._settings.pre_roll_ms)
        self._trail_frames = _frames(self._settings.trail_ms)
        self._pause_frames = _frames(self._settings.cut_pause_ms)
        self._longest = round(self._settings.max_seconds * SAMPLE_RATE)
        self._search_from = self._longest - round(self._settings.cut_window_seconds * SAMPLE_RATE)
        self.reset()

    def reset(self) -> None:
        """Start over: the next sample is number 0, and nothing is known of the background."""
        self._detector = VoiceDetector(self._settings.aggressiveness, self._settings.floor_db)
        self._rest: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._position = 0
        self._voice_until = 0
        # Frames not delivered yet: the pre-roll while idle, a pause or the cut window while open.
        # What an utterance leaves behind is pre-roll of the next, so that none is given twice.
        self._held: deque[_Frame] = deque()
        self._recent: deque[bool] = deque(maxlen=self._window_frames)
        self._open = False
        self._silent_frames = 0
        self._length = 0

    def accept(self, samples: NDArray[np.float32]) -> list[SegmentEvent]:
        """Take the next samples (any number) and return what they made happen."""
        audio = np.concatenate((self._rest, samples.astype(np.float32, copy=False)))
        whole = len(audio) // FRAME * FRAME
        events: list[SegmentEvent] = []
        for frame in audio[:whole].reshape(-1, FRAME):
            self._step(frame, events)
        self._rest = audio[whole:].copy()
        return _merged(events)

    @property
    def voice_until(self) -> int:
        """The sample at which the last voice ended, counted from the first accepted."""
        return self._voice_until

    @property
    def voice_delivered(self) -> bool:
        """Whether nothing but silence is held back."""
        return self._position - self._held_samples() >= self._voice_until

    def cut(self) -> None:
        """End the open utterance at what was delivered of it, by somebody else's decision.

        Nothing more is told of it; what follows is found as any other utterance is.
        """
        self._open = False
        self._recent.clear()

    def finish(self) -> list[SegmentEvent]:
        """End the open utterance here, with every sample accepted so far; the stream may go on."""
        events: list[SegmentEvent] = []
        if len(self._rest):
            self._held.append(_Frame(self._rest, 0.0))
            self._position += len(self._rest)
            self._rest = np.zeros(0, dtype=np.float32)
        if self._open:
            self._close(events, "released", keep=0, wait_frames=0)
        self._recent.clear()
        return _merged(events)

    def _step(self, samples: NDArray[np.float32], events: list[SegmentEvent]) -> None:
        settings = self._settings
        margin = settings.hold_margin_db if self._open else settings.start_margin_db
        frame = self._detector.classify(samples, margin)
        self._position += FRAME
        if frame.voiced:
            self._voice_until = self._position
        self._held.append(_Frame(samples, frame.level))
        if self._open:
            self._length += FRAME
            self._silent_frames = 0 if frame.voiced else self._silent_frames + 1
            self._continue(events)
        else:
            self._recent.append(frame.voiced)
            self._wait(events)

    def _wait(self, events: list[SegmentEvent]) -> None:
        if sum(self._recent) < self._start_frames:
            while len(self._held) > self._pre_roll_frames + self._window_frames:
                self._held.popleft()
            return
        voice_frames = len(self._recent) - self._recent.index(True)
        while len(self._held) > self._pre_roll_frames + voice_frames:
            self._held.popleft()
        self._recent.clear()
        self._start(events, self._position - voice_frames * FRAME)
        self._silent_frames = 0
        self._continue(events)

    def _start(self, events: list[SegmentEvent], sample: int) -> None:
        self._open = True
        self._length = self._held_samples()
        events.append(Onset(sample))

    def _continue(self, events: list[SegmentEvent]) -> None:
        silent = self._silent_frames
        if silent >= self._end_frames:
            self._close(events, "silence", max(0, silent - self._trail_frames), silent)
        elif self._length < self._search_from:
            if silent <= self._trail_frames:
                self._deliver(events, keep=0)
            if silent == max(1, self._trail_frames):
                events.append(Pause())
        elif silent >= self._pause_frames:
            self._close(events, "too_long", keep=silent // 2, wait_frames=silent)
        elif self._length >= self._longest:
            self._cut(events)

    def _cut(self, events: list[SegmentEvent]) -> None:
        # Of what is still held, so that the utterance up to the cut was delivered exactly once.
        keep = len(self._held) - 1 - _quietest([frame.level for frame in self._held])
        self._close(events, "too_long", keep, wait_frames=keep)
        self._start(events, self._position - self._held_samples())
        self._silent_frames = min(self._silent_frames, len(self._held))
        self._continue(events)

    def _close(
        self, events: list[SegmentEvent], reason: EndReason, keep: int, wait_frames: int
    ) -> None:
        self._deliver(events, keep)
        wait_seconds = wait_frames * FRAME / SAMPLE_RATE
        events.append(End(self._position - self._held_samples(), wait_seconds, reason))
        self._open = False
        self._recent.clear()

    def _deliver(self, events: list[SegmentEvent], keep: int) -> None:
        while len(self._held) > keep:
            events.append(Speech(self._held.popleft().samples))

    def _held_samples(self) -> int:
        return sum(len(frame.samples) for frame in self._held)


def _frames(milliseconds: int) -> int:
    return round(milliseconds / _FRAME_MS)


def _quietest(levels: list[float]) -> int:
    # Over a few frames: a single quiet frame may be the closure of a stop in mid-word.
    width = min(_LOWEST_OVER_FRAMES, len(levels))
    sums = [sum(levels[first : first + width]) for first in range(len(levels) - width + 1)]
    return sums.index(min(sums)) + width // 2


def _merged(events: list[SegmentEvent]) -> list[SegmentEvent]:
    merged: list[SegmentEvent] = []
    run: list[NDArray[np.float32]] = []
    for event in events:
        if isinstance(event, Speech):
            run.append(event.samples)
            continue
        if run:
            merged.append(Speech(np.concatenate(run)))
            run = []
        merged.append(event)
    if run:
        merged.append(Speech(np.concatenate(run)))
    return merged
