"""Audio files -> utterances -> text, in bounded memory."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import AudioFileError, read_audio
from dictation.audio.segmenter import End, Onset, Segmenter, SegmenterSettings, SegmentEvent, Speech
from dictation.audio.sources import named
from dictation.errors import DictationError
from dictation.events import Language, TimedWord
from dictation.listener import (
    MODEL_ERRORS,
    FinalText,
    Samples,
    StreamingRecognizer,
    UtteranceStream,
    one_line,
)
from dictation.text.pipeline import Context, Writing, format_text
from dictation.text.words import timed_anew

_ENDS_WITHOUT_SPACE = "。，、；：？！…）】》」』”’"
_PIECE = SAMPLE_RATE // 50


class FileRecognizer(StreamingRecognizer, Protocol):
    """The part of the recogniser that files need."""

    def transcribe(self, samples: Samples, /) -> FinalText:
        """Recognise one utterance with all of its context."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance of a file; times in seconds from its beginning, those of `words` too.

    `words` is empty where the model does not tell when each was said.
    """

    start: float
    end: float
    text: str
    language: Language
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file says; `language` is None when nobody speaks in it."""

    file: str
    duration: float
    language: Language | None
    text: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """So many seconds of the file have been heard."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Caption:
    """What an utterance that is not over says, so many seconds into the file."""

    seconds: float
    text: str


@dataclass(frozen=True, slots=True)
class Damage:
    """Part of the file could not be read; the error names the file."""

    error: AudioFileError


Heard = Progress | Caption | Segment | Damage


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """How files are decoded: whole utterances, or chunk by chunk as the microphone is.

    `writing`: how the texts are written, None as the model gives them.
    """

    stream: bool = False
    chunk_ms: int = 320
    segmenter: SegmenterSettings = field(default_factory=SegmenterSettings)
    writing: Writing | None = None


def transcribe(
    source: Path | BinaryIO,
    recognizer: FileRecognizer,
    settings: TranscriptionSettings | None = None,
    tell: Callable[[Heard], None] = lambda heard: None,
) -> Transcript:
    """Decode a file or stream and recognise what is said in it; `tell` hears all that is found.

    Raises what `listen` raises.
    """
    segments: list[Segment] = []
    seconds = 0.0
    for heard in listen(source, recognizer, settings):
        match heard:
            case Segment():
                segments.append(heard)
            case Progress():
                seconds = heard.seconds
        tell(heard)
    return assembled(named(source), seconds, segments)


def listen(
    source: Path | BinaryIO,
    recognizer: FileRecognizer,
    settings: TranscriptionSettings | None = None,
    begin: float = 0.0,
) -> Generator[Heard, None, None]:
    """Give what a file says as it is found, each half second of sound with its Progress.

    Utterances that start before `begin` seconds are known already: they are passed over, which is
    quick, and those after them come out as if all had been recognised. Raises AudioFileError for
    what holds no sound, DictationError when the model fails on it.
    """
    settings = settings or TranscriptionSettings()
    damage: list[AudioFileError] = []
    seconds = 0.0
    hearing = _Hearing(recognizer, settings, begin)
    try:
        for block in read_audio(source, damage.append):
            # In pieces as small as the microphone's, so that captions come as they would there.
            for piece in np.split(block, range(_PIECE, len(block), _PIECE)):
                yield from hearing.hear(piece)
            seconds += len(block) / SAMPLE_RATE
            yield Progress(seconds)
        yield from hearing.finish()
    except DictationError:
        raise
    except MODEL_ERRORS as error:
        message = f"{named(source)}: the model failed on it: {one_line(error)}"
        raise DictationError(message) from error
    yield from map(Damage, damage)


def assembled(file: str, duration: float, segments: Sequence[Segment]) -> Transcript:
    """The whole that the utterances of a file make."""
    return Transcript(
        file=file,
        duration=duration,
        language=overall_language([segment.language for segment in segments]),
        text=joined_text([segment.text for segment in segments]),
        segments=tuple(segments),
    )


class _Hearing:
    """Finds the utterances in 16 kHz mono sound and the text of each that has words."""

    def __init__(
        self, recognizer: FileRecognizer, settings: TranscriptionSettings, begin: float
    ) -> None:
        self._recognizer = recognizer
        self._settings = settings
        self._begin = begin
        self._segmenter = Segmenter(settings.segmenter)
        self._heard = 0
        self._onset = 0
        self._length = 0
        self._utterance: UtteranceStream | None = None

    def hear(self, samples: Samples) -> Iterator[Caption | Segment]:
        self._heard += len(samples)
        yield from self._deal_with(self._segmenter.accept(samples))

    def finish(self) -> Iterator[Caption | Segment]:
        yield from self._deal_with(self._segmenter.finish())

    def _deal_with(self, events: Iterable[SegmentEvent]) -> Iterator[Caption | Segment]:
        for event in events:
            match event:
                case Onset(sample):
                    self._onset, self._length = sample, 0
                    self._utterance = self._begun(sample / SAMPLE_RATE)
                case Speech(samples) if self._utterance is not None:
                    self._length += len(samples)
                    if caption := self._utterance.accept(samples):
                        yield Caption(self._heard / SAMPLE_RATE, caption.text)
                case End(sample) if self._utterance is not None:
                    segment = self._segment(self._utterance.finish(), sample)
                    if segment.text.strip():
                        yield segment

    def _begun(self, seconds: float) -> UtteranceStream | None:
        if seconds < self._begin:
            return None
        if self._settings.stream:
            return self._recognizer.stream(chunk_ms=self._settings.chunk_ms)
        return _Whole(self._recognizer)

    def _segment(self, final: FinalText, end: int) -> Segment:
        # The first sample of an utterance is that of its pre-roll, before the onset of its voice.
        first = (end - self._length) / SAMPLE_RATE
        text, words = final.text, final.timed
        if self._settings.writing is not None:
            text, words = _written(final, self._settings.writing)
        start, until = self._onset / SAMPLE_RATE, end / SAMPLE_RATE

        def inside(seconds: float) -> float:
            # CTC hears a word a little before the segmenter is sure of a voice.
            return min(max(start, first + seconds), until)

        timed = (replace(word, start=inside(word.start), end=inside(word.end)) for word in words)
        return Segment(start, until, text, final.language, tuple(timed))


def _written(final: FinalText, writing: Writing) -> tuple[str, tuple[TimedWord, ...]]:
    text = format_text(final.text, writing.steps, writing.words, Context(timed=final.timed))
    return text, timed_anew(text, final.timed)


@dataclass(slots=True)
class _Whole:
    """An utterance that is kept until its end and then recognised at once."""

    recognizer: FileRecognizer
    parts: list[Samples] = field(default_factory=list)

    def accept(self, samples: Samples, /) -> None:
        self.parts.append(samples)

    def finish(self) -> FinalText:
        return self.recognizer.transcribe(np.concatenate(self.parts))


def overall_language(languages: Sequence[Language]) -> Language | None:
    """The language of a whole file from those of its utterances."""
    different = set(languages)
    if not different:
        return None
    return different.pop() if len(different) == 1 else "mix"


def joined_text(texts: Sequence[str]) -> str:
    """Utterances as one text; Chinese punctuation already spaces what follows it."""
    text = ""
    for following in texts:
        space = " " if text and text[-1] not in _ENDS_WITHOUT_SPACE else ""
        text += space + following.strip()
    return text
