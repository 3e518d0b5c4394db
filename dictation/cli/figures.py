"""`dictation bench`: what dictation costs on this machine, as a table to paste or as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from dictation.bench.figures import Figure, Spread
from dictation.bench.run import BenchSettings, Report, run_bench
from dictation.config import Settings, load_settings


@dataclass(frozen=True)
class BenchOptions:
    """What to measure; None: as the settings say."""

    model: str | None
    threads: int | None
    repetitions: int
    seconds: float
    daemon: bool
    as_json: bool


def show_figures(options: BenchOptions, config: Path | None) -> None:
    """Measure and print. Raises DictationError."""
    wanted = BenchSettings(
        settings=bench_settings(options, load_settings(config)),
        repetitions=options.repetitions,
        seconds=options.seconds,
        daemon=options.daemon,
    )
    console = Console(stderr=True)
    with console.status("Measuring") as status:
        report = run_bench(wanted, lambda what: status.update(f"Measuring {what}"))
    if options.as_json:
        print(json.dumps(report_values(report), ensure_ascii=False, indent=2))
    else:
        print("\n".join(markdown(report)))


def bench_settings(options: BenchOptions, settings: Settings) -> Settings:
    """The settings with the model and threads that were asked for."""
    changed: dict[str, object] = {}
    if options.model is not None:
        changed["name"] = options.model
    if options.threads is not None:
        changed["threads"] = options.threads
    model = settings.model.model_copy(update=changed)
    return settings.model_copy(update={"model": model})


def markdown(report: Report) -> list[str]:
    """The report as a Markdown table with all it depends on above it."""
    machine = report.machine
    load = "" if machine.load is None else f", load {machine.load:.1f} before"
    commit = "" if machine.commit is None else f", commit {machine.commit}"
    lines = [
        f"- model: {report.model}, {report.threads} threads",
        f"- machine: {machine.processor}, {machine.usable_cores} of {machine.cores} cores"
        f"{load}, {machine.system}",
        f"- Python {machine.python}, torch {machine.torch}, dictation {machine.dictation}{commit}",
        "",
        "| what | p50 | p95 | unit | n |",
        "|---|---:|---:|---|---:|",
    ]
    lines += [_row(figure) for figure in report.figures]
    return lines


def _row(figure: Figure) -> str:
    match figure.value:
        case None:
            cells = ("not measured", "", figure.unit, "")
        case Spread() as spread:
            cells = (_number(spread.p50), _number(spread.p95), figure.unit, str(spread.count))
        case value:
            cells = (_number(value), "", figure.unit, "1")
    return f"| {' | '.join((figure.what, *cells))} |"


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def report_values(report: Report) -> dict[str, object]:
    """The report as JSON values: figures by name, each with unit and meaning."""
    return {
        "model": report.model,
        "threads": report.threads,
        "machine": asdict(report.machine),
        "repetitions": report.settings.repetitions,
        "utterances": report.settings.utterances,
        "seconds": report.settings.seconds,
        "figures": {
            figure.name: {
                "unit": figure.unit,
                "what": figure.what,
                "value": asdict(figure.value) if isinstance(figure.value, Spread) else figure.value,
            }
            for figure in report.figures
        },
    }
