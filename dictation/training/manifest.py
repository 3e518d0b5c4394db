"""Lists of recordings with their transcripts: one JSON object a line."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from dictation.errors import DictationError

T = TypeVar("T")

_LANGUAGES = ("zh", "en", "mix", "noise", "music")


class ManifestError(DictationError):
    """A manifest cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Utterance:
    """One recording. `text`: what is said, in words; `written`: as a typist would write it.

    `language` None: noise or music, nothing is said. `duration` in seconds.
    """

    audio: Path
    text: str
    written: str
    language: str | None
    speaker: str | None
    duration: float


def read_manifest(path: Path) -> list[Utterance]:
    """Return a manifest's utterances; those without a transcript are left out unless nothing is
    said in them. Paths are relative to the manifest. Raises ManifestError."""
    parsed = read_lines(path, lambda values: _parse(values, path.parent))
    return [utterance for utterance in parsed if utterance is not None]


def read_lines(path: Path, parse: Callable[[dict[str, Any]], T]) -> list[T]:
    """Return what `parse` makes of each JSON line of a manifest; raises ManifestError, also for
    what it raises over values that are not there or of another kind."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: not UTF-8 text") from error
    parsed = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed.append(parse(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ManifestError(f"{path}, line {number}: {error!r}") from error
    return parsed


def resumed_lines(path: Path) -> list[dict[str, Any]]:
    """Return what an earlier run wrote into a list that will be gone on with, nothing where there
    is none; a last line that was cut short is taken out of the file."""
    if not path.exists():
        return []
    written = path.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines() if line.strip()]


def _parse(values: dict[str, object], root: Path) -> Utterance | None:
    language = str(values["lang"])
    if language not in _LANGUAGES:
        raise ValueError(f"lang {language!r} is none of {', '.join(_LANGUAGES)}")
    silent = language in ("noise", "music")
    text = values["text"]
    if text is None and not silent:
        return None
    speaker = values.get("speaker")
    return Utterance(
        audio=root / str(values["audio"]),
        text="" if silent else str(text),
        written="" if silent else str(values.get("written", text)),
        language=None if silent else language,
        speaker=None if speaker is None else str(speaker),
        duration=float(str(values["duration"])),
    )
