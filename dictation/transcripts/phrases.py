"""A text cut into the smallest pieces a line may end after, each with what ending there costs."""

import re
from dataclasses import dataclass
from functools import cache

import budoux

LATIN_COLUMNS = 42
CHINESE_COLUMNS = 20
"""Characters that fill a line of subtitles (the customs of broadcasters and streaming services)."""

SENTENCE, CLAUSE, PHRASE, CLINGING, INSIDE = 0.0, 1.0, 3.0, 7.0, 12.0
"""What it costs to end a line there, from the end of a sentence to the middle of a Chinese word."""

_CJK = "\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff\U00020000-\U0002ffff"
_TOKEN = re.compile(rf"\s+|[{_CJK}]|[^\s{_CJK}]")
_OPENING = set("（《「『“‘【〈([{$¥#@")
_CHINESE_CLOSING = set("。，、；：？！…）》」』”’】〉％℃·")
_CLOSING = _CHINESE_CLOSING | set(",.;:?!)]}%")
_SENTENCE_END = re.compile(r"[。！？…!?.][”’」』》）)\"']*$")
_CLAUSE_END = re.compile(r"[，；：、,;:—][”’」』》）)\"']*$")
_ABBREVIATION = re.compile(r"^(?:[A-Za-z]\.)+$|^(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e)\.$")

_CLINGS_TO_NEXT = (
    "a an the of to in on at by for from with as and or but nor so if that which who my your his "
    "her its our their this these those is are was were be been am will would can could should "
    "may might must shall has have had do does did not no very i you he she it we they"
)
_OPENS_A_PHRASE = (
    "and or but nor so because although though while when where if unless that which who whose "
    "after before until since as than then of to in on at by for from with without about into "
    "over under between through"
)

_CLINGING_WORDS = frozenset(_CLINGS_TO_NEXT.split())
_OPENING_WORDS = frozenset(_OPENS_A_PHRASE.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters that stay together: `text` is `source[start:end]`, a space may follow.

    `width`: how much of a line it fills. `cost`: of ending a line after it.
    """

    text: str
    start: int
    end: int
    space: bool
    width: float
    cost: float


def width_of(text: str) -> float:
    """How much of a line a text fills: 1.0 is a whole one."""
    return sum(1 / CHINESE_COLUMNS if _is_wide(c) else 1 / LATIN_COLUMNS for c in text)


def pieces_of(text: str) -> list[Piece]:
    """Cut a text; the pieces with their spaces are the text, its outer spaces apart."""
    spans = _spans(text)
    within = _phrase_ends(text)
    pieces = []
    for index, (start, end) in enumerate(spans):
        following = spans[index + 1] if index + 1 < len(spans) else None
        piece = text[start:end]
        pieces.append(
            Piece(
                text=piece,
                start=start,
                end=end,
                space=following is not None and following[0] > end,
                width=width_of(piece),
                cost=0.0 if following is None else _cost(text, (start, end), following, within),
            )
        )
    return pieces


def _spans(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    joined = False
    for token in _TOKEN.finditer(text):
        character = token.group()
        if character.isspace():
            joined = False
            continue
        start, end = token.span()
        beside = bool(spans) and (spans[-1][1] == start or character in _CHINESE_CLOSING)
        if beside and (joined or character in _CLOSING or _is_latin_pair(text, start)):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        joined = character in _OPENING
    return spans


def _is_latin_pair(text: str, index: int) -> bool:
    """Whether the character there belongs to the word of the one before it."""
    before, after = text[index - 1], text[index]
    return not (_is_wide(before) or _is_wide(after))


def _is_wide(character: str) -> bool:
    return character >= "\u2e80" or character in "“”‘’…—"


def _phrase_ends(text: str) -> frozenset[int]:
    """Where phrases end within runs of Chinese (BudouX, a small model of line breaks)."""
    ends: set[int] = set()
    for run in re.finditer(rf"[{_CJK}]+", text):
        position = run.start()
        for phrase in _parser().parse(run.group()):
            position += len(phrase)
            ends.add(position)
    return frozenset(ends)


@cache
def _parser() -> budoux.Parser:
    return budoux.load_default_simplified_chinese_parser()


def _cost(
    text: str, piece: tuple[int, int], following: tuple[int, int], within: frozenset[int]
) -> float:
    word, after = text[slice(*piece)], text[slice(*following)]
    if _SENTENCE_END.search(word) and not _ABBREVIATION.match(word):
        return SENTENCE
    if _CLAUSE_END.search(word):
        return CLAUSE
    if _is_wide(word[-1]) and _is_wide(after[0]):
        return PHRASE if piece[1] in within else INSIDE
    if _is_wide(word[-1]) or _is_wide(after[0]):
        return PHRASE
    if word.lower() in _CLINGING_WORDS or any(map(_is_wide, text)):
        # English within a Chinese sentence is one term: "response code".
        return CLINGING
    return PHRASE - 1 if after.lower() in _OPENING_WORDS else PHRASE
