"""python -m tests.peers: error rates, waiting times, processor time and memory, side by side."""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from dictation.loading import prepare_torch
from dictation.text.writing.script import to_simplified
from dictation.training.assessment import read_recordings
from dictation.training.data import load_samples
from dictation.training.manifest import Utterance
from dictation.training.scoring import Edits, added, text_edits
from tests.peers.engines import Dictation, Engine, PocketSphinx, Whisper

NAMES = ("dictation", "faster-whisper", "pocketsphinx")


@dataclass(frozen=True)
class Row:
    """What one engine did on one set on a day (YYYY-MM-DD, UTC); times in seconds (p50, p95),
    memory in MB."""

    date: str
    engine: str
    recordings: str
    utterances: int
    text: float | None
    caption: float | None
    first_text: tuple[float, float]
    final: tuple[float, float]
    cpu_per_second: float
    memory: float


def main() -> None:
    """Run each engine in a process of its own, one after the other, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("--manifest", type=Path, action="append", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--whisper", type=Path, help="a faster-whisper folder of whisper-base")
    parser.add_argument("--engine", choices=NAMES, help="this one only, its rows as JSON")
    parser.add_argument("--json", type=Path, help="write all rows there")
    options = parser.parse_args()
    if options.engine is not None:
        for row in run(options):
            print(json.dumps(asdict(row)), flush=True)
        return
    rows: list[dict[str, object]] = []
    for name in NAMES:
        missing = name != "dictation" and find_spec(name.replace("-", "_")) is None
        if missing or (name == "faster-whisper" and options.whisper is None):
            print(f"without {name}: " + ("not installed" if missing else "no --whisper folder"))
            continue
        command = [sys.executable, "-m", "tests.peers", *sys.argv[1:], "--engine", name]
        environment = dict(os.environ)
        prepare_torch(environment)  # as the daemon does before it imports torch
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, env=environment
        )
        rows += [json.loads(line) for line in done.stdout.splitlines()]
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False))
    Console(width=140).print(table(rows))


def engine(options: argparse.Namespace) -> Engine:
    """Load the engine asked for."""
    match options.engine:
        case "dictation":
            return Dictation(options.model, options.threads)
        case "faster-whisper":
            return Whisper(options.whisper, options.threads)
        case _:
            return PocketSphinx()


def run(options: argparse.Namespace) -> list[Row]:
    """Recognise every set with one engine."""
    recogniser = engine(options)
    rows = []
    for manifest in options.manifest:
        recordings = read_recordings(manifest, options.limit)
        chosen = [u for u in recordings.utterances if heard_by(options.engine, u)]
        if chosen:
            rows.append(assess(options.engine, recogniser, recordings.name, chosen))
    return rows


def heard_by(name: str, utterance: Utterance) -> bool:
    """Whether an engine knows the language."""
    return name != "pocketsphinx" or utterance.language == "en"


def assess(name: str, recogniser: Engine, recordings: str, chosen: Sequence[Utterance]) -> Row:
    """Recognise one set."""
    cpu, seconds = time.process_time(), 0.0
    texts: list[Edits] = []
    captions: list[Edits] = []
    first, final = [], []
    for utterance in chosen:
        samples = load_samples(utterance.audio)
        seconds += len(samples) / 16_000
        heard = recogniser.hear(samples)
        text = to_simplified(heard.text)  # Whisper writes both scripts: neither is an error
        texts.append(text_edits(text, utterance.text, utterance.written))
        if heard.caption is not None:
            captions.append(text_edits(heard.caption, utterance.text, utterance.written))
        first.append(heard.first_text)
        final.append(heard.final)
    spent = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Row(
        datetime.now(UTC).date().isoformat(),
        name,
        recordings,
        len(chosen),
        added(texts).rate,
        added(captions).rate if captions else None,
        _percentiles(first),
        _percentiles(final),
        spent / seconds,
        peak,
    )


def table(rows: Sequence[dict[str, object]]) -> Table:
    """Set the rows out, set by set."""
    shown = Table(title="The same audio, the same run")
    for column in (
        *("set", "engine", "utterances", "errors, final", "errors, captions"),
        *("first text p50/p95 s", "final after the end p50/p95 s", "CPU s/s", "MB"),
    ):
        shown.add_column(column)
    for row in sorted(rows, key=lambda row: str(row["recordings"])):
        shown.add_row(
            str(row["recordings"]),
            str(row["engine"]),
            str(row["utterances"]),
            _percent(row["text"]),
            _percent(row["caption"]),
            _pair(row["first_text"]),
            _pair(row["final"]),
            f"{row['cpu_per_second']:.2f}",
            f"{row['memory']:.0f}",
        )
    return shown


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    return float(np.percentile(values, 50)), float(np.percentile(values, 95))


def _percent(value: object) -> str:
    return "-" if value is None else f"{value:.1%}"


def _pair(values: object) -> str:
    low, high = values  # type: ignore[misc]
    return f"{low:.2f} / {high:.2f}"


if __name__ == "__main__":
    main()
