"""Subtitles: what is said, in cues of at most two lines that can be read while they are shown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from dictation.events import TimedWord
from dictation.transcription import Segment
from dictation.transcripts.phrases import Piece, pieces_of, width_of

MIN_SECONDS = 1.0
MAX_SECONDS = 7.0
GAP_SECONDS = 0.08
LINES_PER_SECOND = 0.42
"""How fast one reads: 17 to 18 Latin letters or 8 to 9 Chinese characters a second."""

_CUE_COST = 4.0
_SECOND_LINE_COST = 1.0
_IMBALANCE_COST = 3.0
_CUE_END_FACTOR = 3.0
_STUMP_WIDTH = 0.25
_STUMP_COST = 4.0
_OVERLONG_COST = 3.0
_TOO_WIDE_COST = 1000.0


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: its lines, and when it is shown, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues_of(segments: Sequence[Segment]) -> list[Cue]:
    """Subtitles of a file, in order and without overlap."""
    return _readable([cue for segment in segments for cue in _cues_of_one(segment)])


def _cues_of_one(segment: Segment) -> list[Cue]:
    text = segment.text.strip()
    pieces = pieces_of(text)
    if not pieces:
        return []
    times = character_times(text, segment.start, segment.end, segment.words)
    cues = []
    for lines in _best_cues(pieces, times):
        first, last = pieces[lines[0][0]], pieces[lines[-1][1] - 1]
        cues.append(
            Cue(
                times[first.start][0],
                times[last.end - 1][1],
                tuple(_line(pieces[begin:end]) for begin, end in lines),
            )
        )
    return cues


def character_times(
    text: str, start: float, end: float, words: Sequence[TimedWord]
) -> list[tuple[float, float]]:
    """When each character is said: from the words that are found in the text, in order.

    What lies between two words is spread over the time between them; the times never go back and
    stay between `start` and `end`.
    """
    anchors: list[tuple[int, float]] = [(0, start)]
    position, latest = 0, start
    lowered = text.lower()
    for word in words:
        spoken = word.text.strip().lower()
        found = lowered.find(spoken, position) if spoken else -1
        if found < 0:
            continue
        position = found + len(spoken)
        latest = min(max(latest, word.start), end)
        anchors.append((found, latest))
        latest = min(max(latest, word.end), end)
        anchors.append((position, latest))
    anchors.append((len(text), end if position < len(text) and not words else latest or end))
    return _interpolated(text, anchors)


def _interpolated(text: str, anchors: Sequence[tuple[int, float]]) -> list[tuple[float, float]]:
    times: list[tuple[float, float]] = []
    for (begin, since), (end, until) in pairwise(anchors):
        run = text[begin:end]
        whole = width_of(run)
        passed = 0.0
        for character in run:
            before = since + (until - since) * passed / whole
            passed += width_of(character)
            times.append((before, since + (until - since) * passed / whole))
    return times


Lines = tuple[tuple[int, int], ...]
"""The lines of a cue, each as a range of pieces."""


def _best_cues(pieces: Sequence[Piece], times: Sequence[tuple[float, float]]) -> list[Lines]:
    """The cheapest way to cut the pieces into cues (by dynamic programming over their ends)."""
    ruler = _Ruler(pieces)
    costs = [0.0]
    chosen: list[Lines] = []
    for end in range(1, len(pieces) + 1):
        last = pieces[end - 1]
        ending = 0.0 if end == len(pieces) else _CUE_END_FACTOR * last.cost
        best = math.inf
        lines: Lines = ((end - 1, end),)
        for begin in range(end - 1, -1, -1):
            width = ruler.width(begin, end)
            if begin < end - 1 and width > 2.0:
                break
            shown = times[last.end - 1][1] - times[pieces[begin].start][0]
            cost = costs[begin] + _CUE_COST + ending
            cost += _OVERLONG_COST * max(0.0, shown - MAX_SECONDS)
            if width < _STUMP_WIDTH and end - begin < len(pieces):
                cost += _STUMP_COST
            if cost >= best:
                continue
            lines_cost, candidate = _best_lines(pieces, ruler, begin, end)
            if cost + lines_cost < best:
                best, lines = cost + lines_cost, candidate
        costs.append(best)
        chosen.append(lines)
    cues = []
    end = len(pieces)
    while end > 0:
        cues.append(chosen[end - 1])
        end = chosen[end - 1][0][0]
    return cues[::-1]


def _best_lines(
    pieces: Sequence[Piece], ruler: "_Ruler", begin: int, end: int
) -> tuple[float, Lines]:
    """One line where that is enough, else the best two."""
    width = ruler.width(begin, end)
    best = _excess(width)
    lines: Lines = ((begin, end),)
    for middle in range(begin + 1, end) if width > 1.0 else ():
        cost = _SECOND_LINE_COST + pieces[middle - 1].cost
        if cost >= best:
            continue
        upper, lower = ruler.width(begin, middle), ruler.width(middle, end)
        cost += _IMBALANCE_COST * abs(upper - lower) + _excess(upper) + _excess(lower)
        if cost < best:
            best, lines = cost, ((begin, middle), (middle, end))
    return best, lines


def _excess(width: float) -> float:
    return _TOO_WIDE_COST * max(0.0, width - 1.0 - 1e-9)


class _Ruler:
    """Measures lines without writing them."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._gaps = [width_of(" ") * piece.space for piece in pieces]
        widths = (piece.width + gap for piece, gap in zip(pieces, self._gaps, strict=True))
        self._sums = [0.0, *accumulate(widths)]

    def width(self, begin: int, end: int) -> float:
        """How much of a line these pieces fill, the space after the last one apart."""
        return self._sums[end] - self._sums[begin] - self._gaps[end - 1]


def _line(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text + " " * piece.space for piece in pieces).strip()


def _readable(cues: Sequence[Cue]) -> list[Cue]:
    """Show each cue as long as it takes to read it, where the next one leaves that time."""
    shown: list[Cue] = []
    for index, cue in enumerate(cues):
        start = max(cue.start, shown[-1].end) if shown else cue.start
        wanted = max(MIN_SECONDS, sum(map(width_of, cue.lines)) / LINES_PER_SECOND)
        end = min(max(cue.end, start + wanted), start + MAX_SECONDS)
        if index + 1 < len(cues):
            following = cues[index + 1].start
            end = min(end, max(following - GAP_SECONDS, start + (following - start) / 2))
        shown.append(replace(cue, start=start, end=max(end, start + 0.001)))
    return shown
