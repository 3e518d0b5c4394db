"""`dictation bench all` and `compare`: every figure in a file, and two such files side by side."""

import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from dictation.assets import model_folder
from dictation.bench.comparison import Compared, compare
from dictation.bench.record import (
    FORMAT,
    Choice,
    Effort,
    ErrorRate,
    Languages,
    LanguagesAt,
    Model,
    Names,
    PrecisionChange,
    Record,
    SetFacts,
    SetRates,
    folder_hash,
    read_record,
    write_record,
)
from dictation.bench.run import BenchSettings, run_bench
from dictation.bench.sounds import write_silence
from dictation.cli.figures import BenchOptions, bench_settings
from dictation.cli.lengths import SPOKEN, languages_by_length
from dictation.cli.names import measure_names
from dictation.cli.precisions import first_rates, points, print_rates, rates_by_precision
from dictation.cli.rates import EvaluationOptions, assess_sets
from dictation.config import Settings, load_settings
from dictation.errors import DictationError
from dictation.model.placement import choose_device, precisions_of
from dictation.training.assessment import Assessment, read_recordings
from dictation.training.scoring import Confusion, Edits

CHUNKS_MS = (320, 640)
FINALS = ("search", "refine", "rescore")
CAPTIONS = ("ctc", "decoder")


@dataclass(frozen=True)
class Everything:
    """What to measure beside the bench: error rates of `manifests`, at most `limit` recordings of
    each and `silence` seconds where nobody speaks, and what `hot_words` change in the recordings of
    `names`; `utterances`: so many live."""

    bench: BenchOptions
    utterances: int
    manifests: tuple[Path, ...]
    limit: int | None
    silence: float
    names: Path | None
    hot_words: Path | None


def measure_everything(wanted: Everything, config: Path | None, out: Path) -> None:
    """Measure and write the record. Raises DictationError, for bad paths before it measures."""
    settings = bench_settings(wanted.bench, load_settings(config))
    bench = BenchSettings(
        settings=settings,
        repetitions=wanted.bench.repetitions,
        utterances=wanted.utterances,
        seconds=wanted.bench.seconds,
        daemon=wanted.bench.daemon,
    )
    if not out.parent.is_dir():
        raise DictationError(f"{out} cannot be written: {out.parent} is not a folder")
    for manifest in (*wanted.manifests, *filter(None, (wanted.names,))):
        read_recordings(manifest, wanted.limit)
    console = Console(stderr=True)
    digest = folder_hash(model_folder(settings.model.name))
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s: {what}", highlight=False)

    report = run_bench(bench, say)
    spoken = _with_speech(wanted)
    half, third = (None if wanted.limit is None else -(-wanted.limit // part) for part in (2, 3))
    say("error rates")
    rates, facts = _error_rates(wanted, settings)
    say("ways to the final text")
    choices = tuple(_finals(spoken, third, settings))
    say("ways to captions")
    choices += tuple(_captions(spoken, third, settings))
    say("languages")
    lengths = _lengths(spoken, wanted.limit, settings)
    say("hot words")
    names = _names(wanted, settings)
    say("precisions")
    precisions = _precisions(spoken, half, settings, console)
    record = Record(
        format=FORMAT,
        date=datetime.now(UTC).date().isoformat(),
        machine=report.machine,
        model=Model(report.model, digest, report.threads),
        effort=Effort(
            bench.repetitions,
            bench.utterances,
            bench.seconds,
            settings.recognition.chunk_ms,
            wanted.limit,
            wanted.silence,
        ),
        figures=report.figures,
        rates=rates,
        sets=facts,
        names=names,
        precisions=precisions,
        choices=choices,
        languages_by_length=lengths,
    )
    write_record(record, out)
    say(f"written: {out}")


def _error_rates(
    wanted: Everything, settings: Settings
) -> tuple[tuple[SetRates, ...], tuple[SetFacts, ...]]:
    if not wanted.manifests:
        return (), ()
    with TemporaryDirectory() as folder:
        manifests = (*wanted.manifests, write_silence(Path(folder), wanted.silence))
        options = _evaluation(manifests, wanted.limit, CHUNKS_MS, silence=wanted.silence)
        _, assessments = assess_sets(options, settings)
    rates = tuple(row for each in assessments for row in _rates(each))
    return rates, tuple(map(_facts, assessments))


def _rates(assessment: Assessment) -> list[SetRates]:
    return [
        SetRates(
            name=assessment.name,
            spoken=row.spoken,
            measure=row.measure,
            utterances=row.utterances,
            captions={each: _rate(counted) for each, counted in row.first_passes.items()},
            words=_rate(row.words),
            text=_rate(row.text),
        )
        for row in assessment.rates
    ]


def _rate(counted: Edits) -> ErrorRate:
    return ErrorRate(counted.rate, counted.reference)


def _facts(assessment: Assessment) -> SetFacts:
    return SetFacts(
        name=assessment.name,
        utterances=assessment.utterances,
        minutes=60 * assessment.hours,
        languages=_languages(assessment.languages),
        final_factor=assessment.final_factor,
        captions_factors=assessment.first_pass_factors,
        silent=assessment.no_speech.utterances,
        words_made_up=assessment.no_speech.words,
        words_captioned=assessment.no_speech.captioned,
    )


def _languages(found: Confusion) -> Languages:
    heard = dict.fromkeys(spoken for spoken, _ in found.counts)
    return {spoken: found.row(spoken) for spoken in SPOKEN if spoken in heard}


def _names(wanted: Everything, settings: Settings) -> tuple[Names, ...]:
    if wanted.names is None or wanted.hot_words is None:
        return ()
    found = measure_names([wanted.names], wanted.hot_words, settings, None, None)
    return tuple(
        Names(
            listed=label == "with",
            names=len(found.names),
            utterances=found.utterances,
            said=recall.said,
            written=recall.written,
            inserted=recall.inserted,
            error_rate=errors,
        )
        for label, recall, errors in found.rows
    )


def _precisions(
    manifests: Sequence[Path], limit: int | None, settings: Settings, console: Console
) -> tuple[PrecisionChange, ...]:
    """Say what every precision of the device changes, and return it."""
    if not manifests:
        return ()
    sets = [read_recordings(manifest, limit) for manifest in manifests]
    # The user's own words would change what is measured.
    recognition = settings.recognition.model_copy(update={"hot_words": os.devnull})
    offered = precisions_of(choose_device(settings.model.device))
    rows = rates_by_precision(sets, offered, settings.model, recognition)
    print_rates(rows, console)
    firsts = [first_rates(rows, row) for row in rows]
    return tuple(
        PrecisionChange(
            row.name,
            row.precision,
            _rate(row.words),
            _rate(row.text),
            points(row.words, first.words),
            points(row.text, first.text),
        )
        for row, first in zip(rows, firsts, strict=True)
    )


def _with_speech(wanted: Everything) -> tuple[Path, ...]:
    return tuple(
        manifest
        for manifest in wanted.manifests
        if any(
            each.language is not None for each in read_recordings(manifest, wanted.limit).utterances
        )
    )


def _evaluation(
    manifests: tuple[Path, ...],
    limit: int | None,
    chunks_ms: tuple[int, ...],
    *,
    final: str | None = None,
    captions: str | None = None,
    silence: float = math.inf,
) -> EvaluationOptions:
    return EvaluationOptions(
        manifests=manifests,
        model=None,
        chunks_ms=chunks_ms,
        limit=limit,
        final=final,
        captions=captions,
        hypotheses=None,
        as_json=False,
        silence=silence,
    )


def _finals(manifests: tuple[Path, ...], limit: int | None, settings: Settings) -> Iterator[Choice]:
    """Each way to the final text; CTC alone, of the same encodings, is the first."""
    for final in FINALS if manifests else ():
        options = _evaluation(manifests, limit, (), final=final)
        for each in assess_sets(options, settings)[1]:
            row, passes = each.rates[-1], each.decoder_passes
            if final == FINALS[0]:
                words, factor = _rate(row.words), each.final_factor
                yield Choice(each.name, "final", "ctc", row.utterances, words, factor, 0.0)
            text, factor = _rate(row.text), each.final_factor
            yield Choice(each.name, "final", final, row.utterances, text, factor, passes)


def _captions(
    manifests: tuple[Path, ...], limit: int | None, settings: Settings
) -> Iterator[Choice]:
    """Who writes the captions, on a few recordings: the decoder is slow."""
    few = None if limit is None else -(-limit // 2)
    chunk_ms = settings.recognition.chunk_ms
    for source in CAPTIONS if manifests else ():
        options = _evaluation(manifests, few, (chunk_ms,), captions=source)
        for each in assess_sets(options, settings)[1]:
            row, factor = each.rates[-1], each.first_pass_factors[chunk_ms]
            rate = _rate(row.first_passes[chunk_ms])
            yield Choice(each.name, "captions", source, row.utterances, rate, factor, 0.0)


def _lengths(
    manifests: Sequence[Path], limit: int | None, settings: Settings
) -> tuple[LanguagesAt, ...]:
    if not manifests:
        return ()
    sets = [read_recordings(manifest, limit) for manifest in manifests]
    told = languages_by_length(sets, settings.model)
    return tuple(LanguagesAt(each.seconds, _languages(each.languages)) for each in told)


def show_comparison(first: Path, second: Path) -> None:
    """Print what changed from one record to another. Raises DictationError."""
    before, after = read_record(first), read_record(second)
    console = Console(highlight=False)
    for note in differences(before, after):
        console.print(f"- {note}")
    console.print(comparison_table(compare(before, after)))


def differences(before: Record, after: Record) -> list[str]:
    """What else differs than the figures, as lines for people."""
    told = replace(after.machine, load=before.machine.load)
    pairs = [
        (name, getattr(before.machine, name), getattr(told, name))
        for name in ("processor", "usable_cores", "memory", "system", "python", "torch", "commit")
    ]
    pairs += [
        ("model", before.model.description, after.model.description),
        ("model files", before.model.sha256[:12], after.model.sha256[:12]),
        ("threads", before.model.threads, after.model.threads),
        ("effort", before.effort, after.effort),
    ]
    return [f"{name}: {old}, then {new}" for name, old, new in pairs if old != new]


def comparison_table(compared: Sequence[Compared]) -> Table:
    """The quantities of both, the ratio of the second to the first, and which way it went."""
    table = Table(title="Lower is better; same: within the noise of measuring")
    for heading in ("what", "before", "after", "unit", "ratio", ""):
        table.add_column(heading, justify="left" if heading in ("what", "unit", "") else "right")
    for each in compared:
        ratio = "-" if each.ratio is None else f"{each.ratio:.2f}"
        numbers = (f"{each.before:.4g}", f"{each.after:.4g}", each.unit, ratio)
        table.add_row(each.name, *numbers, each.verdict, style=_COLOURS[each.verdict])
    return table


_COLOURS = {"worse": "red", "better": "green", "same": ""}
