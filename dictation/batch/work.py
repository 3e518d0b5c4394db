"""One file after another through one recogniser, told as it goes on."""

import hashlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from dictation.audio.files import AudioFileError
from dictation.audio.sources import named
from dictation.batch import outputs
from dictation.batch.finding import Target
from dictation.batch.journal import Journal, Origin, origin_of
from dictation.config import ModelSection, RecognitionSection, hot_words_file
from dictation.errors import DictationError
from dictation.loading import load_recognizer
from dictation.text.hot_words import read_hot_words
from dictation.transcription import (
    FileRecognizer,
    Heard,
    Progress,
    Segment,
    Transcript,
    TranscriptionSettings,
    assembled,
    listen,
)
from dictation.transcripts.kinds import Format

if TYPE_CHECKING:
    from dictation.recognizer import Recognizer


@dataclass(frozen=True, slots=True)
class Recipe:
    """How files are worked on: all that a process of its own needs to know."""

    model: ModelSection
    options: TranscriptionSettings
    formats: tuple[Format, ...] = (Format.TXT,)
    force: bool = False
    hot_words: Path | None = None
    recognition: RecognitionSection = field(default_factory=RecognitionSection)

    @property
    def words(self) -> Path:
        """The list of words that is listened for, whether there is one or not."""
        return self.hot_words or hot_words_file(self.recognition)

    def fingerprint(self) -> str:
        """Stands for everything that changes what is recognised."""
        words = self.words.read_bytes() if self.words.is_file() else b""
        known = f"{self.model.name} {self.options} {self.recognition}".encode() + words
        return hashlib.sha256(known).hexdigest()


@dataclass(frozen=True, slots=True)
class Task:
    """A file to work on: `source` None is standard input, `target` None standard output."""

    number: int
    source: Path | None
    target: Target | None = None

    @property
    def name(self) -> str:
        """The file as the user named it."""
        return "-" if self.source is None else str(self.source)


@dataclass(frozen=True, slots=True)
class Found:
    """Something was heard in the file of a task."""

    task: Task
    heard: Heard


@dataclass(frozen=True, slots=True)
class Resumed:
    """The file of a task was begun before: it goes on after so many seconds."""

    task: Task
    seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """A file is done; what was to be written is written."""

    task: Task
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Skipped:
    """Everything that was to be made of a file is there already."""

    task: Task


@dataclass(frozen=True, slots=True)
class Failed:
    """A file could not be used; `fatal` when no other one can be either."""

    task: Task
    message: str
    fatal: bool = False


Message = Found | Resumed | Finished | Skipped | Failed


def prepared_recognizer(recipe: Recipe) -> "Recognizer":
    """The model with its hot words. Raises DictationError."""
    if recipe.words.is_file() or recipe.hot_words is not None:
        read_hot_words(recipe.words)  # says what is wrong with it before anything is loaded
    recognition = recipe.recognition.model_copy(update={"hot_words": str(recipe.words)})
    return load_recognizer(recipe.model, recognition)


def left_to_do(tasks: Sequence[Task], recipe: Recipe) -> tuple[list[Task], list[Message]]:
    """The tasks whose files are not there yet, and what is to be told of the others."""
    fresh: list[Task] = []
    told: list[Message] = []
    for task in tasks:
        try:
            lacking = _lacking(task, recipe)
        except outputs.StaleError as error:
            told.append(Failed(task, str(error)))
            continue
        if lacking or task.target is None:
            fresh.append(task)
        else:
            told.append(Skipped(task))
    return fresh, told


def work(task: Task, recipe: Recipe, recognizer: FileRecognizer) -> Iterator[Message]:
    """Recognise one file and write what is to be written; ends with Finished or Failed."""
    try:
        yield from _work(task, recipe, recognizer)
    except outputs.OutputError as error:
        yield Failed(task, str(error), fatal=True)
    except DictationError as error:
        yield Failed(task, str(error))


def _work(task: Task, recipe: Recipe, recognizer: FileRecognizer) -> Iterator[Message]:
    if task.source is None or task.target is None:
        transcript = yield from _listened(task, recipe, recognizer, [], lambda segment: None)
    else:
        with Journal(task.target.journal, _origin(task.source, recipe)) as journal:
            if journal.segments:
                yield Resumed(task, journal.segments[-1].end)
            transcript = yield from _listened(
                task, recipe, recognizer, journal.segments, journal.add
            )
    if task.target is not None:
        outputs.write(transcript, task.target, _lacking(task, recipe))
        task.target.journal.unlink(missing_ok=True)
    yield Finished(task, transcript)


def _listened(
    task: Task,
    recipe: Recipe,
    recognizer: FileRecognizer,
    known: Sequence[Segment],
    keep: Callable[[Segment], None],
) -> Generator[Message, None, Transcript]:
    source: Path | BinaryIO = sys.stdin.buffer if task.source is None else task.source
    segments = list(known)
    seconds = 0.0
    begin = segments[-1].end if segments else 0.0
    for heard in listen(source, recognizer, recipe.options, begin):
        match heard:
            case Segment():
                segments.append(heard)
                keep(heard)
            case Progress():
                seconds = heard.seconds
        yield Found(task, heard)
    return assembled(named(source), seconds, segments)


def _origin(source: Path, recipe: Recipe) -> Origin:
    try:
        return origin_of(source, recipe.fingerprint())
    except OSError as error:
        raise AudioFileError(
            "{0} cannot be opened: {1}; check the path", str(source), error.strerror or ""
        ) from error


def _lacking(task: Task, recipe: Recipe) -> list[Format]:
    if task.target is None or task.source is None or recipe.force:
        return list(recipe.formats)
    return outputs.missing(task.source, task.target, recipe.formats)
