"""`dictation evaluate --hot-words`: what a list of names changes, with and without it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dictation.audio.files import read_audio
from dictation.config import Settings, load_settings
from dictation.loading import load_recognizer
from dictation.recognizer import Recognizer
from dictation.text.hot_words import WordList, read_hot_words
from dictation.text.writing.dictionary import correct, dictionary
from dictation.training.assessment import read_recordings
from dictation.training.manifest import Utterance
from dictation.training.names import Recall, recall
from dictation.training.scoring import added, text_edits


@dataclass(frozen=True)
class NamesFound:
    """What came of the names: `rows` without and with the words, each with the error rate; with
    them texts are those that are delivered: listened for, and written where others sound alike."""

    description: str
    names: tuple[str, ...]
    unspellable: tuple[str, ...]
    rows: tuple[tuple[str, Recall, float | None], ...]
    utterances: int


def evaluate_names(
    manifests: Sequence[Path],
    words: Path,
    config: Path | None,
    *,
    model: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Recognise every recording without and with the words and print what came of the names.

    Raises DictationError.
    """
    found = measure_names(manifests, words, load_settings(config), model, limit)
    if as_json:
        _print_json(found)
    else:
        _print_table(found)


def measure_names(
    manifests: Sequence[Path],
    words: Path,
    settings: Settings,
    model: str | None,
    limit: int | None,
) -> NamesFound:
    """Recognise every recording without and with the words. Raises DictationError."""
    listed = read_hot_words(words)
    sets = [read_recordings(manifest, limit) for manifest in manifests]
    section, by_sound = settings.model, settings.text.sound_alikes
    if model is not None:
        section = section.model_copy(update={"name": model})
    recognizer = load_recognizer(section)
    names = [word.phrase for word in listed.words]
    rows: list[tuple[str, Recall, float | None]] = []
    unspellable: tuple[str, ...] = ()
    for label, used in (("without", WordList()), ("with", listed)):
        unspellable, known = recognizer.use_hot_words(used), dictionary(used)
        pairs = [
            (said, correct(_text(recognizer, said), known, by_sound=by_sound))
            for each in sets
            for said in each.utterances
        ]
        found = recall(names, [(said.text, text) for said, text in pairs])
        errors = added(text_edits(text, said.text, said.written) for said, text in pairs)
        rows.append((label, found, errors.rate))
    utterances = sum(len(each.utterances) for each in sets)
    return NamesFound(recognizer.description, tuple(names), unspellable, tuple(rows), utterances)


def _text(recognizer: Recognizer, said: Utterance) -> str:
    samples = np.concatenate(list(read_audio(said.audio)))
    return recognizer.transcribe(samples).text


def _print_table(found: NamesFound) -> None:
    console = Console(highlight=False)
    console.print(found.description)
    if found.unspellable:
        console.print(f"cannot be listened for: {', '.join(found.unspellable)}")
    table = Table(title=f"{len(found.names)} hot words", title_justify="left")
    for heading in ("hot words", "names said", "written", "recall", "false insertions", "errors"):
        table.add_column(heading, justify="left" if heading == "hot words" else "right")
    for label, names, errors in found.rows:
        counts = (str(names.said), str(names.written), _percent(names.rate), str(names.inserted))
        table.add_row(label, *counts, _percent(errors))
    console.print(table)


def _print_json(found: NamesFound) -> None:
    values: dict[str, object] = {
        "hot_words": len(found.names),
        "unspellable": list(found.unspellable),
        "utterances": found.utterances,
    }
    for label, names, errors in found.rows:
        values[label] = {
            "said": names.said,
            "written": names.written,
            "recall": names.rate,
            "false_insertions": names.inserted,
            "error_rate": errors,
        }
    print(json.dumps(values, ensure_ascii=False, indent=2))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
