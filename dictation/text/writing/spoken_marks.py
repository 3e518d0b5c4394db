"""Marks that are said by name inside a sentence, told from the nouns that these names are too."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dictation.events import TimedWord
from dictation.text.writing.commands import MARKS

PHRASE_SECONDS = 0.1
"""Time between two words that ends a phrase; they reach into the silence that is heard."""

_SENTENCE_MARKS = "，。？！、：；,.?!:;"

# "a period", 一个句号: no sentence ends before its noun, however long one thinks about it.
_NEEDS_A_NOUN = re.compile(
    r"(?:\b(?:an?|the|this|that|these|those|each|every|no|another|which|my|your|his|her|its|our|"
    r"their|of|with|by)|[个种这那第])\s*$",
    re.IGNORECASE,
)
# "a trial period", 这里用句号: said in one breath.
_GOES_ON_TO_A_NOUN = re.compile(
    r"(?:\b(?:time|trial|grace|notice|waiting|cooling|rest|transition|reporting|study|test|long|"
    r"short|same|first|second|third|last|next|busy|quiet|oxford|serial|use|add|insert|put|type|"
    r"missing|called)|(?<!不)用|[加打写叫缺漏把]|(?<![你我他们])[和与或])\s*$",
    re.IGNORECASE,
)
# 句号的用法, "a period of time".
_IS_SAID_OF_A_NOUN = re.compile(
    r"\s*(?:(?:of(?!\s+course)|is|was|means?|has|had|between|lasts?|lasted)\b|"
    r"的|和|与|之|表示|是(?!的|不是)|[怎有前后]|[应该]当?放)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark's name stands: what is `before` and `after` it, and where it is quiet."""

    before: str
    after: str
    pause_before: bool = False
    pause_after: bool = False


def is_meant_as_mark(place: Place) -> bool:
    """Whether a name stands for its mark: at the edge of a phrase only, and not as a noun there."""
    said_of = _IS_SAID_OF_A_NOUN.match(place.after) is not None
    ends = place.pause_after or not place.after.strip()
    if not place.before.strip():
        return ends and not said_of
    if not (ends or place.pause_before) or _NEEDS_A_NOUN.search(place.before):
        return False
    if not place.pause_before and _GOES_ON_TO_A_NOUN.search(place.before):
        return False
    return ends or not said_of


def write_spoken_marks(text: str, words: Sequence[TimedWord]) -> str:
    """Put marks in place of their names.

    `words`: those of the text in their order, with times in seconds; without them the end of the
    text is the only edge of a phrase that is known.
    """
    pauses = _pauses(text, words)
    rest = ""
    end = len(text)
    for name in reversed(list(_NAMES.finditer(text))):
        place = Place(
            text[: name.start()],
            text[name.end() : end],
            _is_at(pauses, name.start()),
            _is_at(pauses, name.end()),
        )
        if not is_meant_as_mark(place):
            continue
        mark = _MARK_OF[_key(name.group())]
        following = text[name.end() : end].strip() + rest
        gap = " " if mark.isascii() and following[:1] not in ("", *_SENTENCE_MARKS) else ""
        rest = mark + gap + following
        end = name.start()
    return text[:end].rstrip() + rest if rest else text


def _pauses(text: str, words: Sequence[TimedWord]) -> list[tuple[int, int]]:
    """Where it is quiet, as the ranges of the text between two words."""
    ends, found = [], []
    position = 0
    for word in words:
        at = text.find(word.text, position)
        if at < 0:
            return []  # the words are not those of this text
        position = at + len(word.text)
        ends.append((at, position))
    for (one, (_, end)), (other, (start, _)) in pairwise(zip(words, ends, strict=True)):
        if other.start - one.end >= PHRASE_SECONDS:
            found.append((end, start))
    return found


def _is_at(pauses: Sequence[tuple[int, int]], position: int) -> bool:
    return any(start <= position <= end for start, end in pauses)


def _key(name: str) -> str:
    return " ".join(name.lower().split())


_MARK_OF = {
    name: mark
    for mark, names in MARKS.items()
    if mark in _SENTENCE_MARKS
    for name in names.split("|")
}
_NAMES = re.compile(
    "|".join(
        "(?<![A-Za-z])" + name.replace(" ", r"\s+") + "(?![A-Za-z])" if name.isascii() else name
        for name in sorted(_MARK_OF, key=len, reverse=True)
    ),
    re.IGNORECASE,
)
