"""How a text goes on where the last one ended."""

import re
from dataclasses import dataclass

from dictation.text.writing.capitals import ends_with_abbreviation
from dictation.text.writing.spacing import space_scripts

_OPENS_SENTENCE = re.compile(r"[.?!。？！…\n][\"'”’）)]*\s*$")
_STARTS_WITH_MARK = re.compile(r"^[\s，。？！；：、,.?!;:…）)”’%℃\n]")
_FUNCTION_WORDS = (
    "a an and as at because but by for from if in is it its of on or so than that the then there "
    "these they this those to was we were when where which while who with you he she not also "
    "are can could will would my your our their his her"
)
_LOWERED = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class LastText:
    """What was delivered last: the text with any space after it, into which window, when (s)."""

    text: str
    window: object
    at: float


def text_before(last: LastText | None, window: object, now: float, patience: float) -> str | None:
    """What stands before the caret; None where nobody knows.

    It is the last text, if that went into the same window no more than `patience` seconds ago.
    """
    if last is None or last.window != window or now - last.at > patience:
        return None
    return last.text


def starts_sentence(before: str | None) -> bool:
    """Whether a text that follows `before` begins a sentence."""
    if not before:
        return True
    return _OPENS_SENTENCE.search(before) is not None and not ends_with_abbreviation(before)


def join(before: str | None, text: str, *, spacing: bool) -> str:
    """Return the text with the space it needs after `before`, and its first word to match."""
    if not before or not text:
        return text
    if not starts_sentence(before):
        text = _lowered(text)
    if before[-1].isspace() or _STARTS_WITH_MARK.match(text):
        return text
    return f" {text}" if _needs_space(before[-1], text, spacing=spacing) else text


def _needs_space(last: str, text: str, *, spacing: bool) -> bool:
    first = text[0]
    if last in "([{\"'“‘（《「/-$€@#":
        return False
    if last.isascii() and first.isascii():
        return True
    if last.isascii() != first.isascii() and spacing:
        apart = space_scripts(f"{last}{text}")[1:2] == " "
        return apart or (last in ".,?!;:" and not first.isascii())
    return False


def _lowered(text: str) -> str:
    word = re.match(r"[A-Z][a-z]*(?=\s|$|[,.?!])", text)
    if word is None or word.group().lower() not in _LOWERED:
        return text
    return text[0].lower() + text[1:]
