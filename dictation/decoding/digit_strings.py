"""Digits said one by one: CTC counts them, a decoder loses count."""

import re
from collections.abc import Iterator

from rapidfuzz.distance import Levenshtein

from dictation.text.writing.english_grammar import DIGIT_VALUES, TENS, TIMES

_DIGITS = "零〇幺一二三四五六七八九"
_VALUES = str.maketrans(_DIGITS, "001123456789")
_WORD = f"(?:{'|'.join(word for word in DIGIT_VALUES if word != 'oh')})"
# Next to these a digit is a part of a number of another kind.
_NO_DIGIT = f"(?:{'|'.join(TIMES)}|point|hundred|thousand|million|billion|percent|{TENS})"
_SPOKEN = re.compile(rf"(?<![a-z]){_WORD}(?: (?:{_WORD}|oh))++(?! {_NO_DIGIT}\b)(?![a-z])")
_BEFORE = re.compile(rf"\b{_NO_DIGIT} $")

# 幺, how one is said among digits, sounds like 要.
_D = f"[0-9{_DIGITS}]"
_HEARD = re.compile(
    f"(?<![十百千万亿点])(要?)(?<!{_D})({_D}{{2,}}(?:要{_D}{{2,}})*)(?!{_D}|[十百千万亿点])(要?)"
)
_WRITTEN = re.compile(f"{_D}(?:[ -]*{_D})*")
# Shorter ones the decoder counts, too; what differs in more than every other digit is another.
_LEAST = 4
_FARTHEST = 0.5


def with_digits_heard(written: str, heard: str) -> str:
    """Return a written text with strings of four digits and more as CTC heard them.

    Attention may skip a digit that is said twice, or write one again that follows another like it
    (九九六零三零 as 96030); CTC aligns each with frames of its own. `heard`: CTC's words. A string
    takes the place of the digits that stand where it was heard, unless those are far from it.
    """
    heard = _with_figures(heard)
    pairs = list(_aligned(written, heard))
    changed = written
    for run in reversed(list(_HEARD.finditer(heard))):
        span = _span(written, heard, pairs, run.span(2))
        if span is None:
            continue
        before = written[slice(*span)]
        digits = _value(before)
        readings = _readings(run[1], run[2].replace("要", "幺"), run[3])
        best = min(readings, key=lambda each: _distance(each, digits))
        if len(best) < _LEAST or not 0.0 < _distance(best, digits) <= _FARTHEST:
            continue
        in_figures = re.search("[0-9]", before) is not None
        changed = changed[: span[0]] + (_value(best) if in_figures else best) + changed[span[1] :]
    return changed


def _with_figures(heard: str) -> str:
    """Return words with English digits that are said in a row as figures."""

    def figures(row: re.Match[str]) -> str:
        if _BEFORE.search(heard, 0, row.start()):
            return row.group()
        return "".join(DIGIT_VALUES[word] for word in row.group().split())

    return _SPOKEN.sub(figures, heard)


def _aligned(written: str, heard: str) -> Iterator[tuple[int, int]]:
    """Yield places in the two texts of what stands for the same, or one for the other."""
    places, others = (
        [place for place, each in enumerate(text) if each.isalnum()] for text in (written, heard)
    )
    a, b = (
        [text[place].translate(_VALUES).lower() for place in found]
        for text, found in ((written, places), (heard, others))
    )
    for step in Levenshtein.opcodes(a, b):
        if step.tag in ("equal", "replace"):
            for offset in range(step.src_end - step.src_start):
                yield places[step.src_start + offset], others[step.dest_start + offset]


def _span(
    written: str, heard: str, pairs: list[tuple[int, int]], run: tuple[int, int]
) -> tuple[int, int] | None:
    """Return where the one string of digits is that stands for `run` and for nothing else."""
    characters = list(written)
    aligned = [(here, there) for here, there in pairs if run[0] <= there < run[1]]
    if not aligned:
        return None
    for here, there in aligned:
        if characters[here] == "要" != heard[there]:
            characters[here] = "幺"
    for match in _WRITTEN.finditer("".join(characters)):
        start, end = match.span()
        if start <= aligned[0][0] and aligned[-1][0] < end:
            others = {there for here, there in pairs if start <= here < end} - set(range(*run))
            return (start, end) if all(heard[there] == "要" for there in others) else None
    return None


def _readings(before: str, digits: str, after: str) -> list[str]:
    """Return what a string may be: 要 beside it is a word, or a digit."""
    return [
        first + digits + last
        for first in ("", "幺")[: 1 + len(before)]
        for last in ("", "幺")[: 1 + len(after)]
    ]


def _value(digits: str) -> str:
    return re.sub("[^0-9]", "", digits.translate(_VALUES))


def _distance(digits: str, value: str) -> float:
    return Levenshtein.normalized_distance(_value(digits), value)
