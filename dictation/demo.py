"""`dictation demo`: the bundled recordings through the very worker that hears the microphone."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from dictation.assets import AssetError, samples_folder
from dictation.audio import SAMPLE_RATE
from dictation.audio.devices import portaudio
from dictation.audio.errors import AudioDeviceError
from dictation.audio.files import read_audio
from dictation.config import Settings, load_settings
from dictation.errors import DictationError
from dictation.events import (
    Event,
    Final,
    Language,
    ListeningEnded,
    ModelFailed,
    ModelReady,
    Partial,
    SpeechDropped,
    Timing,
)
from dictation.listener import Samples, StreamingRecognizer
from dictation.loading import load_recognizer, worker_settings
from dictation.text.pipeline import Context, format_text
from dictation.text.writing.dictionary import Dictionary
from dictation.worker import Worker
from dictation.writing import text_settings

_BLOCK = SAMPLE_RATE // 50
_PATIENCE_SECONDS = 120.0
_COLOURS: dict[Language, str] = {"zh": "#2e9e5b", "en": "#2f6fde", "mix": "#8e44ad"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A bundled recording and what is said in it."""

    path: Path
    written: str


def run_demo(config: Path | None, *, silent: bool) -> None:
    """Play the samples to the worker, in real time, and show what it makes of them."""
    settings = load_settings(config)
    samples = read_samples(samples_folder())
    console = Console(highlight=False, soft_wrap=True)
    dictate_samples(
        samples,
        lambda: load_recognizer(settings.model, settings.recognition),
        settings,
        console,
        silent,
    )


def dictate_samples(
    samples: Sequence[Sample],
    load: Callable[[], StreamingRecognizer],
    settings: Settings,
    console: Console,
    silent: bool,
) -> None:
    """Dictate recordings one after the other; `silent`: without letting the user hear them.

    Raises DictationError when the model does not load or fails on one.
    """
    events: SimpleQueue[Event] = SimpleQueue()
    worker = Worker(load, worker_settings(settings), events.put, time.monotonic)
    worker.start()
    try:
        _await_model(events, console)
        for sample in samples:
            _dictate(sample, worker, events, settings, console, silent=silent)
    finally:
        worker.close()


def read_samples(folder: Path) -> list[Sample]:
    """Read the list of samples. Raises AssetError for one that is damaged or incomplete."""
    index = folder / "samples.json"
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
        samples = [Sample(folder / each["audio"], each["written"]) for each in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AssetError(f"{index} cannot be read: {error}") from error
    for sample in samples:
        if not sample.path.is_file():
            raise AssetError(f"the bundled recording {sample.path} is missing")
    return samples


def _await_model(events: "SimpleQueue[Event]", console: Console) -> None:
    with console.status("Loading the model"):
        event = events.get()
    if isinstance(event, ModelFailed):
        raise DictationError(event.message)
    if isinstance(event, ModelReady):
        console.print(f"{event.description}, ready in {event.seconds:.1f} s\n")


def _dictate(
    sample: Sample,
    worker: Worker,
    events: "SimpleQueue[Event]",
    settings: Settings,
    console: Console,
    *,
    silent: bool,
) -> None:
    audio = np.concatenate(list(read_audio(sample.path)))
    console.print(Text.assemble((sample.path.name, "bold"), f"  {len(audio) / SAMPLE_RATE:.1f} s"))
    # Enough silence for the end of speech to be noticed as it is at a microphone.
    pause = np.zeros((settings.segmenter.end_ms + 400) * SAMPLE_RATE // 1000, dtype=np.float32)
    feeder = threading.Thread(
        target=_feed, args=(worker, np.concatenate([audio, pause])), name="feeder", daemon=True
    )
    with _playing(None if silent else audio), _captions(console) as show:
        feeder.start()
        finals = list(_follow(events, show))
    feeder.join()
    for final in finals:
        context = Context(timed=final.timed)
        text = format_text(final.text, text_settings(settings), Dictionary(), context)
        console.print(Text.assemble(_label(final.language), " ", (text, "bold")))
        console.print(Text(f"     {timing_line(final.timing)}", "dim"))
    console.print(Text(f"     said: {sample.written}\n", "dim"))


def _feed(worker: Worker, sound: Samples) -> None:
    """Be a microphone: a block every 20 ms by the clock, whatever the worker does meanwhile."""
    worker.listen()
    began = time.monotonic()
    for start in range(0, len(sound), _BLOCK):
        block = sound[start : start + _BLOCK]
        due = began + (start + len(block)) / SAMPLE_RATE
        time.sleep(max(0.0, due - time.monotonic()))
        worker.hear(block, time.monotonic())
    worker.finish()


def _follow(events: "SimpleQueue[Event]", show: Callable[[Text], None]) -> Iterator[Final]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not isinstance(event := events.get(timeout=deadline - time.monotonic()), ListeningEnded):
        match event:
            case Partial(text=text, language=language):
                show(Text.assemble(_label(language), " ", (text, "dim")))
            case Final():
                yield event
            case SpeechDropped(reason="failed", detail=detail):
                raise DictationError(f"the model failed on a recording: {detail}")
            case _:
                pass


@contextmanager
def _captions(console: Console) -> Iterator[Callable[[Text], None]]:
    """One line that rewrites itself; where there is no terminal, a line each."""
    if not console.is_terminal:
        yield console.print
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda text: live.update(text, refresh=True)


@contextmanager
def _playing(audio: Samples | None) -> Iterator[None]:
    """Let the user hear the recording, if this machine can."""
    try:
        sound = None if audio is None else portaudio()
    except AudioDeviceError:
        sound = None
    if sound is None:
        yield
        return
    try:
        sound.play(audio, SAMPLE_RATE)
    except (sound.PortAudioError, ValueError):
        yield
        return
    try:
        yield
    finally:
        sound.stop()


def _label(language: Language | None) -> tuple[str, str]:
    if language is None:
        return "  … ", "dim"
    return f"{language:>4}", f"bold {_COLOURS[language]}"


def timing_line(timing: Timing) -> str:
    """Where the time of an utterance went, for people."""
    first = timing.first_partial
    began = "" if first is None else f"first words {first * 1000:.0f} ms after speech began; "
    return (
        f"{began}end of speech noticed after {timing.endpoint_wait * 1000:.0f} ms of silence; "
        f"text {timing.compute * 1000:.0f} ms later"
    )
