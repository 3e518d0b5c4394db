"""Audio files -> utterances -> text, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from dictation.audio.segmenter import End, Onset, Segmenter, SegmenterSettings, Speech
from dictation.audio.sources import named
from dictation.errors import DictationError
from dictation.events import Language
from dictation.listener import (
    MODEL_ERRORS,
    FinalText,
    Samples,
    StreamingRecognizer,
    UtteranceStream,
    one_line,
)

_ENDS_WITHOUT_SPACE = "。，、；：？！…）】》」』”’"


class FileRecognizer(StreamingRecognizer, Protocol):
    """The part of the recogniser that files need."""

    def transcribe(self, samples: Samples, /) -> FinalText:
        """Recognise one utterance with all of its context."""
        ...


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance of a file; times in seconds from its beginning."""

    start: float
    end: float
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file says; `language` is None when nobody speaks in it."""

    file: str
    duration: float
    language: Language | None
    text: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """How files are decoded: whole utterances, or chunk by chunk as the microphone is."""

    stream: bool = False
    chunk_ms: int = 320
    segmenter: SegmenterSettings = field(default_factory=SegmenterSettings)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Told while a file is decoded: seconds done, captions with their time, damage found."""

    progress: Callable[[float], None] = lambda seconds: None
    partial: Callable[[float, str], None] = lambda seconds, text: None
    warning: Callable[[str], None] = lambda message: None


def transcribe(
    source: Path | BinaryIO,
    recognizer: FileRecognizer,
    settings: TranscriptionSettings | None = None,
    watcher: Watcher | None = None,
) -> Transcript:
    """Decode a file or stream and recognise what is said in it.

    Raises AudioFileError for what holds no sound, DictationError when the model fails on it.
    """
    settings = settings or TranscriptionSettings()
    watcher = watcher or Watcher()
    seconds = 0.0

    def counted() -> Iterator[Samples]:
        nonlocal seconds
        for block in read_audio(source, watcher.warning):
            yield block
            seconds += len(block) / SAMPLE_RATE
            watcher.progress(seconds)

    try:
        segments = tuple(recognize(counted(), recognizer, settings, watcher.partial))
    except DictationError:
        raise
    except MODEL_ERRORS as error:
        message = f"{named(source)}: the model failed on it: {one_line(error)}"
        raise DictationError(message) from error
    return Transcript(
        file=named(source),
        duration=seconds,
        language=overall_language([segment.language for segment in segments]),
        text=joined_text([segment.text for segment in segments]),
        segments=segments,
    )


def recognize(
    blocks: Iterable[Samples],
    recognizer: FileRecognizer,
    settings: TranscriptionSettings,
    partial: Callable[[float, str], None],
) -> Iterator[Segment]:
    """Find the utterances in 16 kHz mono sound and give the text of each that has words."""
    segmenter = Segmenter(settings.segmenter)
    heard = 0
    start = 0.0
    utterance: UtteranceStream = _Whole(recognizer)

    def step(events: Iterable[Onset | Speech | End]) -> Iterator[Segment]:
        nonlocal start, utterance
        for event in events:
            match event:
                case Onset(sample):
                    start = sample / SAMPLE_RATE
                    if settings.stream:
                        utterance = recognizer.stream(chunk_ms=settings.chunk_ms)
                    else:
                        utterance = _Whole(recognizer)
                case Speech(samples):
                    if caption := utterance.accept(samples):
                        partial(heard / SAMPLE_RATE, caption.text)
                case End(sample):
                    final = utterance.finish()
                    if final.text.strip():
                        yield Segment(start, sample / SAMPLE_RATE, final.text, final.language)

    for block in blocks:
        # In pieces as small as the microphone's, so that captions come as they would there.
        for piece in np.split(block, range(_PIECE, len(block), _PIECE)):
            heard += len(piece)
            yield from step(segmenter.accept(piece))
    yield from step(segmenter.finish())


_PIECE = SAMPLE_RATE // 50


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
