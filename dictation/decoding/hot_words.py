"""From the user's words to the graph a search is guided by."""

from collections.abc import Iterable
from dataclasses import dataclass

from dictation.decoding.context import ContextGraph, Phrase
from dictation.text.hot_words import HotWord
from dictation.text.normalize import spoken_form
from dictation.text.tokenizer import Tokenizer

_UNKNOWN = 1


@dataclass(frozen=True)
class HotWordGraph:
    """The graph of all phrases that the vocabulary can spell, and those it cannot."""

    graph: ContextGraph | None
    unspellable: tuple[str, ...]


def hot_word_graph(words: Iterable[HotWord], tokenizer: Tokenizer) -> HotWordGraph:
    """Return the graph over CTC's tokens; without a phrase to look for there is none."""
    phrases: list[Phrase] = []
    unspellable: list[str] = []
    for word in words:
        tokens = tuple(tokenizer.encode(spoken_form(word.phrase)))
        if tokens and _UNKNOWN not in tokens:
            phrases.append(Phrase(tokens, word.boost))
        else:
            unspellable.append(word.phrase)
    return HotWordGraph(ContextGraph(phrases) if phrases else None, tuple(unspellable))
