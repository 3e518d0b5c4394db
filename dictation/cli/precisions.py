"""`dictation evaluate --precision`: what each precision changes, against the first of them."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table

from dictation.config import ModelSection, RecognitionSection, load_settings
from dictation.loading import load_recognizer
from dictation.training.assessment import Recordings, Scored, assess, read_recordings
from dictation.training.scoring import Edits


@dataclass(frozen=True)
class PrecisionRates:
    """The edits of one set in one precision, of CTC's words and of the final text; `factor`:
    seconds of computing a second of sound."""

    name: str
    precision: str
    words: Edits
    text: Edits
    factor: float


def evaluate_precisions(
    manifests: Sequence[Path],
    precisions: Sequence[str],
    config: Path | None,
    *,
    model: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Recognise every recording in each precision and print the rates and how they differ.

    Raises DictationError.
    """
    settings = load_settings(config)
    # The user's own words would change what is measured.
    recognition = settings.recognition.model_copy(update={"hot_words": os.devnull})
    section = settings.model
    if model is not None:
        section = section.model_copy(update={"name": model})
    sets = [read_recordings(manifest, limit) for manifest in manifests]
    rows = rates_by_precision(sets, precisions, section, recognition)
    if as_json:
        print(json.dumps([_values(row, first_rates(rows, row)) for row in rows], indent=2))
        return
    print_rates(rows, Console(highlight=False))


def rates_by_precision(
    sets: Sequence[Recordings],
    precisions: Sequence[str],
    section: ModelSection,
    recognition: RecognitionSection,
) -> list[PrecisionRates]:
    """Recognise every recording in each precision. Raises DictationError."""
    rows: list[PrecisionRates] = []
    for precision in precisions:
        rows += _rates(sets, section.model_copy(update={"precision": precision}), recognition)
    return rows


def print_rates(rows: Sequence[PrecisionRates], console: Console) -> None:
    """Print the rates set by set, with what changes against the first precision."""
    table = Table(title="Error rates by precision", title_justify="left", box=box.SIMPLE)
    for heading in ("set", "precision", "words", "change", "text", "change", "RTF"):
        justify: JustifyMethod = "left" if heading in ("set", "precision") else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in sorted(rows, key=lambda row: [each.name for each in rows].index(row.name)):
        first = first_rates(rows, row)
        table.add_row(
            row.name,
            row.precision,
            *_cells(row.words, first.words),
            *_cells(row.text, first.text),
            f"{row.factor:.3f}",
        )
    console.print(table)
    console.print(f"change: in points, against {rows[0].precision}; RTF: real-time factor")


def _rates(
    sets: Sequence[Recordings], section: ModelSection, recognition: RecognitionSection
) -> list[PrecisionRates]:
    recognizer = load_recognizer(section, recognition)
    rows, everything = [], []
    for each in sets:
        scored = list(assess(recognizer, each, (), lambda seconds: None))
        rows.append(_summed(each.name, section.precision, scored))
        everything += scored
    if len(sets) > 1:
        rows.append(_summed("all sets", section.precision, everything))
    return rows


def _summed(name: str, precision: str, scored: Sequence[Scored]) -> PrecisionRates:
    seconds = sum(each.heard.seconds for each in scored)
    return PrecisionRates(
        name,
        precision,
        sum((each.words for each in scored), Edits()),
        sum((each.text for each in scored), Edits()),
        sum(each.heard.times.final for each in scored) / max(seconds, 1e-9),
    )


def first_rates(rows: Sequence[PrecisionRates], row: PrecisionRates) -> PrecisionRates:
    """Return the first row of the same set: what a row is compared with."""
    return next(each for each in rows if each.name == row.name)


def points(counted: Edits, before: Edits) -> float | None:
    """Return the change of an error rate in percentage points; None where nothing was said."""
    if counted.rate is None or before.rate is None:
        return None
    return 100 * (counted.rate - before.rate)


def _cells(counted: Edits, before: Edits) -> tuple[str, str]:
    change = points(counted, before)
    if counted.rate is None or change is None:
        return "-", "-"
    return f"{100 * counted.rate:.2f} %", "" if counted is before else f"{change:+.2f}"


def _values(row: PrecisionRates, first: PrecisionRates) -> dict[str, object]:
    return {
        "set": row.name,
        "precision": row.precision,
        "words": row.words.rate,
        "words_change": points(row.words, first.words),
        "text": row.text.rate,
        "text_change": points(row.text, first.text),
        "reference": row.text.reference,
        "real_time_factor": row.factor,
    }
