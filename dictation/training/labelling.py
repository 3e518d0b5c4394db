"""Texts for unlabelled speech, written by a teacher recogniser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dictation.text.writing.script import to_simplified
from dictation.training.judging import load_teacher
from dictation.training.manifest import read_lines, resumed_lines

LOWEST_LOGPROB = -0.8
HIGHEST_COMPRESSION = 2.2
_NUMERAL = re.compile(r"[0-9%$£€]")


class _Segment(Protocol):
    text: str
    avg_logprob: float
    compression_ratio: float


_Listener = Callable[..., tuple[Iterable[_Segment], object]]


@dataclass(frozen=True)
class LabelReport:
    """How many clips got a text, how many were dropped, and the hours that were labelled."""

    labelled: int
    dropped: int
    hours: float


def label_manifest(
    manifest: Path,
    teacher_dir: Path,
    out: Path,
    progress: Callable[[int, int], None],
    *,
    language: str | None = None,
    beam: int = 5,
    threads: int = 2,
) -> LabelReport:
    """Write ``manifest`` to ``out`` with the teacher's text where it has none.

    The teacher is a faster-whisper folder; it must spell numbers out, so that a text says what is
    spoken, and its Chinese becomes simplified. Clips whose worst segment is below -0.8 mean log
    probability or above 2.2 compression are dropped, into ``*.dropped.jsonl`` beside ``out``. Audio
    paths stay relative when ``out`` lies beside ``manifest`` and become absolute elsewhere. Clips
    of an earlier run are kept as they are. ``progress`` gets clips done and clips in all. Raises
    ManifestError, and DictationError without a teacher or faster-whisper.
    """
    lines = read_lines(manifest, _unlabelled)
    dropped_path = out.with_suffix(".dropped.jsonl")
    out.parent.mkdir(parents=True, exist_ok=True)
    labelled, dropped = resumed_lines(out), resumed_lines(dropped_path)
    model = load_teacher(teacher_dir, threads)
    silent = [-1] + [
        token for piece, token in model.hf_tokenizer.get_vocab().items() if _NUMERAL.search(piece)
    ]
    beside = out.resolve().parent == manifest.resolve().parent
    known = {line["audio"] for line in (*labelled, *dropped)}
    with (
        out.open("a", buffering=1, encoding="utf-8") as kept_file,
        dropped_path.open("a", buffering=1, encoding="utf-8") as dropped_file,
    ):
        for number, line in enumerate(lines, 1):
            source = manifest.parent / line["audio"]
            audio = line["audio"] if beside else str(source.resolve())
            if audio in known:
                continue
            line = {**line, "audio": audio}
            good = True
            if not line.get("text"):
                text, logprob, compression = _listen(
                    model.transcribe, source, language, beam, silent
                )
                line |= {"text": text, "logprob": logprob, "compression": compression}
                good = bool(text) and logprob >= LOWEST_LOGPROB
                good = good and compression <= HIGHEST_COMPRESSION
            stream, lists = (kept_file, labelled) if good else (dropped_file, dropped)
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            lists.append(line)
            progress(number, len(lines))
    seconds = sum(float(line["duration"]) for line in labelled)
    return LabelReport(len(labelled), len(dropped), seconds / 3600)


def _unlabelled(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"audio": str(line["audio"]), "duration": float(line["duration"])}


def _listen(
    transcribe: _Listener, audio: Path, language: str | None, beam: int, silent: list[int]
) -> tuple[str, float, float]:
    segments, _ = transcribe(
        str(audio),
        language=language,
        beam_size=beam,
        suppress_tokens=silent,
        temperature=(0.0, 0.4),  # one second try: a clip that still fails is dropped anyway
        condition_on_previous_text=False,
    )
    found = list(segments)
    if not found:
        return "", -9.0, 0.0
    return (
        to_simplified("".join(segment.text for segment in found).strip()),
        round(min(segment.avg_logprob for segment in found), 3),
        round(max(segment.compression_ratio for segment in found), 3),
    )
