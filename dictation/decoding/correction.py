"""Hot words in a text the decoder wrote: put where CTC can have heard them, if both agree."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import regex
from torch import Tensor

from dictation.decoding.hot_words import HotPhrase
from dictation.decoding.spotting import Spot, spot
from dictation.events import TimedWord
from dictation.text.sounds import likeness, sound_code, tells_by_syllables
from dictation.text.writing.spacing import space_scripts

# A phrase is taken when its boost makes up for what the decoder and CTC lose by it, a token each:
# the two in these shares. Measured on synthetic names and on real speech that has none of them,
# where they part right from wrong best. A decoder has hardly met the characters of a rare name:
# where the sound tells it, CTC is to be believed.
_SHARES = (0.55, 0.4)
_SHARES_BY_SOUND = (0.3, 0.7)
# A name in Latin letters must sound like the words whose place it takes, by so much.
_LIKENESS = 0.5
# Words that the decoder is so sure of, each of them, were said.
_SURE = 0.7
# Spots that are worth the decoder's time: the likeliest few.
_SPOTS = 4
# CTC's peaks are narrower than the words they stand for.
_LEEWAY = 0.12
_MARKS = regex.compile(r"[^\p{L}\p{N}]*$")


@dataclass(frozen=True)
class _Change:
    """A phrase in place of the words [first, last) of a text."""

    phrase: HotPhrase
    spot: Spot
    first: int
    last: int


def corrected(
    text: str,
    words: Sequence[TimedWord],
    phrases: Sequence[HotPhrase],
    log_probs: Tensor,
    frame_seconds: float,
    score: Callable[[Sequence[str]], list[float]],
) -> str:
    """Return a text with the hot words that it should have had.

    `words`: the text's, with times; `log_probs` (T, V) CTC's; `score` gives the decoder's
    log-probability of each of some texts. Where a phrase can have been said the words of that time
    give way to it, provided that phrase.boost outweighs the loss of score.
    """
    least = -max((each.boost for each in phrases), default=0.0) / _SHARES[1]
    spots = spot(log_probs, [each.sounds for each in phrases], least)[:_SPOTS]
    changes = [
        change
        for each in spots
        for change in _changes(phrases[each.phrase], each, words, frame_seconds)
    ]
    if not changes:
        return text
    before, *after = score([text, *(_changed(text, words, [change]) for change in changes)])
    gains = [_gain(change, new - before) for change, new in zip(changes, after, strict=True)]
    taken: list[_Change] = []
    for gain, change in sorted(zip(gains, changes, strict=True), key=lambda pair: -pair[0]):
        # A phrase that is there already wins its place as any other does.
        if gain > 0 and all(
            change.last <= other.first or other.last <= change.first for other in taken
        ):
            taken.append(change)
    return _changed(text, words, taken)


def _gain(change: _Change, decoder: float) -> float:
    told_by_sound = tells_by_syllables(change.phrase.written)
    of_decoder, of_ctc = _SHARES_BY_SOUND if told_by_sound else _SHARES
    loss = of_decoder * decoder + of_ctc * change.spot.score
    return loss / len(change.phrase.tokens) + change.phrase.boost


def _changes(
    phrase: HotPhrase, where: Spot, words: Sequence[TimedWord], frame_seconds: float
) -> list[_Change]:
    """Return the ways to put a phrase into its place: over the words of that time, one less at
    their beginning, or one more or less at their end."""
    start = where.start * frame_seconds - _LEEWAY
    end = where.end * frame_seconds + _LEEWAY
    inside = [
        at
        for at, word in enumerate(words)
        if min(word.end, end) - max(word.start, start) > (word.end - word.start) / 2
    ]
    if not inside:
        return []
    first, last = inside[0], inside[-1] + 1
    places = ((first, last), (first, last + 1), (first, last - 1), (first + 1, last))
    return [
        _Change(phrase, where, begin, stop)
        for begin, stop in places
        if begin < stop <= len(words) and _may_be(phrase, words[begin:stop])
    ]


def _may_be(phrase: HotPhrase, words: Sequence[TimedWord]) -> bool:
    """Whether a phrase can be what was written as these words. A name in Latin letters sounds like
    them, but in capitals it may have been spelled out."""
    heard = "".join(word.text for word in words)
    if _MARKS.sub("", heard) == phrase.written:
        return True
    if min(word.confidence for word in words) >= _SURE:
        return False
    named = re.search("[a-z]", phrase.written) and sound_code(phrase.written)
    return not named or likeness(heard, phrase.written) >= _LIKENESS


def _changed(text: str, words: Sequence[TimedWord], changes: Sequence[_Change]) -> str:
    """Return a text with phrases in place of some of its words; marks after them stay."""
    places = []
    at = 0
    for word in words:
        at = text.index(word.text, at)
        places.append((at, at + len(_MARKS.sub("", word.text))))
        at += len(word.text)
    for change in sorted(changes, key=lambda each: -each.first):
        start, end = places[change.first][0], places[change.last - 1][1]
        text = text[:start] + change.phrase.written + text[end:]
    return space_scripts(text)
