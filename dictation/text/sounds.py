"""How words sound: Chinese in Pinyin, Latin letters by Metaphone (Philips 1990)."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from pypinyin import Style

HAN = "\u3400-\u4dbf\u4e00-\u9fff"

_WITHOUT_TONES = 3


def tells_by_syllables(phrase: str) -> bool:
    """Whether a phrase is Chinese and long enough to be known by its syllables, without tones; of
    two syllables there are other words of the same sound, nearly always."""
    return re.fullmatch(f"[{HAN}]{{{_WITHOUT_TONES},}}", phrase) is not None


@lru_cache(maxsize=4096)
def syllables(phrase: str, *, tones: bool) -> tuple[str, ...]:
    """Return the syllables of a Chinese phrase, as they are said in it; a character of which nobody
    knows how it is said stands for itself."""
    from pypinyin import lazy_pinyin

    style = _style(tones=tones)
    said = lazy_pinyin(phrase, style=style)
    if len(said) < len(phrase):  # several such characters in a row come as one
        said = [sound for character in phrase for sound in lazy_pinyin(character, style=style)]
    return tuple(said)


@lru_cache(maxsize=2)
def like_sounding(units: Sequence[str], *, tones: bool) -> dict[str, tuple[int, ...]]:
    """Return which of `units` each syllable may be: their numbers, one with several sounds for each
    of them."""
    from pypinyin import pinyin

    found: dict[str, list[int]] = {}
    for number, unit in enumerate(units):
        if re.fullmatch(f"[{HAN}]", unit):
            (sounds,) = pinyin(unit, style=_style(tones=tones), heteronym=True)
            for sound in sounds:
                found.setdefault(sound, []).append(number)
    return {sound: tuple(numbers) for sound, numbers in found.items()}


@lru_cache(maxsize=4096)
def sound_code(text: str) -> str:
    """Return the Metaphone code of a text in Latin letters; Chinese counts as its Pinyin."""
    import jellyfish

    if re.search(f"[{HAN}]", text):
        text = "".join(syllables(text, tones=False))
    code: str = jellyfish.metaphone(re.sub(r"[^A-Za-z]", "", text))
    return code


def likeness(one: str, other: str) -> float:
    """Return how alike two texts sound, 0 to 1: the share of their codes that is the same."""
    similarity: float = Levenshtein.normalized_similarity(sound_code(one), sound_code(other))
    return similarity


def _style(*, tones: bool) -> "Style":
    from pypinyin import Style

    return Style.TONE3 if tones else Style.NORMAL
