"""Marks where the model writes none: from pauses, and from their spoken names."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from dictation.events import TimedWord
from dictation.text.writing.spacing import is_chinese

Punctuation = Literal["auto", "spoken", "off"]
"""auto: as the model writes it, else from pauses. spoken: only marks said by name. off: neither."""

PAUSE_SECONDS = 0.5
"""Silence inside an utterance that stands for a comma."""

_LEAST_CLAUSE = 2
"""Words or characters on each side of a comma: a word that is drawn out is no pause."""

_INNER_MARK = re.compile(r"[，。？！；：、…]|[,.?!;:](?=\s|$)")
_LAST_MARK = re.compile(r"[，。？！；：、,.?!;:…]+[”’\"'）)]*\s*$")
_CHINESE_QUESTION = re.compile(
    r"(?:[吗么]|呢|(?:什么|哪里|哪儿|为什么|怎么样|怎么办|多少钱?|几点了?|是不是|好不好|行不行|对不对))$"
)
_ENGLISH_QUESTION = re.compile(
    r"^(?:who|what|when|where|why|how|which|whose|is|are|am|was|were|do|does|did|can|could|would|"
    r"will|shall|should|have|has|may)\b(?!.*\b(?:because)\b)",
    re.IGNORECASE,
)
_NOT_A_QUESTION = re.compile(
    r"^(?:what a|how (?:nice|lovely|wonderful)|when i|have a)\b", re.IGNORECASE
)


def punctuate(text: str, words: Sequence[TimedWord]) -> str:
    """Add commas at pauses and a mark at the end, where a text has none.

    `words`: those of the text in their order, with times in seconds; without them nothing is known
    of pauses, and nothing is added.
    """
    if not words:
        return text
    body = _LAST_MARK.sub("", text).rstrip()
    if not body:
        return text
    last = text[len(body) :].strip()
    if _INNER_MARK.search(body) is None:
        body = _with_commas(body, words)
    if not last:
        last = _end_mark(body)
    return body + last


def strip_marks(text: str) -> str:
    """Take the marks away that the model has written; those within numbers stay."""
    return re.sub(r"\s+", " ", _INNER_MARK.sub(" ", text)).strip()


def _with_commas(text: str, words: Sequence[TimedWord]) -> str:
    position, written, clause = 0, "", 0
    for number, (word, following) in enumerate(pairwise(words), start=1):
        at = text.find(word.text, position)
        if at < 0:
            return text  # the words are not those of this text: no mark is better than a wrong one
        end = at + len(word.text)
        written += text[position:end]
        position = end
        long_enough = min(number - clause, len(words) - number) >= _LEAST_CLAUSE
        if following.start - word.end >= PAUSE_SECONDS and long_enough:
            written += "，" if is_chinese(text) else ","
            clause = number
    return written + text[position:]


def _end_mark(text: str) -> str:
    if is_chinese(text):
        return "？" if _CHINESE_QUESTION.search(text) else "。"
    asks = _ENGLISH_QUESTION.search(text) and not _NOT_A_QUESTION.search(text)
    return "?" if asks else "."
