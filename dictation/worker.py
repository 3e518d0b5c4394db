"""The thread that owns the model: sound goes in at any pace, events come out.

Nothing here imports torch: `load` does, in the worker's own thread. All calls from outside only
put something into one queue, so none of them waits for the model.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.audio.endpoint import EndpointRules
from dictation.audio.ring import RingBuffer
from dictation.audio.segmenter import SegmenterSettings
from dictation.events import (
    Event,
    FallingBehind,
    LanguageChoice,
    ListeningEnded,
    ModelFailed,
    ModelReady,
)
from dictation.listener import MODEL_ERRORS, Listener, Samples, StreamingRecognizer, one_line

_LOAD_ERRORS = (*MODEL_ERRORS, OSError, ImportError)
_TAIL_PATIENCE_SECONDS = 0.25
_CAUGHT_UP = 0.25
_GLANCE_SECONDS = 20.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How sound is cut and when the worker calls itself late.

    chunk_ms: sound between two captions. language: what is spoken at first. pre_roll_ms,
    post_roll_ms: sound from before `listen` and after `finish` that is still heard. behind_seconds:
    waiting sound from which on captions are skipped. catch_up_seconds: sound taken at a time then.
    stuck_seconds: time from which on the model counts as hanging.
    endpoint: when an utterance ends by what is recognised, None: by the segmenter alone.
    """

    chunk_ms: int = 320
    language: LanguageChoice = "auto"
    pre_roll_ms: int = 500
    post_roll_ms: int = 160
    behind_seconds: float = 1.5
    catch_up_seconds: float = 2.0
    stuck_seconds: float = 60.0
    segmenter: SegmenterSettings = field(default_factory=SegmenterSettings)
    endpoint: EndpointRules | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Sound:
    run: int
    samples: Samples
    until: float


@dataclass(frozen=True, slots=True)
class _Listen:
    pass


@dataclass(frozen=True, slots=True)
class _LetGo:
    run: int


@dataclass(frozen=True, slots=True)
class _Finish:
    run: int
    asked_at: float
    tail: float
    backlog: float


@dataclass(frozen=True, slots=True)
class _Cancel:
    run: int


@dataclass(frozen=True, slots=True)
class _UseLanguage:
    choice: LanguageChoice


_Message = _Sound | _Listen | _LetGo | _Finish | _Cancel | _UseLanguage


def _nothing() -> None:
    pass


class Worker:
    """Hears sound, finds utterances in it, recognises them and tells `emit`, which must not block.

    Each `finish` and each `cancel` is answered by exactly one ListeningEnded, and each
    SpeechStarted by one Final or SpeechDropped before it. `load` runs in the worker's thread; when
    it fails ModelFailed is told, and what is said later is answered but not heard. `tidy` is called
    in that thread, too, while nothing is being said.
    """

    def __init__(
        self,
        load: Callable[[], StreamingRecognizer],
        settings: WorkerSettings,
        emit: Callable[[Event], None],
        clock: Callable[[], float],
        tidy: Callable[[], None] = _nothing,
    ) -> None:
        self._load = load
        self._tidy = tidy
        self._settings = settings
        self._emit = emit
        self._clock = clock
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        # Guards all of the following; the model is never called while it is held.
        self._mail = threading.Condition()
        self._queue: deque[_Message] = deque()
        self._waiting = 0
        self._busy_since: float | None = None
        self._watched: float | None = None
        self._asked_after = clock()
        self._stood_still = 0.0
        self._ring = RingBuffer(max(1, _samples(settings.pre_roll_ms)))
        self._heard_until = clock()
        self._current_run = 0
        self._hearing = False
        self._tail: int | None = None
        self._asked_at = 0.0
        self._dropped_runs: set[int] = set()
        self._closed = False

    def start(self) -> None:
        """Start the thread, which loads the model first."""
        self._thread.start()

    def hear(self, samples: Samples, captured_at: float) -> None:
        """Take mono 16 kHz sound that ended at `captured_at`; never waits for the model."""
        with self._mail:
            self._heard_until = captured_at
            if not self._hearing:
                self._remember(samples)
            elif self._tail is None:
                self._put_sound(samples, captured_at)
            else:
                taken = samples[: self._tail]
                self._tail -= len(taken)
                self._put_sound(taken, captured_at)
                if self._tail == 0:
                    self._end_run()
                    self._remember(samples[len(taken) :])

    def listen(self) -> None:
        """Begin with the sound of just before; does nothing while listening."""
        with self._mail:
            if self._hearing and self._tail is None:
                return
            if self._hearing:
                self._end_run()
            self._current_run += 1
            self._hearing = True
            self._put(_Listen())
            self._put_sound(self._ring.latest(len(self._ring)), self._heard_until)
            self._ring.clear()

    def finish(self) -> None:
        """Stop listening after the post-roll, finish the open utterance, then ListeningEnded."""
        with self._mail:
            now = self._clock()
            if not self._hearing or self._tail is not None:
                self._put(_Finish(self._current_run, now, 0.0, self._backlog()))
                return
            self._asked_at = now
            self._tail = _samples(self._settings.post_roll_ms)
            if self._tail == 0:
                self._end_run()
            else:
                self._put(_LetGo(self._current_run))

    def cancel(self) -> None:
        """Drop the open utterance and all sound that waits, then ListeningEnded."""
        with self._mail:
            if self._tail is not None:
                self._end_run()
            self._hearing = False
            self._dropped_runs.add(self._current_run)
            self._put(_Cancel(self._current_run))

    @property
    def stuck(self) -> bool:
        """Whether the model has been at one thing for too long; its loading does not count.

        To be asked every few seconds: of a longer time in which nobody asked, the process may have
        stood still.
        """
        now = self._clock()
        with self._mail:
            asked, self._asked_after = self._asked_after, now
            since = self._busy_since
            if since != self._watched:
                self._watched, self._stood_still = since, 0.0
            if since is None:
                return False
            self._stood_still += max(0.0, now - max(asked, since) - _GLANCE_SECONDS)
            return now - since - self._stood_still > self._settings.stuck_seconds

    def use_language(self, choice: LanguageChoice) -> None:
        """Recognise the utterances that begin from now on as this language."""
        with self._mail:
            self._put(_UseLanguage(choice))

    def close(self, patience: float | None = None) -> None:
        """End the thread as soon as the model lets go; what is still open is not finished.

        `patience`: seconds to wait for that, None for as long as it takes.
        """
        with self._mail:
            self._closed = True
            self._mail.notify()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _remember(self, samples: Samples) -> None:
        if self._settings.pre_roll_ms:
            self._ring.write(samples)

    def _put_sound(self, samples: Samples, until: float) -> None:
        self._waiting += len(samples)
        self._put(_Sound(self._current_run, samples, until))

    def _put(self, message: _Message) -> None:
        self._queue.append(message)
        self._mail.notify()

    def _end_run(self) -> None:
        """Close the post-roll: what comes now is already sound from before the next run."""
        self._hearing = False
        self._tail = None
        tail = self._clock() - self._asked_at
        self._put(_Finish(self._current_run, self._asked_at, tail, self._backlog()))

    def _backlog(self) -> float:
        return self._waiting / SAMPLE_RATE

    def _run(self) -> None:
        broken = True
        try:
            self._serve()
            broken = False
        finally:
            if broken:
                self._emit(ModelFailed("the recogniser stopped because of an error in the program"))

    def _serve(self) -> None:
        listener = self._make_listener()
        self._tidy()
        late = False
        while (taken := self._next()) is not None:
            message, backlog = taken
            limit = self._settings.behind_seconds * (_CAUGHT_UP if late else 1.0)
            if late != (backlog > limit):
                late = not late
                self._emit(FallingBehind(backlog if late else 0.0))
            if listener is not None:
                self._handle(message, listener, backlog)
            if isinstance(message, _Finish | _Cancel):
                self._emit(ListeningEnded(self._clock()))
            if listener is not None and not listener.recognising:
                self._tidy()

    def _make_listener(self) -> Listener | None:
        began = self._clock()
        try:
            recognizer = self._load()
        except _LOAD_ERRORS as error:
            _log.debug("the model did not load", exc_info=error)
            self._emit(ModelFailed(one_line(error)))
            return None
        self._emit(ModelReady(recognizer.description, self._clock() - began))
        settings = self._settings
        listener = Listener(
            recognizer,
            settings.segmenter,
            settings.chunk_ms,
            self._emit,
            self._clock,
            settings.endpoint,
        )
        listener.use_language(settings.language)
        return listener

    def _handle(self, message: _Message, listener: Listener, backlog: float) -> None:
        match message:
            case _Listen():
                listener.begin()
            case _Sound(run, samples, until):
                if not self._is_dropped(run):
                    listener.hear(samples, until, backlog, lambda: self._is_dropped(run))
            case _LetGo(run):
                listener.let_go(lambda: self._is_dropped(run))
            case _Finish(run, asked_at, tail, waiting):
                if self._is_dropped(run):
                    listener.drop()
                else:
                    listener.finish(asked_at, tail, waiting, lambda: self._is_dropped(run))
            case _UseLanguage(choice):
                listener.use_language(choice)
            case _Cancel(run):
                listener.drop()
                with self._mail:
                    self._dropped_runs.discard(run)

    def _is_dropped(self, run: int) -> bool:
        with self._mail:
            return run in self._dropped_runs

    def _next(self) -> tuple[_Message, float] | None:
        """Wait for the next message; with it, the seconds of sound that wait behind it."""
        with self._mail:
            self._busy_since = None
            while not self._queue and not self._closed:
                self._mail.wait(self._tail_patience())
            if self._closed:
                return None
            message = self._queue.popleft()
            if isinstance(message, _Sound):
                self._waiting -= len(message.samples)
                if self._backlog() > self._settings.behind_seconds:
                    message = self._joined(message)
            self._busy_since = self._clock()
            return message, self._backlog()

    def _tail_patience(self) -> float | None:
        """Time to wait for a microphone that may have fallen silent in the post-roll."""
        if self._tail is None:
            return None
        whole = self._settings.post_roll_ms / 1000 + _TAIL_PATIENCE_SECONDS
        left = self._asked_at + whole - self._clock()
        if left <= 0:
            self._end_run()
        return max(left, 0.0)

    def _joined(self, first: _Sound) -> _Sound:
        """Take what waits in one go: the model gets all of the sound but shows fewer captions."""
        parts = [first]
        limit = _samples(round(self._settings.catch_up_seconds * 1000))
        total = len(first.samples)
        while self._queue and total < limit:
            following = self._queue[0]
            if not isinstance(following, _Sound) or following.run != first.run:
                break
            self._queue.popleft()
            self._waiting -= len(following.samples)
            total += len(following.samples)
            parts.append(following)
        return _Sound(first.run, np.concatenate([part.samples for part in parts]), parts[-1].until)


def _samples(milliseconds: int) -> int:
    return milliseconds * SAMPLE_RATE // 1000
