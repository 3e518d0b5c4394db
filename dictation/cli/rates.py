"""`dictation evaluate`: error rates of a model on manifests, as tables or as JSON."""

import json
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from dictation.config import Settings, load_settings
from dictation.errors import DictationError
from dictation.loading import load_recognizer
from dictation.text.pipeline import Context, format_text
from dictation.text.writing.dictionary import Dictionary
from dictation.training.assessment import (
    Assessment,
    Rates,
    Recordings,
    Scored,
    WriteOut,
    assess,
    read_recordings,
    shortened,
    summarize,
)
from dictation.training.scoring import Edits
from dictation.writing import text_settings

_LANGUAGES = ("zh", "en", "mix")


@dataclass(frozen=True)
class EvaluationOptions:
    """What to evaluate; without `chunks_ms` the final text alone, without a first pass before it.

    `silence`: seconds of a set in which nobody speaks.
    """

    manifests: tuple[Path, ...]
    model: str | None
    chunks_ms: tuple[int, ...]
    limit: int | None
    final: str | None
    hypotheses: Path | None
    as_json: bool
    formatted: bool = False
    captions: str | None = None
    window_ms: int | None = None
    silence: float = math.inf


def evaluate_model(options: EvaluationOptions, config: Path | None) -> None:
    """Recognise every recording and print the rates. Raises DictationError."""
    description, assessments = assess_sets(options, load_settings(config))
    if options.as_json:
        values = {
            "model": description,
            "chunks_ms": list(options.chunks_ms),
            "sets": [assessment_values(each) for each in assessments],
        }
        print(json.dumps(values, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    console.print(description)
    for table in tables(assessments, options.chunks_ms):
        console.print(table)


def assess_sets(options: EvaluationOptions, settings: Settings) -> tuple[str, list[Assessment]]:
    """Recognise every recording; what the model is, and each set and all together.

    Raises DictationError.
    """
    section = settings.model
    # The user's own words would change what is measured.
    recognition = settings.recognition.model_copy(update={"hot_words": os.devnull})
    if options.final is not None:
        recognition = recognition.model_copy(update={"final": str(options.final)})
    if options.captions is not None:
        recognition = recognition.model_copy(update={"captions": str(options.captions)})
    if options.window_ms is not None:
        recognition = recognition.model_copy(update={"window_ms": options.window_ms})
    if options.model is not None:
        section = section.model_copy(update={"name": options.model})
    sets = [
        shortened(read_recordings(manifest, options.limit), options.silence)
        for manifest in options.manifests
    ]
    write_out = _write_out(settings, sets) if options.formatted else None
    with ExitStack() as stack:
        write = stack.enter_context(_hypotheses(options.hypotheses))
        recognizer = load_recognizer(section, recognition)
        progress = stack.enter_context(_progress(sets))
        assessments, everything = [], []
        for recordings in sets:
            scored = []
            for each in assess(recognizer, recordings, options.chunks_ms, progress, write_out):
                write(each)
                scored.append(each)
            assessments.append(summarize(recordings.name, [recordings.manifest], scored))
            everything += scored
    if len(sets) > 1:
        assessments.append(summarize("all sets", options.manifests, everything))
    return recognizer.description, assessments


def _write_out(settings: Settings, sets: Sequence[Recordings]) -> WriteOut:
    """The text pipeline as the settings have it. Raises DictationError where nothing is written."""
    if not any(each.has_written for each in sets):
        raise DictationError("--formatted needs a manifest with `written` texts")
    steps = text_settings(settings)
    return lambda text, timed: format_text(text, steps, Dictionary(), Context(timed=timed))


@contextmanager
def _hypotheses(path: Path | None) -> Iterator[Callable[[Scored], None]]:
    """A JSON line for each recording as it is done, so that a long run can be looked into."""
    if path is None:
        yield lambda scored: None
        return
    try:
        file: TextIO = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise DictationError(f"{path} cannot be written: {error.strerror}") from error
    with file:
        yield lambda scored: print(
            json.dumps(hypothesis_values(scored), ensure_ascii=False), file=file
        )


@contextmanager
def _progress(sets: Sequence[Recordings]) -> Iterator[Callable[[float], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda seconds: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    total = sum(each.duration for recordings in sets for each in recordings.utterances)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Recognising", total=total)
        yield lambda seconds: bar.advance(task, seconds)


def tables(assessments: Sequence[Assessment], chunks_ms: Sequence[int]) -> list[Table]:
    """The rates, what languages were taken for, and the rest, for people."""
    rates = _table(
        "Error rates (ms: the first pass in chunks of so much)" if chunks_ms else "Error rates",
        ("set", "spoken", "scored"),
        ("utt.", "min", "rate", "sub.", "del.", "ins."),
    )
    rates.caption = (
        "words: as spoken, of the final pass; text: the final text against the written one; "
        "characters: of that text with its marks and capitals, before and after formatting"
    )
    languages = _table(
        "Languages", ("set", "spoken"), (*(f"as {found}" for found in _LANGUAGES), "accuracy")
    )
    speed = _table(
        "Real-time factor (seconds of computing a second of sound), and silence",
        ("set",),
        (
            "min",
            "final",
            *(f"{each} ms" for each in chunks_ms),
            "decoder passes",
            "without speech",
            "words made up",
        ),
    )
    for each in assessments:
        for row in each.rates:
            _add_rates(rates, each.name, row)
        rates.add_section()
        for spoken in _spoken(each):
            counts = each.languages.row(spoken)
            share = counts[spoken] / max(1, sum(counts.values()))
            languages.add_row(each.name, spoken, *map(str, counts.values()), _percent(share))
        languages.add_row(each.name, "all", "", "", "", _percent(each.languages.accuracy))
        languages.add_section()
        streamed = [f"{each.first_pass_factors[chunk_ms]:.3f}" for chunk_ms in chunks_ms]
        silent = each.no_speech
        minutes = f"{60 * each.hours:.1f}"
        made_up = f"{silent.words} in {silent.with_text}"
        factor = f"{each.final_factor:.3f}"
        passes = f"{each.decoder_passes:.1f}"
        speed.add_row(
            each.name, minutes, factor, *streamed, passes, str(silent.utterances), made_up
        )
    return [rates, _changes(assessments, chunks_ms), languages, speed]


def _changes(assessments: Sequence[Assessment], chunks_ms: Sequence[int]) -> Table:
    """What the second pass and the sound to come change of CTC's rate on the whole utterance."""
    losses = [f"{chunk_ms} ms" for chunk_ms in chunks_ms]
    table = _table(
        "Against CTC with the whole utterance", ("set", "spoken"), ("second pass", *losses)
    )
    table.caption = "second pass: errors fewer; ms: points lost in chunks of so much"
    for each in assessments:
        for row in each.rates:
            lost = [row.chunk_loss(chunk_ms) for chunk_ms in chunks_ms]
            points = ["-" if loss is None else f"{100 * loss:+.1f}" for loss in lost]
            table.add_row(each.name, row.spoken, _percent(row.second_pass_gain), *points)
        table.add_section()
    return table


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name in names:
        table.add_column(name, overflow="fold", no_wrap=name == "scored")
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _spoken(assessment: Assessment) -> list[str]:
    return [row.spoken for row in assessment.rates if row.spoken != "all"]


def _add_rates(table: Table, name: str, row: Rates) -> None:
    scored = [("words", row.words), ("text", row.text)]
    scored += [(f"{chunk_ms} ms", counted) for chunk_ms, counted in row.first_passes.items()]
    measured = [(f"{row.measure} {what}", counted) for what, counted in scored]
    if row.unformatted is not None and row.formatted is not None:
        measured.append(("characters, text", row.unformatted))
        measured.append(("characters, formatted", row.formatted))
    for what, counted in measured:
        table.add_row(
            name,
            row.spoken,
            what,
            str(row.utterances),
            f"{60 * row.hours:.1f}",
            _percent(counted.rate),
            *map(str, (counted.substitutions, counted.deletions, counted.insertions)),
        )


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def assessment_values(assessment: Assessment) -> dict[str, object]:
    """An assessment as JSON values; rates are fractions, factors seconds a second."""
    return {
        "set": assessment.name,
        "manifests": [str(manifest) for manifest in assessment.manifests],
        "utterances": assessment.utterances,
        "hours": round(assessment.hours, 5),
        "rates": {
            row.spoken: {
                "measure": row.measure,
                "utterances": row.utterances,
                "hours": round(row.hours, 5),
                "words": _edit_values(row.words),
                "text": _edit_values(row.text),
                "first_pass": {
                    f"{chunk_ms} ms": _edit_values(counted)
                    for chunk_ms, counted in row.first_passes.items()
                },
                "second_pass_gain": _rounded(row.second_pass_gain),
                "chunk_loss": {
                    f"{chunk_ms} ms": _rounded(row.chunk_loss(chunk_ms))
                    for chunk_ms in row.first_passes
                },
                "characters": None if row.unformatted is None else _edit_values(row.unformatted),
                "formatted": None if row.formatted is None else _edit_values(row.formatted),
            }
            for row in assessment.rates
        },
        "language": {
            "accuracy": assessment.languages.accuracy,
            "confusion": {
                spoken: assessment.languages.row(spoken) for spoken in _spoken(assessment)
            },
        },
        "no_speech": {
            "utterances": assessment.no_speech.utterances,
            "with_text": assessment.no_speech.with_text,
            "words": assessment.no_speech.words,
            "first_pass": {
                f"{chunk_ms} ms": words
                for chunk_ms, words in assessment.no_speech.captioned.items()
            },
        },
        "decoder_passes": round(assessment.decoder_passes, 2),
        "real_time_factor": {
            "final": round(assessment.final_factor, 4),
            "first_pass": {
                f"{chunk_ms} ms": round(factor, 4)
                for chunk_ms, factor in assessment.first_pass_factors.items()
            },
        },
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 5)


def _edit_values(counted: Edits) -> dict[str, object]:
    return {
        "rate": _rounded(counted.rate),
        "reference": counted.reference,
        "substitutions": counted.substitutions,
        "deletions": counted.deletions,
        "insertions": counted.insertions,
    }


def hypothesis_values(scored: Scored) -> dict[str, object]:
    """What was said in one recording and what was recognised, with the edits of each."""
    said = scored.heard.utterance
    return {
        "audio": str(said.audio),
        "lang": said.language,
        "said": said.text,
        "written": said.written,
        "recognized_lang": scored.heard.language,
        "words": scored.heard.words,
        "text": scored.heard.text,
        "first_pass": {
            f"{chunk_ms} ms": caption for chunk_ms, caption in scored.heard.first_passes.items()
        },
        "formatted": scored.heard.formatted,
        "errors": {
            "reference": scored.words.reference,
            "words": scored.words.errors,
            "text": scored.text.errors,
            "first_pass": {
                f"{chunk_ms} ms": counted.errors
                for chunk_ms, counted in scored.first_passes.items()
            },
        },
    }
