"""All figures: first those of a process of its own, then the model's, then the running daemon's."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from dictation.bench.figures import Figure, Spread, spread
from dictation.bench.live import LiveFigures, LiveSettings
from dictation.bench.machine import Machine, describe_machine
from dictation.bench.running import watch_daemon
from dictation.bench.sounds import recordings
from dictation.config import Settings
from dictation.errors import DictationError
from dictation.loading import load_recognizer


@dataclass(frozen=True)
class BenchSettings:
    """What to measure with: `repetitions` of each length, so many `utterances` live,
    `seconds` of quiet, and whether to watch the running `daemon` too."""

    settings: Settings
    repetitions: int = 20
    utterances: int = 9
    seconds: float = 20.0
    daemon: bool = False


@dataclass(frozen=True)
class Report:
    """The figures with all that they depend on."""

    machine: Machine
    model: str
    threads: int
    settings: BenchSettings
    figures: tuple[Figure, ...]


def run_bench(wanted: BenchSettings, say: Callable[[str], None]) -> Report:
    """Measure everything; `say` is told what is being measured. Raises DictationError."""
    machine = describe_machine()
    figures: list[Figure] = []
    if wanted.daemon:
        say("watching the running daemon")
        figures += watch_daemon(wanted.seconds)
    say("a worker in a process of its own, in real time")
    figures = _live_figures(wanted) + figures
    say("the model")
    from dictation.bench.decoding import time_decoding
    from dictation.bench.model import threads, time_model

    recognizer = load_recognizer(wanted.settings.model, wanted.settings.recognition)
    timed = time_model(recognizer, recordings(), wanted.repetitions)
    say("decoding")
    figures = timed + time_decoding(recognizer, recordings(), wanted.repetitions) + figures
    return Report(machine, recognizer.description, threads(), wanted, tuple(figures))


def _live_figures(wanted: BenchSettings) -> list[Figure]:
    settings = wanted.settings.model_dump(mode="json")
    order = LiveSettings(settings, wanted.utterances, wanted.seconds)
    command = [sys.executable, "-m", "dictation.bench.live"]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asdict(order)) + "\n")
        process.stdin.flush()
        first = process.stdout.readline()
        ready_seconds = time.monotonic() - began
        second = process.stdout.readline()
    for line in (first, second):
        if "error" in (answer := json.loads(line or "{}")):
            raise DictationError(str(answer["error"]))
    if not second:
        raise DictationError(f"the measured process ended early, with status {process.returncode}")
    return _figures(LiveFigures(**json.loads(second)), ready_seconds, wanted.settings)


def _figures(live: LiveFigures, ready_seconds: float, settings: Settings) -> list[Figure]:
    """Name what a live worker cost."""
    feeder = "worker in a process of its own, fed in real time"
    false = f"; {live.false_starts} utterances found in it" if live.false_starts else ""
    return [
        Figure(
            "first_partial",
            "ms",
            f"first caption with text after speech began, {settings.recognition.chunk_ms} ms "
            "chunks, live",
            _milliseconds(live.first_partials),
        ),
        Figure(
            "word_caption",
            "ms",
            "a word in the captions after it was spoken, live",
            _milliseconds(live.words),
        ),
        Figure(
            "endpoint_wait",
            "ms",
            "silence before the end of speech is decided, live",
            _milliseconds(live.waits),
        ),
        Figure(
            "final_live",
            "ms",
            "final text of the bundled recordings, from that decision, live",
            _milliseconds(live.finals),
        ),
        Figure(
            "final_after_speech",
            "ms",
            "finished text after the end of speech: both together, live",
            _milliseconds([sum(both) for both in zip(live.waits, live.finals, strict=True)]),
        ),
        Figure(
            "released",
            "ms",
            "finished text after the key was let go, 250 ms after the last word, live",
            _milliseconds(live.released),
        ),
        Figure("ready", "s", "from the start of a process until the model is ready", ready_seconds),
        Figure("load", "s", "of that, loading torch and the model", live.load_seconds),
        Figure("memory_loaded", "MB", "resident once the model is ready", live.memory_loaded),
        Figure("memory_after", "MB", "resident after the live recordings", live.memory_after),
        Figure("cpu_idle", "%", f"of one core, not listening; {feeder}", live.idle_cpu),
        Figure(
            "cpu_quiet",
            "%",
            f"of one core, listening to a quiet room (-60 dB noise); {feeder}{false}",
            live.quiet_cpu,
        ),
    ]


def _milliseconds(seconds: list[float]) -> Spread | None:
    return spread([1000 * each for each in seconds])
