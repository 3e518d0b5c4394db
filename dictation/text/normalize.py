"""Transcripts as the recogniser learns them: words without punctuation, acronyms in capitals."""

import re
import unicodedata

from dictation.events import Language

_CJK = r"\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(rf"[{_CJK}]|[A-Za-z0-9@]+(?:['’][A-Za-z]+)*")
_ACRONYM = re.compile(r"([A-Z]{2,}s?|[A-Z]+[0-9]+|[0-9]+[A-Z]+)('s)?")


def is_cjk(character: str) -> bool:
    """Tell whether a character is a Chinese ideograph (the basic block and extension A)."""
    return "\u4e00" <= character <= "\u9fff" or "\u3400" <= character <= "\u4dbf"


def language_of(text: str) -> Language:
    """Return the language of a text by its letters; one without any counts as English."""
    chinese = any(map(is_cjk, text))
    latin = any(letter.isascii() and letter.isalpha() for letter in text)
    if chinese:
        return "mix" if latin else "zh"
    return "en"


def written_language(text: str) -> Language | None:
    """Return the language of a finished text by its letters, None without any.

    A single letter among Chinese characters is no English, and one character among many English
    words a slip.
    """
    words = words_of(text)
    chinese = sum(is_cjk(word[0]) for word in words)
    latin = sum(len(word) > 1 and word[0].isascii() and word[0].isalpha() for word in words)
    if not chinese:
        return "en" if latin else None
    if not latin:
        return "zh"
    return "mix" if 8 * chinese >= latin else "en"


def words_of(text: str) -> list[str]:
    """Return Chinese characters and Latin words, case kept, punctuation gone."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'")
    return _WORD.findall(plain)


def spoken_form(text: str, *, part: bool = False) -> str:
    """Return the words of a transcript, lower-case but for acronyms, one space between Latin words.

    A transcript wholly in capitals (as corpora of read speech often are) has no acronyms to tell
    apart and becomes lower-case; a `part` of one, a word alone, may be an acronym.
    """
    words = words_of(text)
    shouting = not part and not any(word.isascii() and word != word.upper() for word in words)
    several = sum(word.isascii() for word in words) == len(words)
    written = []
    for word in words:
        keep = _ACRONYM.fullmatch(word) is not None and not (shouting and several)
        written.append(word if keep or not word.isascii() else word.lower())
    return join_words(written)


def join_words(words: list[str]) -> str:
    """Join words with a space wherever one of the two neighbours is not Chinese."""
    text = ""
    for word in words:
        if text and not (is_cjk(text[-1]) and is_cjk(word[0])):
            text += " "
        text += word
    return text
