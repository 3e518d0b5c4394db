"""Which words follow which: a back-off model whose arrays are mapped from a file, not read."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import safetensors
import torch
from torch import Tensor

from dictation.errors import DictationError

_KINDS = {
    "words": torch.uint8,
    "unigrams": torch.float32,
    "unigram_backoffs": torch.float32,
    "bigram_begins": torch.int32,
    "bigram_words": torch.uint16,
    "bigrams": torch.uint8,
    "bigram_backoffs": torch.uint8,
    "trigram_pairs": torch.int32,
    "trigram_words": torch.uint16,
    "trigrams": torch.uint8,
    "levels": torch.float32,
    "backoff_levels": torch.float32,
}


class LanguageModelError(DictationError):
    """A file of n-grams is missing, damaged or of another kind."""


class History(NamedTuple):
    """The words before: the place of the last two among the bigrams and the last one, -1: none."""

    pair: int = -1
    word: int = -1


class NgramModel:
    """A trigram model of words with back-off (Katz 1987); probabilities are natural logarithms.

    W words, B bigrams and T trigrams: `words`, in UTF-8 with a line break between, in the order of
    their numbers; `unigrams` and `unigram_backoffs` (W,); the bigrams (B,) by their first word,
    those of word w from `bigram_begins[w]` (W + 1,) on, then by the second, `bigram_words`; the
    trigrams (T,) by the bigram they begin with, `trigram_pairs`, then by the last word. The
    probabilities of bigrams and trigrams are numbers of `levels` (256,), the back-off weights of
    bigrams of `backoff_levels` (256,).
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        wrong = [
            name
            for name, kind in _KINDS.items()
            if name not in tensors or tensors[name].dtype != kind or tensors[name].dim() != 1
        ]
        if wrong:
            raise LanguageModelError(f"not a file of n-grams: no {wrong[0]} as it should be")
        self.tensors = {name: tensors[name].contiguous() for name in _KINDS}
        # Bisected from Python, a memoryview gives plain numbers much faster than an array does.
        view = {name: tensor.numpy().data for name, tensor in self.tensors.items()}
        try:
            words = view["words"].tobytes().decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise LanguageModelError(f"not a file of n-grams: {error}") from error
        self._ids = {word: index for index, word in enumerate(words)}
        self.longest = max(map(len, words))
        self._unigrams, self._unigram_backoffs = view["unigrams"], view["unigram_backoffs"]
        self._bigram_begins, self._bigram_words = view["bigram_begins"], view["bigram_words"]
        self._bigrams, self._bigram_backoffs = view["bigrams"], view["bigram_backoffs"]
        self._trigram_pairs, self._trigram_words = view["trigram_pairs"], view["trigram_words"]
        self._trigrams = view["trigrams"]
        self._levels = view["levels"].tolist()
        self._backoff_levels = view["backoff_levels"].tolist()
        self._check(len(words))

    def _check(self, words: int) -> None:
        bigrams, trigrams = len(self._bigrams), len(self._trigrams)
        fits = (
            len(self._ids) == len(self._unigrams) == len(self._unigram_backoffs) == words
            and len(self._bigram_begins) == words + 1
            and self._bigram_begins[0] == 0
            and self._bigram_begins[words] == bigrams
            and bool((self.tensors["bigram_begins"].diff() >= 0).all())
            and len(self._bigram_words) == len(self._bigram_backoffs) == bigrams
            and len(self._trigram_pairs) == len(self._trigram_words) == trigrams
            and len(self._levels) == len(self._backoff_levels) == 256
            and all(map(math.isfinite, (*self._levels, *self._backoff_levels)))
        )
        if not fits:
            raise LanguageModelError("not a file of n-grams: its parts do not fit together")

    @classmethod
    def load(cls, path: Path) -> "NgramModel":
        """Map a file; raises LanguageModelError."""
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                return cls({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        except (safetensors.SafetensorError, OSError, LanguageModelError) as error:
            raise LanguageModelError(f"{path}: damaged ({error}); fetch the model again") from error

    def __len__(self) -> int:
        return len(self._ids)

    def word(self, text: str) -> int | None:
        """Return the number of a word, None of one that is not known."""
        return self._ids.get(text)

    def score(self, history: History, word: int) -> tuple[float, History]:
        """Return the log-probability of a word after others, and the history with it."""
        last = history.word
        if last < 0:
            return self._unigrams[word], History(-1, word)
        begin, end = self._bigram_begins[last], self._bigram_begins[last + 1]
        place = bisect_left(self._bigram_words, word, begin, end)
        known = place < end and self._bigram_words[place] == word
        log_prob = 0.0
        if history.pair >= 0:
            first = bisect_left(self._trigram_pairs, history.pair)
            beyond = bisect_right(self._trigram_pairs, history.pair, first)
            found = bisect_left(self._trigram_words, word, first, beyond)
            if found < beyond and self._trigram_words[found] == word:
                found_level = self._levels[self._trigrams[found]]
                return found_level, History(place if known else -1, word)
            log_prob = self._backoff_levels[self._bigram_backoffs[history.pair]]
        if known:
            return log_prob + self._levels[self._bigrams[place]], History(place, word)
        log_prob += self._unigram_backoffs[last] + self._unigrams[word]
        return log_prob, History(-1, word)
