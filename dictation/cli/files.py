"""`dictation transcribe`: files in, texts or JSON lines out, one broken file hinders no other."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from dictation.audio.files import AudioFileError, probe
from dictation.config import load_settings
from dictation.errors import DictationError
from dictation.loading import load_recognizer, segmenter_settings
from dictation.transcription import (
    FileRecognizer,
    Transcript,
    TranscriptionSettings,
    Watcher,
    transcribe,
)

_SHORT_SECONDS = 5.0


def transcribe_files(
    files: Sequence[str],
    config: Path | None,
    *,
    model: str | None,
    as_json: bool,
    stream: bool,
    partials: bool,
) -> bool:
    """Print what each file says, in order; whether all of them could be read."""
    settings = load_settings(config)
    section = settings.model
    if model is not None:
        section = section.model_copy(update={"name": model})
    options = TranscriptionSettings(
        stream=stream,
        chunk_ms=settings.recognition.chunk_ms,
        segmenter=segmenter_settings(settings),
    )
    recognizer = load_recognizer(section)
    printer = Printer(as_json=as_json, partials=partials, several=len(files) > 1)
    return print_transcripts(files, recognizer, options, printer)


def print_transcripts(
    files: Sequence[str],
    recognizer: FileRecognizer,
    options: TranscriptionSettings,
    printer: "Printer",
) -> bool:
    """Transcribe with a recogniser that is loaded; whether all files could be read."""
    all_read = True
    for file in files:
        source = sys.stdin.buffer if file == "-" else Path(file)
        try:
            with _progress(file, source) as progress:
                watcher = Watcher(
                    progress=progress,
                    partial=partial(printer.partial, file),
                    warning=_warn,
                )
                transcript = transcribe(source, recognizer, options, watcher)
        except DictationError as error:
            _warn(str(error))
            all_read = False
            continue
        printer.transcript(transcript)
    return all_read


class Printer:
    """Puts captions and transcripts on standard output, as text or as a JSON object a line."""

    def __init__(self, *, as_json: bool, partials: bool, several: bool) -> None:
        self._as_json = as_json
        self._partials = partials
        self._several = several

    def partial(self, file: str, seconds: float, text: str) -> None:
        """Print a caption that stood after so many seconds of the file."""
        if not self._partials:
            return
        if self._as_json:
            _print_json({"file": file, "at": round(seconds, 3), "partial": text})
        else:
            print(f"{seconds:8.2f} s … {text}", flush=True)

    def transcript(self, transcript: Transcript) -> None:
        """Print what a whole file says."""
        if self._as_json:
            _print_json(_values(transcript))
            return
        if self._several:
            print(f"==> {transcript.file} <==")
        print(transcript.text, flush=True)


def _values(transcript: Transcript) -> dict[str, object]:
    return {
        "file": transcript.file,
        "duration": round(transcript.duration, 3),
        "language": transcript.language,
        "text": transcript.text,
        "segments": [
            {**asdict(segment), "start": round(segment.start, 3), "end": round(segment.end, 3)}
            for segment in transcript.segments
        ],
    }


def _print_json(values: dict[str, object]) -> None:
    print(json.dumps(values, ensure_ascii=False), flush=True)


def _warn(message: str) -> None:
    print(f"dictation: {message}", file=sys.stderr, flush=True)


@contextmanager
def _progress(name: str, source: Path | BinaryIO) -> Iterator[Callable[[float], None]]:
    """A bar for whoever waits at a terminal, unless the file is short."""
    console = Console(stderr=True)
    duration = _duration(source)
    if not console.is_terminal or (duration is not None and duration <= _SHORT_SECONDS):
        yield lambda seconds: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[seconds]:.0f} s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(Path(name).name, total=duration, seconds=0.0)
        yield lambda seconds: bar.update(task, completed=seconds, seconds=seconds)


def _duration(source: Path | BinaryIO) -> float | None:
    if not isinstance(source, Path):
        return None
    try:
        return probe(source).duration
    except AudioFileError:
        return 0.0  # the reading itself says what is wrong
