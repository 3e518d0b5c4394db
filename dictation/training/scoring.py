"""What recognised texts get wrong: edits counted apart, and languages told from each other."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import jiwer

from dictation.training.evaluation import scored_words
from dictation.training.spoken_numbers import (
    EN_DIGITS,
    ZH_DIGITS,
    en_cardinal,
    en_ordinal,
    en_year,
    zh_cardinal,
)

_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(%|st\b|nd\b|rd\b|th\b)?")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SPACES = re.compile(r"\s+")
_LARGEST_READ = 10**8


@dataclass(frozen=True)
class Edits:
    """Edits from reference to hypothesis; units are Chinese characters and words of other scripts.

    `reference`: units in the references.
    """

    reference: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """All edits together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits over units of the reference; None where nothing was said."""
        return self.errors / self.reference if self.reference else None

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(
            self.reference + other.reference,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def edits(reference: str, hypothesis: str) -> Edits:
    """Count the edits between two texts; capitals and punctuation do not count."""
    compared = jiwer.process_words(
        scored_words(_GROUPED.sub("", reference)), scored_words(_GROUPED.sub("", hypothesis))
    )
    return Edits(
        reference=compared.hits + compared.substitutions + compared.deletions,
        substitutions=compared.substitutions,
        deletions=compared.deletions,
        insertions=compared.insertions,
    )


def character_edits(reference: str, hypothesis: str) -> Edits:
    """Count the edits between two written texts, character by character but for spaces.

    Unlike `edits` this counts capitals, marks and digits: all that a reader would have to correct.
    """
    compared = jiwer.process_characters(_SPACES.sub("", reference), _SPACES.sub("", hypothesis))
    return Edits(
        reference=compared.hits + compared.substitutions + compared.deletions,
        substitutions=compared.substitutions,
        deletions=compared.deletions,
        insertions=compared.insertions,
    )


def added(counts: Iterable[Edits]) -> Edits:
    """Sum edits over utterances, so that long ones weigh more than short ones."""
    return sum(counts, Edits())


def read_out(text: str, reference: str) -> str:
    """Spell the numbers of a text in the way of speaking that fits the reference best.

    For references that say in words what may as well be written in digits: 404 is 四零四 or "four
    hundred and four", and neither is an error. Where no way of speaking fits, the digits stay.
    """
    text = _GROUPED.sub("", text)
    start = 0
    while number := _NUMBER.search(text, start):
        before, after = text[: number.start()], text[number.end() :]
        candidates = [number.group(), *_readings(number)]
        best = min(candidates, key=lambda said: edits(reference, f"{before} {said} {after}").errors)
        text = f"{before} {best} {after}"
        start = len(before) + len(best) + 1
    return text


def text_edits(text: str, said: str, written: str) -> Edits:
    """Count the edits to a text from what was said or from how a typist would write that, whichever
    is nearer: a number in digits is as right as one in words."""
    counts = (edits(each, read_out(text, each)) for each in dict.fromkeys((said, written)))
    return min(counts, key=lambda count: count.errors)


def _readings(number: re.Match[str]) -> Iterator[str]:
    whole, fraction, suffix = number.groups()
    value = int(whole)
    chinese, english = [], []
    if value < _LARGEST_READ:
        chinese.append(zh_cardinal(value))
        cardinal = en_cardinal(value)
        english += [cardinal, cardinal.replace(" and ", " ")]
    if fraction is not None:
        chinese = [f"{said}点{_zh_digits(fraction)}" for said in chinese]
        english = [f"{said} point {_en_digits(fraction)}" for said in english]
    elif suffix == "%":
        pass
    elif suffix is not None:
        chinese, english = [], [en_ordinal(value)] if 0 < value <= 31 else []
    else:
        digits = _zh_digits(whole)
        chinese += [digits, digits.replace("一", "幺")] + (["两"] if value == 2 else [])
        english += [_en_digits(whole), _en_digits(whole).replace("zero", "oh")]
        english += [en_year(value)] if 1000 <= value < 10_000 else []
    if suffix == "%":
        chinese = [f"百分之{said}" for said in chinese]
        english = [f"{said} percent" for said in english]
    yield from chinese
    yield from english


def _zh_digits(digits: str) -> str:
    return "".join(ZH_DIGITS[int(digit)] for digit in digits)


def _en_digits(digits: str) -> str:
    return " ".join(EN_DIGITS[int(digit)] for digit in digits)


@dataclass(frozen=True)
class Confusion:
    """How often each spoken language was taken for which: counts by (spoken, recognised)."""

    counts: dict[tuple[str, str], int]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Confusion":
        """Count pairs of the language spoken and the language recognised."""
        return cls(dict(Counter(pairs)))

    @property
    def total(self) -> int:
        """How many utterances were counted."""
        return sum(self.counts.values())

    @property
    def accuracy(self) -> float | None:
        """The share taken for what they are; None of nothing."""
        right = sum(count for (spoken, found), count in self.counts.items() if spoken == found)
        return right / self.total if self.total else None

    def row(self, spoken: str) -> dict[str, int]:
        """What the utterances of one language were taken for."""
        return {found: self.counts.get((spoken, found), 0) for found in ("zh", "en", "mix")}
