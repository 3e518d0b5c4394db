"""From the user's words to what a search and a decoder are guided by."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dictation.decoding.context import ContextGraph, Phrase
from dictation.text.hot_words import HotWord
from dictation.text.normalize import spoken_form
from dictation.text.sounds import HAN, like_sounding, syllables, tells_by_syllables
from dictation.text.tokenizer import Tokenizer

UNKNOWN = 1
"""CTC's token for what it cannot spell."""


@dataclass(frozen=True)
class HotPhrase:
    """A phrase as it is written, the CTC tokens it is spelled with, and what each of them adds.

    `sounds`: for each token those that sound the same, of which CTC takes one for another.
    """

    written: str
    tokens: tuple[int, ...]
    boost: float
    sounds: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class HotWords:
    """The graph for CTC's search, the phrases to look for in a decoder's text, and those that can
    be in neither."""

    graph: ContextGraph | None = None
    phrases: tuple[HotPhrase, ...] = ()
    unspellable: tuple[str, ...] = ()


def hot_words_of(words: Iterable[HotWord], tokenizer: Tokenizer, *, decoder: bool) -> HotWords:
    """Prepare phrases for a vocabulary; with a `decoder` that spells everything, half of a phrase's
    tokens are enough to be found by, or others of their sound."""
    phrases: list[HotPhrase] = []
    unspellable: list[str] = []
    for word in words:
        tokens = tuple(tokenizer.spell(spoken_form(word.phrase, part=True)))
        alone = tuple((token,) for token in tokens)
        sounds = _alike(word.phrase, alone, tokenizer) if decoder else alone
        strange = sounds.count((UNKNOWN,))
        if tokens and (not strange or (decoder and 2 * strange <= len(tokens))):
            phrases.append(HotPhrase(word.phrase, tokens, word.boost, sounds))
        else:
            unspellable.append(word.phrase)
    spellable = [Phrase(each.tokens, each.boost) for each in phrases if UNKNOWN not in each.tokens]
    graph = ContextGraph(spellable) if spellable else None
    return HotWords(graph, tuple(phrases), tuple(unspellable))


def _alike(
    phrase: str, alone: tuple[tuple[int, ...], ...], tokenizer: Tokenizer
) -> tuple[tuple[int, ...], ...]:
    """Return for each token, which stands `alone`, those that sound the same: of Chinese, a token a
    character, others of its syllable, in phrases of two of the same tone."""
    if not re.fullmatch(f"[{HAN}]{{2,}}", phrase) or len(phrase) != len(alone):
        return alone
    tones = not tells_by_syllables(phrase)
    known = like_sounding(tokenizer.units, tones=tones)
    return tuple(
        known.get(sound, itself)
        for sound, itself in zip(syllables(phrase, tones=tones), alone, strict=True)
    )
