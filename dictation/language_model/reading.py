"""Scoring a text while it is written, one character after another."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from dictation.language_model.ngrams import History, NgramModel
from dictation.text.normalize import is_cjk

Script = Literal["zh", "en"]
"""Whose words a model has: Chinese ones or those in Latin letters."""
Ends = Mapping[History, float]
"""The likeliest ways to cut a text so that a word ends here: what came last, and the score."""

# A character or a word that a model does not have is rarer than those it has.
_UNKNOWN_CHARACTER = -15.0
_UNKNOWN_WORD = -12.0
# Ways to have cut a text into words that are followed at every character.
_WAYS = 6
_BEGIN: Ends = MappingProxyType({History(): 0.0})


@dataclass(frozen=True, slots=True)
class Reading:
    """A text so far, as the likeliest row of words.

    `closed`: the log-probability of all but what is still open; `characters`, `words`: how many
    Chinese characters and Latin words were scored. Open are Chinese characters that stand together,
    `run` the last of them and `ends` the ways to end at each of those, or the `letters` of a word
    in Latin ones; `before` it stand other such words.
    """

    closed: float = 0.0
    characters: int = 0
    words: int = 0
    run: str = ""
    ends: tuple[Ends, ...] = (_BEGIN,)
    letters: str = ""
    before: History = History()  # noqa: RUF009

    @property
    def score(self) -> float:
        """The log-probability of the text, but for a word in Latin letters that may go on."""
        return self.closed + max(self.ends[-1].values())


NOTHING_READ = Reading()


class Reader:
    """Reads texts with a model for each script; what is in neither counts for nothing.

    Chinese has no spaces: its characters are read as the likeliest row of the model's words. Words
    in capitals and single letters are acronyms, of which models know little: they are passed over.
    """

    def __init__(self, models: Mapping[Script, NgramModel]) -> None:
        self._chinese = models.get("zh")
        self._latin = models.get("en")

    def read(self, reading: Reading, text: str) -> Reading:
        """Return the reading with more text."""
        for character in text:
            if is_cjk(character):
                reading = self._with_chinese(self.finished(reading), character)
            elif character.isascii() and (
                character.isalpha() or (character == "'" and reading.letters)
            ):
                if reading.run:
                    reading = _parted(reading)
                reading = replace(reading, letters=reading.letters + character)
            elif reading.letters:
                reading = self.finished(reading)
            elif reading.run:
                reading = _parted(reading)
        return reading

    def finished(self, reading: Reading) -> Reading:
        """Return the reading when a word in Latin letters does not go on."""
        letters = reading.letters
        if not letters:
            return reading
        if self._latin is None or _is_acronym(letters):
            return replace(reading, letters="", before=History())
        word = self._latin.word(letters.lower())
        log_prob, before = _UNKNOWN_WORD, History()
        if word is not None:
            log_prob, before = self._latin.score(reading.before, word)
        return replace(
            reading,
            closed=reading.closed + log_prob,
            words=reading.words + 1,
            letters="",
            before=before,
        )

    def _with_chinese(self, reading: Reading, character: str) -> Reading:
        if self._chinese is None:
            return replace(reading, before=History())
        longest, score = self._chinese.longest, self._chinese.score
        run = (reading.run + character)[-longest:]
        found: dict[History, float] = {}
        for length in range(1, min(len(run), len(reading.ends)) + 1):
            word = self._chinese.word(run[-length:])
            so_far = reading.ends[-length]
            if word is None:
                if length == 1:
                    found[History()] = max(so_far.values()) + _UNKNOWN_CHARACTER
                continue
            for history, total in so_far.items():
                log_prob, after = score(history, word)
                if total + log_prob > found.get(after, -1e30):
                    found[after] = total + log_prob
        if len(found) > _WAYS:
            found = dict(sorted(found.items(), key=lambda way: -way[1])[:_WAYS])
        ends = (*reading.ends, found)[-longest:]
        return Reading(reading.closed, reading.characters + 1, reading.words, run, ends)


def _parted(reading: Reading) -> Reading:
    """Return the reading with its Chinese characters closed."""
    return Reading(reading.score, reading.characters, reading.words)


def _is_acronym(letters: str) -> bool:
    if len(letters) == 1:
        return letters not in "aAI"
    return letters[1:] != letters[1:].lower()
