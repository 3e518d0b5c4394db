"""The work of one tab: which sounds wait, what has been heard of the one at work, what is done."""

import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from dictation.audio.files import AudioFileError, probe
from dictation.errors import DictationError
from dictation.transcription import (
    Damage,
    FileRecognizer,
    Heard,
    Progress,
    Segment,
    Transcript,
    TranscriptionSettings,
    assembled,
    joined_text,
    listen,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a sound: `seconds` of work, or the error that says why there is no text."""

    transcript: Transcript | None
    seconds: float = 0.0
    warnings: tuple[DictationError, ...] = ()
    error: DictationError | None = None


@dataclass(slots=True)
class Work:
    """One sound being recognised, a step at a time; can be left at any step and gone on with."""

    key: str
    name: str
    heard: Generator[Heard, None, None]
    began: float
    duration: float | None
    done: float = 0.0
    segments: list[Segment] = field(default_factory=list)
    warnings: list[DictationError] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What has been recognised so far."""
        return joined_text([segment.text for segment in self.segments])

    @property
    def share(self) -> float:
        """How much of the sound is done, 0..1."""
        return min(1.0, self.done / self.duration) if self.duration else 0.0


@dataclass(slots=True)
class Desk:
    """Holds no sound itself: sounds are those of the moment, by their key."""

    clock: Callable[[], float] = time.monotonic
    waiting: list[str] = field(default_factory=list)
    work: Work | None = None
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether something is being recognised or is about to be."""
        return self.work is not None or bool(self.waiting)

    def start(self, keys: list[str]) -> None:
        """Recognise these sounds, one after the other."""
        self.waiting = [key for key in keys if key not in self.results]

    def cancel(self) -> None:
        """Stop; what is done stays."""
        self.waiting.clear()
        self._drop_work()

    def keep_only(self, keys: list[str]) -> None:
        """Forget all about sounds that were taken away."""
        self.waiting = [key for key in self.waiting if key in keys]
        self.results = {key: result for key, result in self.results.items() if key in keys}
        if self.work is not None and self.work.key not in keys:
            self._drop_work()

    def step(
        self,
        sounds: Mapping[str, BinaryIO],
        recognizer: FileRecognizer,
        options: TranscriptionSettings,
    ) -> bool:
        """Do a little: False when a sound has just been finished, or nothing is left to do."""
        if self.work is None:
            if not self.waiting:
                return False
            key = self.waiting.pop(0)
            sound = sounds[key]
            name = getattr(sound, "name", key)
            duration = _duration(sound)
            sound.seek(0)
            heard = listen(sound, recognizer, options)
            self.work = Work(key, name, heard, self.clock(), duration)
        try:
            match next(self.work.heard, None):
                case None:
                    self._finish()
                    return False
                case Progress(seconds):
                    self.work.done = seconds
                case Segment() as segment:
                    self.work.segments.append(segment)
                case Damage(error):
                    self.work.warnings.append(error)
        except DictationError as error:
            self.results[self.work.key] = Result(None, error=error)
            self._drop_work()
            return False
        return True

    def _finish(self) -> None:
        work = self.work
        assert work is not None
        self.results[work.key] = Result(
            assembled(work.name, work.done, work.segments),
            self.clock() - work.began,
            tuple(work.warnings),
        )
        self._drop_work()

    def _drop_work(self) -> None:
        if self.work is not None:
            self.work.heard.close()
            self.work = None


def _duration(sound: BinaryIO) -> float | None:
    sound.seek(0)
    try:
        return probe(sound).duration
    except AudioFileError:
        return None  # the reading itself says what is wrong
