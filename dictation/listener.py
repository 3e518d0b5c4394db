"""From sound to utterances to text, without threads: what the worker does with what it hears.

Nothing here imports torch: the recogniser comes in as a value.
"""

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.endpoint import EndpointRules, over
from dictation.audio.level import SpeechLevel
from dictation.audio.segmenter import End, Onset, Pause, Segmenter, SegmenterSettings, Speech
from dictation.errors import DictationError
from dictation.events import (
    BadLevel,
    DropReason,
    Event,
    Final,
    Language,
    LanguageChoice,
    ModelMoved,
    Partial,
    SpeechDropped,
    SpeechStarted,
    TimedWord,
    Timing,
)

Samples = NDArray[np.float32]

MODEL_ERRORS = (RuntimeError, ValueError, ArithmeticError, LookupError, MemoryError, DictationError)
"""What a model may raise over one utterance (torch: RuntimeError) without being broken for good."""

# From then on it is no gap between sounds: stops are closed for less.
_SILENT_SECONDS = 0.12

_log = logging.getLogger(__name__)


class PartialText(Protocol):
    """The caption after a chunk; the language is None until it is clear."""

    @property
    def stable(self) -> str: ...  # noqa: D102
    @property
    def unstable(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> Language | None: ...  # noqa: D102
    @property
    def trailing_blank(self) -> float: ...  # noqa: D102


class FinalText(Protocol):
    """The recognition of a whole utterance."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def words(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> Language: ...  # noqa: D102
    @property
    def confidence(self) -> float: ...  # noqa: D102
    @property
    def timed(self) -> tuple[TimedWord, ...]: ...  # noqa: D102


class UtteranceStream(Protocol):
    """One utterance being recognised."""

    def accept(self, samples: Samples, /) -> PartialText | None:
        """Take sound; the newest caption when that completed a chunk, else None."""
        ...

    def finish(self) -> FinalText:
        """Flush, run the second pass, and be spent."""
        ...


class LiveStream(UtteranceStream, Protocol):
    """An utterance whose end is not known before it has come."""

    def foresee(self) -> None:
        """Run the second pass as if nothing more came; `finish` has its text if nothing does."""
        ...


class StreamingRecognizer(Protocol):
    """The part of the recogniser that live dictation needs."""

    @property
    def description(self) -> str:
        """Name, device and precision, for people."""
        ...

    def stream(self, *, chunk_ms: int, language: Language | None = None) -> LiveStream:
        """Begin an utterance; `language`: what is spoken, None where it is to be found out."""
        ...


@dataclass(slots=True)
class _Utterance:
    number: int
    began_at: float
    stream: LiveStream
    samples: int = 0
    level: SpeechLevel = field(default_factory=SpeechLevel)
    first_partial: float | None = None
    # A pause has begun, and nobody has made use of it yet.
    pausing: bool = False
    # Where the voice ended that the foreseen text is of, and the silence that came after it.
    foreseen: int | None = None
    withheld: list[Samples] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Decision:
    """The moment an utterance was held to be over, and what there was to wait for until then."""

    at: float
    wait: float
    backlog: float


class Listener:
    """Turns each run of listening into SpeechStarted, Partial and one Final or SpeechDropped each.

    An utterance ends where the voice does, or by the rules of `endpoint` for what is recognised.
    Times are those of `clock`, in seconds. An error of the model ends the utterance it happened in.
    """

    def __init__(
        self,
        recognizer: StreamingRecognizer,
        segmenter: SegmenterSettings,
        chunk_ms: int,
        emit: Callable[[Event], None],
        clock: Callable[[], float],
        endpoint: EndpointRules | None = None,
    ) -> None:
        self._recognizer = recognizer
        self._endpoint = endpoint
        self._segmenter = Segmenter(segmenter)
        self._chunk_ms = chunk_ms
        self._emit = emit
        self._clock = clock
        self._numbers = itertools.count(1)
        self._open: _Utterance | None = None
        self._heard = 0
        self._language: Language | None = None
        self._running_as = recognizer.description

    def use_language(self, choice: LanguageChoice) -> None:
        """Recognise the utterances that begin from now on as this language."""
        self._language = None if choice == "auto" else choice

    @property
    def recognising(self) -> bool:
        """Whether an utterance is open."""
        return self._open is not None

    def begin(self) -> None:
        """Start a run: nothing is known of what was heard before."""
        self._segmenter.reset()
        self._heard = 0

    def hear(
        self, samples: Samples, until: float, backlog: float, dropped: Callable[[], bool]
    ) -> None:
        """Take sound that was captured up to the time `until`.

        `backlog`: seconds of sound that wait behind it. `dropped`: asked before anything is said
        of an utterance whether the user has taken it back meanwhile.
        """
        self._heard += len(samples)
        events = self._segmenter.accept(samples)
        newest = next((event for event in reversed(events) if not isinstance(event, Pause)), None)
        for event in events:
            match event:
                case Onset(sample):
                    self._start(until - (self._heard - sample) / SAMPLE_RATE)
                case Speech(speech):
                    partial = self._continue(speech, dropped)
                    # Where more has happened already the segmenter was the quicker one.
                    if partial is not None and event is newest and self._over(partial):
                        self._segmenter.cut()
                        wait = partial.trailing_blank
                        self._finish(_Decision(self._clock(), wait, backlog), dropped)
                case Pause() if self._open is not None:
                    self._open.pausing = True
                case End(wait_seconds=wait):
                    # As of the sound that tells it, however long that lay here.
                    self._finish(_Decision(until, wait, backlog), dropped)
        # Captions may take longer than the sound that tells of the pause: it lasts, so this waits.
        if self._open is not None and self._open.pausing and backlog <= 0.0 and not dropped():
            self._open.pausing = False
            self._foresee(self._open)

    def let_go(self, dropped: Callable[[], bool]) -> None:
        """Use the post-roll: it will be silent, where the voice was over before the user let go."""
        if self._open is None or dropped() or not self._segmenter.voice_delivered:
            return
        if (self._heard - self._segmenter.voice_until) / SAMPLE_RATE >= _SILENT_SECONDS:
            self._foresee(self._open)

    def finish(
        self, asked_at: float, tail: float, backlog: float, dropped: Callable[[], bool]
    ) -> None:
        """Finish the open utterance: the user let go at `asked_at`, `tail` seconds were added."""
        decision = _Decision(asked_at + tail, tail, backlog)
        for event in self._segmenter.finish():
            match event:
                case Speech(speech):
                    self._continue(speech, dropped)
                case End():
                    self._finish(decision, dropped)

    def drop(self) -> None:
        """Forget the open utterance."""
        self._segmenter.reset()
        self._end_without_text("cancelled")

    def _start(self, began_at: float) -> None:
        number = next(self._numbers)
        self._emit(SpeechStarted(number, began_at))
        try:
            stream = self._recognizer.stream(chunk_ms=self._chunk_ms, language=self._language)
        except MODEL_ERRORS as error:
            self._tell_failure(number, error)
            return
        self._open = _Utterance(number, began_at, stream)

    def _over(self, partial: PartialText) -> bool:
        """Whether the utterance ends by what was recognised of it."""
        if self._endpoint is None or self._open is None:
            return False
        length = self._open.samples / SAMPLE_RATE
        return over(self._endpoint, bool(partial.text), partial.trailing_blank, length)

    def _continue(self, speech: Samples, dropped: Callable[[], bool]) -> PartialText | None:
        """Recognise more of the open utterance; its caption, where there is a new one."""
        utterance = self._open
        if utterance is None:
            return None
        utterance.samples += len(speech)
        utterance.level.add(speech)
        utterance.withheld.append(speech)
        if utterance.foreseen == self._segmenter.voice_until:
            return None
        speech = np.concatenate(utterance.withheld)
        utterance.withheld.clear()
        utterance.pausing, utterance.foreseen = False, None
        try:
            partial = utterance.stream.accept(speech)
        except MODEL_ERRORS as error:
            self._open = None
            self._tell_failure(utterance.number, error)
            return None
        self._tell_move()
        if partial is None or dropped():
            return None
        now = self._clock()
        if utterance.first_partial is None and partial.text:
            utterance.first_partial = now - utterance.began_at
        self._emit(
            Partial(utterance.number, partial.stable, partial.unstable, partial.language, now)
        )
        return partial

    def _foresee(self, utterance: _Utterance) -> None:
        """Use the silence that may be the end: the text is there when it turns out to be."""
        if utterance.foreseen == self._segmenter.voice_until:
            return
        try:
            utterance.stream.foresee()
            utterance.foreseen = self._segmenter.voice_until
        except MODEL_ERRORS as error:
            # Told of when the utterance ends: it may come to another end.
            _log.debug("the model failed on what may be an utterance", exc_info=error)
        self._tell_move()

    def _finish(self, decision: _Decision, dropped: Callable[[], bool]) -> None:
        utterance, self._open = self._open, None
        if utterance is None:
            return
        try:
            final = utterance.stream.finish()
        except MODEL_ERRORS as error:
            self._tell_failure(utterance.number, error)
            return
        self._tell_move()
        now = self._clock()
        if dropped():
            self._emit(SpeechDropped(utterance.number, "cancelled", now))
        elif not final.text.strip():
            self._emit(SpeechDropped(utterance.number, "no_words", now))
        else:
            timing = Timing(
                audio=utterance.samples / SAMPLE_RATE,
                endpoint_wait=decision.wait,
                first_partial=utterance.first_partial,
                compute=now - decision.at,
                backlog=decision.backlog,
            )
            self._emit(
                Final(
                    utterance.number,
                    final.text,
                    final.language,
                    timing,
                    now,
                    raw=final.words,
                    confidence=final.confidence,
                    timed=final.timed,
                )
            )
            if utterance.level.fault is not None:
                self._emit(BadLevel(utterance.level.fault))

    def _end_without_text(self, reason: DropReason) -> None:
        if self._open is not None:
            self._emit(SpeechDropped(self._open.number, reason, self._clock()))
            self._open = None

    def _tell_move(self) -> None:
        """Tell of a recogniser that runs elsewhere than before: it had no memory left there."""
        if self._recognizer.description != self._running_as:
            self._running_as = self._recognizer.description
            self._emit(ModelMoved(self._running_as))

    def _tell_failure(self, number: int, error: BaseException) -> None:
        _log.debug("the model failed on an utterance", exc_info=error)
        self._emit(SpeechDropped(number, "failed", self._clock(), one_line(error)))


def one_line(error: BaseException) -> str:
    """An error as one line for people."""
    first = next(iter(str(error).strip().splitlines()), "")
    return first if isinstance(error, DictationError) else f"{type(error).__name__}: {first}"
