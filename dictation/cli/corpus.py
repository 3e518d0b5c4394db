"""`dictation synthesize`, `manifest` and `label`, with a bar for whoever waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from dictation.errors import DictationError
from dictation.training.corpora import CorpusName, write_manifests
from dictation.training.labelling import label_manifest
from dictation.training.synthesis import SynthesisOptions, SynthesisReport, synthesize


def synthesize_corpus(options: SynthesisOptions) -> None:
    """Make the set and say what is in it. Raises DictationError without the synthesis extra."""
    unit = "clips" if options.hours is None else "seconds"
    with _bar(options.out, MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(f"Synthesizing ({unit})", total=None)
        report = synthesize(
            options, lambda done, wanted: bar.update(task, completed=done, total=wanted or None)
        )
    print("\n".join(report_lines(report)))


def write_corpus_manifests(corpus: CorpusName, folder: Path, out: Path) -> None:
    """Write the manifests and say what is in them. Raises DictationError."""
    with _bar(out, TextColumn("{task.completed}")) as bar:
        task = bar.add_task(f"Reading {corpus}", total=None)
        parts = write_manifests(
            corpus,
            folder,
            out,
            lambda part, done: bar.update(task, description=part, completed=done),
        )
    for part in parts:
        print(f"{part.manifest}: {part.utterances} utterances, {part.hours:.2f} h")


def label_clips(
    manifest: Path, teacher: Path, out: Path, language: str | None, threads: int
) -> None:
    """Write texts for clips that have none, and say how many got one. Raises DictationError."""
    with _bar(out, MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("Listening", total=None)
        report = label_manifest(
            manifest,
            teacher,
            out,
            lambda done, total: bar.update(task, completed=done, total=total),
            language=language,
            threads=threads,
        )
    print(f"{out}: {report.labelled} clips, {report.hours:.2f} h, {report.dropped} dropped")


def report_lines(report: SynthesisReport) -> list[str]:
    """What a run left, for people."""
    total = sum(report.hours.values())
    lines = [f"{report.manifest}: {report.clips} clips, {total:.2f} h, {report.rejected} rejected"]
    for language, hours in report.hours.items():
        error = report.errors.get(language)
        checked = "" if error is None else f", read back with {100 * error:.1f} % errors"
        lines.append(f"{language:>4}  {hours:.2f} h{checked}")
    return lines


@contextmanager
def _bar(out: Path, *figures: ProgressColumn) -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere, while OUT is written, or a DictationError tells why
    it is not."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), *figures)
    silent = not console.is_terminal
    try:
        with Progress(*columns, console=console, transient=True, disable=silent) as bar:
            yield bar
    except OSError as error:
        raise DictationError(f"{error.filename or out}: {error.strerror or error}") from error
