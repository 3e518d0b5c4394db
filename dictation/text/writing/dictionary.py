"""The user's words put right where they still come out wrong: as they are spelt, or by sound."""

import re
from dataclasses import dataclass

from dictation.text.hot_words import WordList
from dictation.text.sounds import HAN, sound_code, syllables, tells_by_syllables

_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
_LEAST_CODE = 4
"""Length of the Metaphone code of a word that is told by its sound; shorter ones are common."""

_MOST_HEARD_WORDS = 3
"""Words that a name may be torn into."""


@dataclass(frozen=True)
class Dictionary:
    """A user's words, made ready by `dictionary`.

    `spelt`: what is looked for letter by letter, with what is written for it; `chinese`: phrases by
    their length; `latin`: phrases by their Metaphone code.
    """

    spelt: tuple[tuple[re.Pattern[str], str], ...] = ()
    chinese: tuple[str, ...] = ()
    latin: tuple[str, ...] = ()


def dictionary(words: WordList) -> Dictionary:
    """Make a user's words ready: replacements as they are, and phrases in their own spelling."""
    spelt = [(_pattern(each.heard), each.written) for each in words.replacements]
    phrases = [word.phrase for word in words.words]
    spelt += [(_pattern(phrase), phrase) for phrase in phrases if re.search("[A-Za-z]", phrase)]
    return Dictionary(
        spelt=tuple(spelt),
        chinese=tuple(each for each in phrases if re.fullmatch(f"[{HAN}]{{2,}}", each)),
        latin=tuple(each for each in phrases if re.fullmatch(r"[A-Za-z][A-Za-z '’-]+", each)),
    )


def correct(text: str, known: Dictionary, *, by_sound: bool) -> str:
    """Write the user's words where they, or what is heard for them, stand in a text.

    `by_sound`: also where other characters or words sound the same. A Chinese phrase of two
    characters must have their tones too; an English one a Metaphone code of four letters.
    """
    for pattern, written in known.spelt:
        text = pattern.sub(lambda _, written=written: written, text)  # type: ignore[misc]
    if by_sound:
        for phrase in known.chinese:
            text = _like_sounding_chinese(text, phrase)
        for phrase in known.latin:
            text = _like_sounding_latin(text, phrase)
    return text


def _pattern(heard: str) -> re.Pattern[str]:
    """Whatever capitals and spaces it is heard with; a Latin word only as a whole."""
    parts = re.findall(rf"[{HAN}]|[^\s{HAN}]+", heard)
    pattern = r"\s*".join(map(re.escape, parts))
    before = r"(?<![A-Za-z0-9])" if heard[0].isascii() else ""
    after = r"(?![A-Za-z0-9])" if heard[-1].isascii() else ""
    return re.compile(before + pattern + after, re.IGNORECASE)


def _like_sounding_chinese(text: str, phrase: str) -> str:
    length = len(phrase)
    tones = not tells_by_syllables(phrase)
    wanted = syllables(phrase, tones=tones)
    start = 0
    while run := re.compile(f"[{HAN}]{{{length},}}").search(text, start):
        for at in range(run.start(), run.end() - length + 1):
            heard = text[at : at + length]
            if heard != phrase and syllables(heard, tones=tones) == wanted:
                text = text[:at] + phrase + text[at + length :]
        start = run.end()
    return text


def _like_sounding_latin(text: str, phrase: str) -> str:
    wanted = sound_code(phrase)
    if len(wanted) < _LEAST_CODE:
        return text
    words = list(_LATIN_WORD.finditer(text))
    for first in range(len(words)):
        for last in range(first, min(first + _MOST_HEARD_WORDS, len(words))):
            start, end = words[first].start(), words[last].end()
            heard = text[start:end]
            together = re.fullmatch(r"[A-Za-z'’ -]+", heard) is not None
            if together and heard != phrase and sound_code(heard) == wanted:
                written = text[:start] + phrase + text[end:]
                return _like_sounding_latin(written, phrase)
    return text
