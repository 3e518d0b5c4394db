"""Shallow fusion (Gulcehre et al. 2015): what people write weighs in while a text is searched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dictation.decoding.context import ContextGraph, Floats, Ints
from dictation.language_model.ngrams import NgramModel
from dictation.language_model.reading import NOTHING_READ, Reader, Reading, Script

Ngrams = Mapping[Script, NgramModel]


@dataclass(frozen=True)
class FusionWeights:
    """How much a language model's log-probability counts, and what a Chinese character and a word
    in Latin letters are given before that (natural logarithm): without it, the shorter text would
    always be the likelier."""

    weight: float
    character: float
    word: float = 0.0

    def score(self, reading: Reading) -> float:
        """Return what a text adds to its score."""
        given = self.character * reading.characters + self.word * reading.words
        return self.weight * (reading.score + given)


CTC_WEIGHTS = FusionWeights(0.3, 6.0, 6.0)
SEARCH_WEIGHTS = FusionWeights(0.15, 5.0)
CHOICE_WEIGHTS = FusionWeights(0.3, 5.0)
"""Found on development sets. A decoder is a language model itself: it needs less of another, and
least while it searches, where the first character of a rare word stands alone."""


class CtcFusion:
    """Guides a search of CTC by a language model and, if there are any, by hot words.

    `texts`: those of CTC's units. Its states are numbers of what was read so far, 0 at the
    beginning; one object for a search.
    """

    wenet_quirks = False

    def __init__(
        self,
        models: Ngrams,
        texts: Sequence[str],
        graph: ContextGraph | None = None,
        weights: FusionWeights = CTC_WEIGHTS,
    ) -> None:
        self._reader = Reader(models)
        self._texts = texts
        self._graph = graph
        self._weights = weights
        self._readings = [NOTHING_READ]
        self._read: dict[tuple[int, int], int] = {}
        self._states = [(0, 0)]
        self._numbers = {(0, 0): 0}

    def step(self, states: Ints, tokens: Ints) -> tuple[Ints, Floats]:
        """Return the states that `states` (N,) come to by `tokens` (N,), and the scores added."""
        before = [self._states[state] for state in states.tolist()]
        in_graph = np.array([graph for graph, _ in before], np.int64)
        gained = np.zeros(len(before))
        if self._graph is not None:
            in_graph, gained = self._graph.step(in_graph, tokens)
        reached = []
        pairs = zip(before, in_graph.tolist(), tokens.tolist(), strict=True)
        for index, ((_, reading), graph, token) in enumerate(pairs):
            read = self._after(reading, token)
            gained[index] += self._score(read) - self._score(reading)
            reached.append(self._number((graph, read)))
        return np.array(reached, np.int64), gained

    def closing(self, states: Ints) -> Floats:
        """Return what is added at the end: hot words that were not completed give back theirs, and
        a last word in Latin letters is scored."""
        ended = [self._states[state] for state in states.tolist()]
        closing = np.array([self._closing(reading) for _, reading in ended])
        if self._graph is None:
            return closing
        return closing + self._graph.closing(np.array([graph for graph, _ in ended], np.int64))

    def _closing(self, reading: int) -> float:
        finished = self._reader.finished(self._readings[reading])
        return self._weights.score(finished) - self._score(reading)

    def _score(self, reading: int) -> float:
        return self._weights.score(self._readings[reading])

    def _after(self, reading: int, token: int) -> int:
        known = self._read.get((reading, token))
        if known is None:
            known = len(self._readings)
            before = self._readings[reading]
            self._readings.append(self._reader.read(before, self._texts[token] or " "))
            self._read[reading, token] = known
        return known

    def _number(self, state: tuple[int, int]) -> int:
        number = self._numbers.setdefault(state, len(self._states))
        if number == len(self._states):
            self._states.append(state)
        return number


@dataclass(frozen=True)
class Written:
    """How much of a decoder's text was read, and what came of it."""

    length: int = 0
    reading: Reading = NOTHING_READ


NOTHING_WRITTEN = Written()


class WritingFusion:
    """Guides a decoder's search by a model of Chinese; `text_of`: the text of its tokens so far.

    Of English a decoder knows more itself: its texts only got worse (4.4 % of errors to 16).
    """

    def __init__(
        self,
        chinese: NgramModel,
        text_of: Callable[[Sequence[int]], str],
        search: FusionWeights = SEARCH_WEIGHTS,
        choice: FusionWeights = CHOICE_WEIGHTS,
    ) -> None:
        self._reader = Reader({"zh": chinese})
        self._text_of = text_of
        self._search = search
        self._choice = choice

    def read(self, written: Written, tokens: Sequence[int]) -> Written:
        """Return what was read when the text goes on to be that of `tokens`."""
        # A character may be only half there.
        text = self._text_of(tokens).rstrip("\ufffd")
        return Written(len(text), self._reader.read(written.reading, text[written.length :]))

    def score(self, written: Written) -> float:
        """Return what the text adds to its score while the search goes on."""
        return self._search.score(written.reading)

    def choice(self, written: Written) -> float:
        """Return what it adds when one of several that are whole is chosen."""
        return self._choice.score(written.reading)
