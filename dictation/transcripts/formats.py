"""Transcripts as files: plain text, SubRip, WebVTT, JSON and tab-separated values."""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from dictation.transcription import Segment, Transcript, joined_text
from dictation.transcripts.cues import Cue, cues_of
from dictation.transcripts.kinds import Format

PARAGRAPH_PAUSE = 3.0
"""Seconds of silence that begin a new paragraph of plain text."""


def written(transcript: Transcript, form: Format) -> str:
    """The whole file of that format, with its last line end."""
    return _WRITERS[form](transcript)


def paragraphs(segments: Sequence[Segment]) -> list[str]:
    """The text of a file, a new paragraph after each long pause."""
    groups: list[list[Segment]] = []
    for segment in segments:
        if groups and segment.start - groups[-1][-1].end < PARAGRAPH_PAUSE:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    return [joined_text([segment.text for segment in group]) for group in groups]


def values_of(transcript: Transcript) -> dict[str, object]:
    """The transcript as JSON has it; times in seconds, to the millisecond."""
    return {
        "file": transcript.file,
        "duration": round(transcript.duration, 3),
        "language": transcript.language,
        "text": transcript.text,
        "segments": [_values_of_segment(segment) for segment in transcript.segments],
    }


def _values_of_segment(segment: Segment) -> dict[str, object]:
    times = {"start": round(segment.start, 3), "end": round(segment.end, 3)}
    words = [
        {
            **asdict(word),
            "start": round(word.start, 3),
            "end": round(word.end, 3),
            "confidence": round(word.confidence, 3),
        }
        for word in segment.words
    ]
    return {**times, "text": segment.text, "language": segment.language, "words": words}


def _txt(transcript: Transcript) -> str:
    return "\n\n".join(paragraphs(transcript.segments)) + "\n"


def _srt(transcript: Transcript) -> str:
    cues = enumerate(cues_of(transcript.segments), 1)
    return "".join(f"{number}\n{_timing(cue, ',')}\n{_safe_lines(cue)}\n\n" for number, cue in cues)


def _vtt(transcript: Transcript) -> str:
    cues = cues_of(transcript.segments)
    blocks = (
        f"{_timing(cue, '.')}\n{html.escape(_safe_lines(cue), quote=False)}\n" for cue in cues
    )
    return "\n".join(["WEBVTT\n", *blocks])


def _safe_lines(cue: Cue) -> str:
    # An arrow in a text would be taken for a line of times.
    return "\n".join(cue.lines).replace("-->", "→")


def _timing(cue: Cue, mark: str) -> str:
    return f"{_clock(cue.start, mark)} --> {_clock(cue.end, mark)}"


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _json(transcript: Transcript) -> str:
    return json.dumps(values_of(transcript), ensure_ascii=False, indent=2) + "\n"


def _tsv(transcript: Transcript) -> str:
    lines = ["start\tend\tlanguage\ttext"]
    for segment in transcript.segments:
        text = " ".join(segment.text.split())
        lines.append(f"{segment.start:.3f}\t{segment.end:.3f}\t{segment.language}\t{text}")
    return "\n".join(lines) + "\n"


_WRITERS: dict[Format, Callable[[Transcript], str]] = {
    Format.TXT: _txt,
    Format.SRT: _srt,
    Format.VTT: _vtt,
    Format.JSON: _json,
    Format.TSV: _tsv,
}
