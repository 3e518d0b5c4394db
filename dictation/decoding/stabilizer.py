"""Captions that do not flicker: what was shown twice in the same place stays."""

from dataclasses import dataclass

import regex
from rapidfuzz.distance import Levenshtein

# A Chinese character or a run of anything else between spaces, the space before it included.
_UNIT = regex.compile(r"\s*(?:(?=\p{Han})\X|(?:(?![\p{Han}\s])\X)+)|\s+")
_GRAPHEME = regex.compile(r"\X")
_CHINESE_END = regex.compile(r"\p{Han}\X*$")


@dataclass(frozen=True, slots=True)
class Stabilizer:
    """A caption as it is shown: the beginning that stays and the rest that may still change."""

    stable: str = ""
    unstable: str = ""

    @property
    def text(self) -> str:
        """The whole caption."""
        return self.stable + self.unstable

    def show(self, text: str) -> "Stabilizer":
        """Return the caption that shows `text`, the newest hypothesis of the whole utterance.

        Words (in Chinese characters) that this caption has in the same place become stable. The
        last word of Latin script does not: pieces of it may still come.
        """
        settled = units(self.stable)
        fitted = [*settled, *_after(settled, units(text))]
        count = len(settled)
        for one, other in zip(fitted[count:], units(self.unstable), strict=False):
            if one != other:
                break
            count += 1
        if count == len(fitted) > len(settled) and not _CHINESE_END.search(fitted[-1]):
            count -= 1
        return Stabilizer("".join(fitted[:count]), "".join(fitted[count:]))


def units(text: str) -> list[str]:
    """Return the words (in Chinese characters) of a text, each with the space before it."""
    found: list[str] = _UNIT.findall(text)
    return found


def graphemes(text: str) -> list[str]:
    """Return what a reader counts as letters: extended grapheme clusters (UAX 29)."""
    found: list[str] = _GRAPHEME.findall(text)
    return found


def rewritten(before: str, after: str) -> int:
    """Return how many graphemes of a caption vanish or change when the next one is shown."""
    old, new = graphemes(before), graphemes(after)
    same = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        same += 1
    return len(old) - same


def _after(settled: list[str], newest: list[str]) -> list[str]:
    """Return the units of `newest` that come after those that are settled.

    Where it begins otherwise by now, the cut is where its beginning is closest to them, and of
    equally close ones nearest to the same place.
    """
    count = len(settled)
    if newest[:count] == settled:
        return newest[count:]
    cut = min(
        range(len(newest) + 1),
        key=lambda at: (Levenshtein.distance(settled, newest[:at]), abs(at - count)),
    )
    return newest[cut:]
