"""The files that transcripts are written to: never over another one unasked, never by halves."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dictation.batch.finding import Target
from dictation.errors import DictationError
from dictation.transcription import Transcript
from dictation.transcripts.formats import written
from dictation.transcripts.kinds import Format


class OutputError(DictationError):
    """Nothing can be written there: no other file could be finished either."""


class StaleError(DictationError):
    """A file of that name is there, and older than the sound it should be made of."""


def prepare(folder: Path) -> None:
    """Make the folder and see that it takes files. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(folder, error) from error


def missing(source: Path, target: Target, formats: Sequence[Format]) -> list[Format]:
    """The formats that are not there yet. Raises StaleError where one is older than `source`."""
    lacking = []
    for form in formats:
        path = target.path(form)
        if not path.exists():
            lacking.append(form)
        elif source.exists() and path.stat().st_mtime < source.stat().st_mtime:
            raise StaleError(f"{path} is there and older than {source}: --force writes it anew")
    return lacking


def write(transcript: Transcript, target: Target, formats: Sequence[Format]) -> None:
    """Write the files; each appears whole or not at all. Raises OutputError."""
    for form in formats:
        path = target.path(form)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(path, written(transcript, form))
        except OSError as error:
            raise cannot_write(path, error) from error


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.part")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def cannot_write(path: Path, error: OSError) -> OutputError:
    """The error as one line that says how to go on."""
    return OutputError(
        f"{path}: cannot be written: {error.strerror}; make room or choose another --output-dir, "
        "then give the same command: what is done is kept"
    )
