"""Spoken commands: a whole utterance, or what follows a lead word; never words of a sentence."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Deed = Literal["undo", "stop", "capitals"]
"""What a spoken command does: take the last text back, stop listening, write in capitals."""


@dataclass(frozen=True, slots=True)
class Insert:
    """A command that writes: a mark, a line break, a snippet.

    `mark`: it follows what is before it without a space.
    """

    text: str
    mark: bool = False


Meaning = Insert | Deed

MARKS = {
    "，": "逗号",
    "。": "句号",
    "？": "问号",
    "！": "感叹号|惊叹号",
    "、": "顿号",
    "：": "冒号",
    "；": "分号",
    "……": "省略号",
    "——": "破折号",
    "《": "左书名号|前书名号",
    "》": "右书名号|后书名号",
    "“": "左引号|前引号",
    "”": "右引号|后引号",
    "（": "左括号|前括号",
    "）": "右括号|后括号",
    ",": "comma",
    ".": "period|full stop",
    "?": "question mark",
    "!": "exclamation mark|exclamation point",
    ":": "colon",
    ";": "semicolon",
    "...": "ellipsis",
    "-": "hyphen",
    "—": "dash|em dash",
    "(": "open parenthesis|open bracket|left parenthesis",
    ")": "close parenthesis|close bracket|right parenthesis",
    '"': "quote|open quote|close quote|quotation mark",
    "\n": "换行|换一行|新行|另起一行|new line|newline|next line",
    "\n\n": "另起一段|新段落|换段|new paragraph|next paragraph",
}
"""What is written for the names of marks and line breaks."""

_DEEDS: dict[Deed, str] = {
    "undo": "删除|删掉|删除这句|删除上一句|撤销|撤消|撤回|scratch that|delete that|undo|undo that",
    "stop": "停止听写|结束听写|停止录音|stop dictation|stop listening|end dictation",
    "capitals": "全部大写|大写|caps|all caps|capital letters",
}
_SPACED_MARKS = "(“《"


@dataclass(frozen=True)
class Phrases:
    """What each spoken phrase means; made by `phrases`."""

    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    lead: str = ""


def phrases(snippets: Mapping[str, str], lead: str = "") -> Phrases:
    """The commands of both languages and the user's snippets, which go before them."""
    meanings: dict[str, Meaning] = {}
    for text, names in MARKS.items():
        for name in names.split("|"):
            meanings[key_of(name)] = Insert(text, mark=text not in _SPACED_MARKS)
    for deed, names in _DEEDS.items():
        meanings |= {key_of(name): deed for name in names.split("|")}
    meanings |= {key_of(phrase): Insert(text) for phrase, text in snippets.items()}
    meanings.pop("", None)  # a phrase of marks alone is none: every mark would be it
    return Phrases(meanings, key_of(lead))


def key_of(spoken: str) -> str:
    """What is compared of a phrase: letters and digits alone, in lower case."""
    folded = unicodedata.normalize("NFKC", spoken).casefold()
    return "".join(character for character in folded if character.isalnum())


def whole_utterance(text: str, known: Phrases) -> Meaning | None:
    """What an utterance means that is a command and nothing else, with the lead word or without."""
    key = key_of(text)
    found = known.meanings.get(key)
    if found is None and known.lead:
        found = known.meanings.get(key.removeprefix(known.lead))
    return found


@dataclass(frozen=True, slots=True)
class Led:
    """A command after a lead word inside a text, which is `before` and `after` it."""

    before: str
    meaning: Meaning
    after: str


def first_led(text: str, known: Phrases) -> Led | None:
    """Find the first command that follows the lead word; the longest phrase that fits is meant."""
    if not known.lead:
        return None
    letters = [(at, key) for at, key in enumerate(map(key_of, text)) if key]
    keys = "".join(key for _, key in letters)
    if len(keys) != len(letters):
        return None  # a character that folds to several: no place to tell
    start = keys.find(known.lead)
    while start >= 0:
        rest = start + len(known.lead)
        longest = max(
            (phrase for phrase in known.meanings if phrase and keys.startswith(phrase, rest)),
            key=len,
            default=None,
        )
        if longest is not None and _is_whole(text, letters[start][0], letters, rest + len(longest)):
            end = letters[rest + len(longest) - 1][0] + 1
            before = text[: letters[start][0]].rstrip(" ,，.。")
            after = re.sub(r"^[\s,，.。?？!！]+", "", text[end:])
            return Led(before, known.meanings[longest], after)
        start = keys.find(known.lead, start + 1)
    return None


def _is_whole(text: str, start: int, letters: list[tuple[int, str]], end: int) -> bool:
    """Whether Latin words are neither cut at the lead word's start nor at the phrase's end."""
    cut_before = start > 0 and _is_latin(text[start - 1]) and _is_latin(text[start])
    last = letters[end - 1][0]
    cut_after = last + 1 < len(text) and _is_latin(text[last]) and _is_latin(text[last + 1])
    return not cut_before and not cut_after


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
