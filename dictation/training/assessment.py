"""A recogniser held against manifests: what it wrote for each recording, and the rates of that."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from dictation.errors import DictationError
from dictation.events import TimedWord
from dictation.recognizer import Recognizer
from dictation.training.manifest import Utterance, read_manifest
from dictation.training.scoring import Confusion, Edits, added, character_edits, edits, text_edits


class AssessmentError(DictationError):
    """Recordings cannot be assessed; the message names the manifest and what is missing."""


@dataclass(frozen=True)
class Recordings:
    """A manifest's utterances. `has_written`: it tells how texts are written, not only spoken."""

    name: str
    manifest: Path
    utterances: tuple[Utterance, ...]
    has_written: bool


@dataclass(frozen=True)
class Times:
    """Seconds spent on one recording: its first pass by size of chunk, and its final text."""

    first_passes: dict[int, float]
    final: float


WriteOut = Callable[[str, Sequence[TimedWord]], str]
"""From a final text and its timed words to the text as it would be delivered."""


@dataclass(frozen=True)
class Heard:
    """What was recognised in one recording of `seconds`.

    `first_passes`: the last captions, by size of chunk in ms; `formatted` None: not asked for.
    """

    utterance: Utterance
    seconds: float
    language: str
    words: str
    text: str
    first_passes: dict[int, str]
    formatted: str | None
    times: Times
    decoder_passes: int = 0


@dataclass(frozen=True)
class Scored:
    """A recording with its edits.

    `words`: the CTC words of the final pass against what was said; `text`: the final text against
    what a typist would have written; `first_passes`: the last captions against what was said.
    `unformatted` and `formatted`: the characters of the final text, and of that text as it would be
    delivered, against what a typist would have written.
    """

    heard: Heard
    words: Edits
    text: Edits
    first_passes: dict[int, Edits]
    unformatted: Edits | None = None
    formatted: Edits | None = None


def read_recordings(manifest: Path, limit: int | None = None) -> Recordings:
    """Read a manifest, at most `limit` of its utterances, spread evenly over it.

    Raises ManifestError for one that cannot be read and AssessmentError for missing recordings or
    none at all.
    """
    utterances = read_manifest(manifest)
    if not utterances:
        raise AssessmentError(f"{manifest}: no utterance with a text")
    has_written = any(each.written != each.text for each in utterances)
    if limit is not None:
        utterances = _spread(utterances, limit)
    missing = [each.audio for each in utterances if not each.audio.is_file()]
    if missing:
        raise AssessmentError(
            f"{manifest}: {len(missing)} of {len(utterances)} recordings are missing, first "
            f"{missing[0]}; audio paths are relative to the manifest"
        )
    name = manifest.parent.name if manifest.stem == "manifest" else manifest.stem
    return Recordings(name or manifest.stem, manifest, tuple(utterances), has_written)


def shortened(recordings: Recordings, seconds: float) -> Recordings:
    """A set in which nobody speaks cut down to about so much of it; others as they are."""
    utterances = recordings.utterances
    total = sum(each.duration for each in utterances)
    if total <= seconds or any(each.language is not None for each in utterances):
        return recordings
    count = max(1, round(len(utterances) * seconds / total))
    return replace(recordings, utterances=tuple(_spread(utterances, count)))


def _spread(utterances: Sequence[Utterance], count: int) -> list[Utterance]:
    """At most so many, from all over the set."""
    if count >= len(utterances):
        return list(utterances)
    return [utterances[index * len(utterances) // count] for index in range(count)]


def assess(
    recognizer: Recognizer,
    recordings: Recordings,
    chunks_ms: Sequence[int],
    progress: Callable[[float], None],
    write_out: WriteOut | None = None,
) -> Iterator[Scored]:
    """Recognise a set, recording by recording, with a streaming first pass for each of `chunks_ms`.

    `write_out`: score the text it makes of each final text, too. `progress` is told the seconds of
    speech done with. Raises AudioFileError.
    """
    for utterance in recordings.utterances:
        samples = np.concatenate(list(read_audio(utterance.audio)))
        heard = _recognize(recognizer, utterance, samples, chunks_ms, write_out)
        yield score(heard, has_written=recordings.has_written)
        progress(utterance.duration)


def score(heard: Heard, *, has_written: bool) -> Scored:
    """Count the edits of one recording; with `has_written`, in characters too: as it is written."""
    said = heard.utterance
    formatted = heard.formatted if has_written and said.language is not None else None
    return Scored(
        heard=heard,
        words=edits(said.text, heard.words),
        text=text_edits(heard.text, said.text, said.written),
        first_passes={
            chunk_ms: text_edits(caption, said.text, said.written)
            for chunk_ms, caption in heard.first_passes.items()
        },
        unformatted=None if formatted is None else character_edits(said.written, heard.text),
        formatted=None if formatted is None else character_edits(said.written, formatted),
    )


def _recognize(
    recognizer: Recognizer,
    utterance: Utterance,
    samples: NDArray[np.float32],
    chunks_ms: Sequence[int],
    write_out: WriteOut | None,
) -> Heard:
    captions: dict[int, str] = {}
    spent: dict[int, float] = {}
    for chunk_ms in chunks_ms:
        began = time.perf_counter()
        captions[chunk_ms] = _first_pass(recognizer, samples, chunk_ms)
        spent[chunk_ms] = time.perf_counter() - began
    began = time.perf_counter()
    final = recognizer.transcribe(samples)
    ended = time.perf_counter()
    return Heard(
        utterance=utterance,
        seconds=len(samples) / SAMPLE_RATE,
        language=final.language,
        words=final.words,
        text=final.text,
        first_passes=captions,
        formatted=None if write_out is None else write_out(final.text, final.timed),
        times=Times(spent, ended - began),
        decoder_passes=final.decoder_passes,
    )


def _first_pass(recognizer: Recognizer, samples: NDArray[np.float32], chunk_ms: int) -> str:
    # Time stands still: what is scored must not depend on what else the computer does.
    stream = recognizer.stream(chunk_ms=chunk_ms, clock=lambda: 0.0)
    chunk = chunk_ms * SAMPLE_RATE // 1000
    for start in range(0, len(samples), chunk):
        stream.accept(samples[start : start + chunk])
    return stream.finish_first_pass()


@dataclass(frozen=True)
class Rates:
    """The sums over some recordings of one language, or of all (`measure` MER).

    `measure`: WER over words for English, CER over characters for Mandarin (a word of another
    script in it counts as one), MER over both where they mix.
    """

    spoken: str
    measure: str
    utterances: int
    hours: float
    words: Edits
    text: Edits
    first_passes: dict[int, Edits]
    unformatted: Edits | None
    formatted: Edits | None

    @property
    def second_pass_gain(self) -> float | None:
        """The share of CTC's errors, on the same encoding, that the final text does not have."""
        if not self.words.rate or self.text.rate is None:
            return None
        return 1 - self.text.rate / self.words.rate

    def chunk_loss(self, chunk_ms: int) -> float | None:
        """How much larger CTC's error rate is in chunks than with the whole utterance."""
        found = self.first_passes.get(chunk_ms)
        if found is None or found.rate is None or self.words.rate is None:
            return None
        return found.rate - self.words.rate


@dataclass(frozen=True)
class NoSpeech:
    """Recordings in which nobody speaks, and what was made up for them: words of final texts, and
    of the last captions by size of chunk."""

    utterances: int
    with_text: int
    words: int
    captioned: dict[int, int]


@dataclass(frozen=True)
class Assessment:
    """The rates of a set: by language, then all together; real-time factors are seconds of
    computing a second of sound, of the first pass by size of chunk; `decoder_passes`: mean runs of
    the attention decoder for a final text."""

    name: str
    manifests: tuple[Path, ...]
    utterances: int
    hours: float
    rates: tuple[Rates, ...]
    languages: Confusion
    no_speech: NoSpeech
    final_factor: float
    first_pass_factors: dict[int, float]
    decoder_passes: float


_MEASURES = {"en": "WER", "zh": "CER", "mix": "MER"}


def summarize(name: str, manifests: Sequence[Path], scored: Sequence[Scored]) -> Assessment:
    """Sum up recordings, of one set or of several."""
    speech = [each for each in scored if each.heard.utterance.language is not None]
    silent = [each for each in scored if each.heard.utterance.language is None]
    seconds = sum(each.heard.seconds for each in scored)
    rates = [
        _rates(spoken, measure, chosen)
        for spoken, measure in _MEASURES.items()
        if (chosen := [each for each in speech if each.heard.utterance.language == spoken])
    ]
    if len(rates) > 1:
        rates.append(_rates("all", "MER", speech))
    return Assessment(
        name=name,
        manifests=tuple(manifests),
        utterances=len(scored),
        hours=seconds / 3600,
        rates=tuple(rates),
        languages=Confusion.of(
            (str(each.heard.utterance.language), each.heard.language) for each in speech
        ),
        no_speech=NoSpeech(
            utterances=len(silent),
            with_text=sum(bool(each.heard.text.strip()) for each in silent),
            words=sum(each.text.insertions for each in silent),
            captioned={
                chunk_ms: counted.insertions for chunk_ms, counted in _first_passes(silent).items()
            },
        ),
        final_factor=sum(each.heard.times.final for each in scored) / seconds,
        first_pass_factors={
            chunk_ms: sum(each.heard.times.first_passes[chunk_ms] for each in scored) / seconds
            for chunk_ms in scored[0].first_passes
        },
        decoder_passes=sum(each.heard.decoder_passes for each in scored) / len(scored),
    )


def _rates(spoken: str, measure: str, scored: Sequence[Scored]) -> Rates:
    before = [each.unformatted for each in scored if each.unformatted is not None]
    after = [each.formatted for each in scored if each.formatted is not None]
    return Rates(
        spoken=spoken,
        measure=measure,
        utterances=len(scored),
        hours=sum(each.heard.seconds for each in scored) / 3600,
        words=added(each.words for each in scored),
        text=added(each.text for each in scored),
        first_passes=_first_passes(scored),
        unformatted=added(before) if before else None,
        formatted=added(after) if after else None,
    )


def _first_passes(scored: Sequence[Scored]) -> dict[int, Edits]:
    chunks_ms = scored[0].first_passes if scored else {}
    return {
        chunk_ms: added(each.first_passes[chunk_ms] for each in scored) for chunk_ms in chunks_ms
    }
