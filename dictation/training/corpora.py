"""Manifests of published corpora, read from their own layouts by lhotse's recipes."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dictation.errors import DictationError
from dictation.text.normalize import language_of

_WHOLE = 0.05
_RATE = 16_000


class CorpusName(StrEnum):
    """Corpora whose layout is known."""

    AISHELL = "aishell"
    LIBRISPEECH = "librispeech"
    TALCS = "talcs"
    WENETSPEECH = "wenetspeech"


class CorpusError(DictationError):
    """A corpus is not there, or not laid out as it was published."""


@dataclass(frozen=True)
class Part:
    """A manifest that was written: its utterances and hours."""

    manifest: Path
    utterances: int
    hours: float


def write_manifests(
    corpus: CorpusName, folder: Path, out: Path, progress: Callable[[str, int], None]
) -> list[Part]:
    """Write `out`/PART.jsonl for every part of a corpus that `folder` holds.

    Utterances that are part of a longer recording are cut out of it into FLAC files beside the
    manifest, once. `progress` gets a part's name and the utterances done. Raises CorpusError, also
    where lhotse is missing, and OSError where `out` cannot be written.
    """
    parts = _prepare(corpus, folder)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, sets in parts.items():
        manifest = out / f"{name}.jsonl"
        count, seconds = 0, 0.0
        fresh = manifest.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            for line in _lines(sets, out / name, lower=corpus is CorpusName.TALCS):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                count, seconds = count + 1, seconds + float(line["duration"])
                progress(name, count)
        if count == 0:
            fresh.unlink()
            continue
        fresh.replace(manifest)
        written.append(Part(manifest, count, seconds / 3600))
    if not written:
        raise CorpusError(f"{folder}: no recording of {corpus} with a transcript in it")
    return written


def _prepare(corpus: CorpusName, folder: Path) -> Mapping[str, Mapping[str, Iterable[Any]]]:
    if not folder.is_dir():
        raise CorpusError(f"{folder}: there is no such folder")
    try:
        from lhotse import recipes
        from lhotse.recipes.tal_csasr import prepare_tal_csasr
    except ModuleNotFoundError as error:
        raise CorpusError("lhotse is not installed: pip install 'dictation[training]'") from error
    prepare: Callable[[Path], Mapping[str, Mapping[str, Iterable[Any]]]] = {
        CorpusName.AISHELL: recipes.prepare_aishell,
        CorpusName.LIBRISPEECH: recipes.prepare_librispeech,
        CorpusName.TALCS: prepare_tal_csasr,
        CorpusName.WENETSPEECH: recipes.prepare_wenet_speech,
    }[corpus]
    try:
        return prepare(folder)
    except (AssertionError, OSError, KeyError, ValueError) as error:
        raise CorpusError(f"{folder}: not laid out as {corpus} is published ({error})") from error


def _lines(
    sets: Mapping[str, Iterable[Any]], clips: Path, *, lower: bool
) -> Iterator[dict[str, Any]]:
    """Yield a manifest's lines. `lower`: texts come in capitals, which would pass for acronyms
    where a sentence is Chinese too."""
    recordings = {recording.id: recording for recording in sets["recordings"]}
    for said in sets["supervisions"]:
        recording = recordings.get(said.recording_id)
        if recording is None or not said.text:
            continue
        audio = Path(recording.sources[0].source).resolve()
        if said.start > _WHOLE or recording.duration - said.duration > _WHOLE:
            audio = _cut(recording, said, clips)
        yield {
            "audio": str(audio),
            "text": said.text.lower() if lower else said.text,
            "lang": language_of(said.text),
            "speaker": said.speaker,
            "duration": round(said.duration, 3),
        }


def _cut(recording: Any, said: Any, clips: Path) -> Path:  # noqa: ANN401 (lhotse has no types)
    import soundfile

    path = clips / f"{said.id}.flac"
    if not path.exists():
        clips.mkdir(parents=True, exist_ok=True)
        samples = recording.resample(_RATE).load_audio(offset=said.start, duration=said.duration)
        fresh = path.with_suffix(".new")
        soundfile.write(fresh, samples[0], _RATE, format="FLAC")
        fresh.replace(path)
    return path.resolve()
