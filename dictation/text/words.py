"""The words of a written text, and when each was said where the text was written anew."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import regex
from rapidfuzz.distance import Levenshtein

from dictation.events import TimedWord

# A Chinese character with the marks after it, or anything else between spaces.
_WORD = regex.compile(r"\p{Han}(?:(?![\p{Han}\w])\S)*|(?:(?!\p{Han})\S)+")
_LETTER = regex.compile(r"[\p{L}\p{N}]")


def words_in(text: str) -> list[str]:
    """Return the words of a text, in Chinese its characters, with the marks that follow each."""
    return [word for word in _WORD.findall(text) if _LETTER.search(word)]


def timed_anew(text: str, timed: Sequence[TimedWord]) -> tuple[TimedWord, ...]:
    """Return the words of `text`, which was made of `timed` words, with times and confidences.

    A word that stands as it was said keeps both. Words in place of others (404 for 四零四) share
    the time of those, and are as sure as the least sure of them.
    """
    words = words_in(text)
    if not timed:
        return ()
    found: list[TimedWord] = []
    opcodes = Levenshtein.opcodes(
        [_letters(each.text) for each in timed], list(map(_letters, words))
    )
    for _, group in groupby(opcodes, lambda code: code.tag == "equal"):
        codes = list(group)
        first, last = codes[0], codes[-1]
        since = timed[first.src_start - 1].end if first.src_start else timed[0].start
        found += _in_place_of(
            timed[first.src_start : last.src_end], words[first.dest_start : last.dest_end], since
        )
    return tuple(found)


def _in_place_of(
    said: Sequence[TimedWord], words: Sequence[str], since: float
) -> Iterator[TimedWord]:
    """Times for `words`, which were made of `said`, or of nothing at the time `since`."""
    if len(said) == len(words):
        for each, word in zip(said, words, strict=True):
            yield replace(each, text=word)
        return
    start, end = (said[0].start, said[-1].end) if said else (since, since)
    confidence = min((each.confidence for each in said), default=1.0)
    each_takes = (end - start) / max(1, len(words))
    for number, word in enumerate(words):
        begins = start + number * each_takes
        yield TimedWord(word, begins, begins + each_takes, confidence)


def _letters(word: str) -> str:
    return "".join(_LETTER.findall(word)).lower()
