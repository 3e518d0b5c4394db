"""`dictation evaluate --lengths`: how well languages are told from the first seconds of speech."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import read_audio
from dictation.config import ModelSection, load_settings
from dictation.events import Language
from dictation.loading import load_recognizer
from dictation.training.assessment import Recordings, read_recordings
from dictation.training.scoring import Confusion

LENGTHS = (0.5, 1.0, 2.0, 5.0)
SPOKEN: tuple[Language, ...] = ("zh", "en", "mix")

TellLanguage = Callable[[NDArray[np.float32]], Language | None]


@dataclass(frozen=True)
class Told:
    """What languages the first `seconds` of recordings that are as long were taken for."""

    seconds: float
    languages: Confusion


def evaluate_lengths(
    manifests: Sequence[Path],
    config: Path | None,
    *,
    model: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Tell the language of every recording's beginnings and print how often that was right.

    Raises DictationError.
    """
    section = load_settings(config).model
    if model is not None:
        section = section.model_copy(update={"name": model})
    told = languages_by_length([read_recordings(each, limit) for each in manifests], section)
    if as_json:
        print(json.dumps([_values(each) for each in told], indent=2))
    else:
        Console(highlight=False).print(_table(told))


def languages_by_length(sets: Sequence[Recordings], section: ModelSection) -> list[Told]:
    """Tell the language of every recording's beginnings, by their length. Raises DictationError."""
    recognizer = load_recognizer(section)
    spoken = [
        (each.language, np.concatenate(list(read_audio(each.audio))))
        for recordings in sets
        for each in recordings.utterances
        if each.language is not None
    ]
    return [told_from(spoken, seconds, recognizer.tell_language) for seconds in LENGTHS]


def told_from(
    spoken: Sequence[tuple[str, NDArray[np.float32]]], seconds: float, tell: TellLanguage
) -> Told:
    """What the first `seconds` of 16 kHz samples are taken for; shorter ones are left out."""
    size = round(seconds * SAMPLE_RATE)
    heard = (
        (language, tell(samples[:size])) for language, samples in spoken if len(samples) >= size
    )
    return Told(seconds, Confusion.of((language, found or "none") for language, found in heard))


def _table(told: Sequence[Told]) -> Table:
    table = Table(title="Languages by the length of what was heard", box=box.SIMPLE)
    for heading in ("first", "spoken", *(f"as {found}" for found in SPOKEN), "accuracy"):
        table.add_column(heading, justify="left" if heading == "spoken" else "right")
    for each in told:
        for spoken in SPOKEN:
            counts = each.languages.row(spoken)
            if total := sum(counts.values()):
                share = f"{100 * counts[spoken] / total:.1f} %"
                table.add_row(f"{each.seconds:g} s", spoken, *map(str, counts.values()), share)
        table.add_section()
    return table


def _values(told: Told) -> dict[str, object]:
    return {
        "seconds": told.seconds,
        "accuracy": told.languages.accuracy,
        "confusion": {spoken: told.languages.row(spoken) for spoken in SPOKEN},
    }
