"""`dictation bench recogniser`: the recogniser's parts beside those of others."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console

from dictation.bench.recogniser import Timing, Timings, Wanted, time_recogniser


def show_timings(wanted: Wanted, *, as_json: bool) -> None:
    """Time and print. Raises DictationError."""
    console = Console(stderr=True)
    with console.status("Timing") as status:
        timings = time_recogniser(wanted, lambda what: status.update(f"Timing {what}"))
    if as_json:
        print(json.dumps(timing_values(timings), ensure_ascii=False, indent=2))
    else:
        print("\n".join(timing_table(timings)))


def timing_table(timings: Timings) -> list[str]:
    """The timings as a Markdown table with all they depend on above it."""
    machine = timings.machine
    load = "" if machine.load is None else f", load {machine.load:.1f} before"
    lines = [
        f"- preset {timings.wanted.name}, {timings.parameters / 1e6:.1f} M parameters, random",
        f"- machine: {machine.processor}, {machine.usable_cores} of {machine.cores} cores{load}",
        f"- Python {machine.python}, torch {machine.torch}, dictation {machine.dictation}",
        *(f"- {note}" for note in timings.notes),
        "",
        "| part | who | threads | p50 ms | p95 ms | RTF | CPU s/s | n |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    return lines + [_row(each) for each in timings.timings]


def _row(timing: Timing) -> str:
    taken = timing.milliseconds
    cells = (
        timing.part,
        timing.who,
        str(timing.threads),
        f"{taken.p50:.2f}",
        f"{taken.p95:.2f}",
        f"{timing.factor:.4f}",
        f"{timing.cpu:.4f}",
        str(taken.count),
    )
    return f"| {' | '.join(cells)} |"


def timing_values(timings: Timings) -> dict[str, object]:
    """The timings as JSON values."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "preset": timings.wanted.name,
        "parameters": timings.parameters,
        "machine": asdict(timings.machine),
        "notes": list(timings.notes),
        "timings": [
            asdict(each) | {"real_time_factor": round(each.factor, 5)} for each in timings.timings
        ],
    }
