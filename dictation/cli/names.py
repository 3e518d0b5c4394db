"""`dictation evaluate --hot-words`: what a list of names changes, with and without it."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dictation.audio.files import read_audio
from dictation.config import load_settings
from dictation.loading import load_recognizer
from dictation.recognizer import Recognizer
from dictation.text.hot_words import read_hot_words
from dictation.training.assessment import Recordings, read_recordings
from dictation.training.manifest import Utterance
from dictation.training.names import Recall, recall
from dictation.training.scoring import added, edits, read_out


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
    listed = read_hot_words(words)
    sets = [read_recordings(manifest, limit) for manifest in manifests]
    section = load_settings(config).model
    if model is not None:
        section = section.model_copy(update={"name": model})
    recognizer = load_recognizer(section)
    names = [word.phrase for word in listed.words]
    rows: list[tuple[str, Recall, float | None]] = []
    unspellable: tuple[str, ...] = ()
    for label, used in (("without", None), ("with", listed)):
        unspellable = recognizer.use_hot_words(used)
        pairs = [(said, _text(recognizer, said)) for each in sets for said in each.utterances]
        found = recall(names, [(said.text, text) for said, text in pairs])
        errors = added(edits(said.text, read_out(text, said.text)) for said, text in pairs)
        rows.append((label, found, errors.rate))
    if as_json:
        _print_json(names, unspellable, rows, sets)
    else:
        _print_table(recognizer.description, names, unspellable, rows)


def _text(recognizer: Recognizer, said: Utterance) -> str:
    samples = np.concatenate(list(read_audio(said.audio)))
    return recognizer.transcribe(samples).text


def _print_table(
    description: str,
    names: Sequence[str],
    unspellable: Sequence[str],
    rows: Sequence[tuple[str, Recall, float | None]],
) -> None:
    console = Console(highlight=False)
    console.print(description)
    if unspellable:
        console.print(f"cannot be listened for: {', '.join(unspellable)}")
    table = Table(title=f"{len(names)} hot words", title_justify="left")
    for heading in ("hot words", "names said", "written", "recall", "false insertions", "errors"):
        table.add_column(heading, justify="left" if heading == "hot words" else "right")
    for label, found, errors in rows:
        counts = (str(found.said), str(found.written), _percent(found.rate), str(found.inserted))
        table.add_row(label, *counts, _percent(errors))
    console.print(table)


def _print_json(
    names: Sequence[str],
    unspellable: Sequence[str],
    rows: Sequence[tuple[str, Recall, float | None]],
    sets: Sequence[Recordings],
) -> None:
    values: dict[str, object] = {
        "hot_words": len(names),
        "unspellable": list(unspellable),
        "utterances": sum(len(each.utterances) for each in sets),
    }
    for label, found, errors in rows:
        values[label] = {
            "said": found.said,
            "written": found.written,
            "recall": found.rate,
            "false_insertions": found.inserted,
            "error_rate": errors,
        }
    print(json.dumps(values, ensure_ascii=False, indent=2))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
