"""From a model in ARPA's text format to ours."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dictation.language_model.ngrams import LanguageModelError, NgramModel
from dictation.language_model.reading import Script

_MOST_WORDS = 1 << 16
_WORDS: dict[Script, re.Pattern[str]] = {
    "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]{1,6}"),
    "en": re.compile(r"[a-z]+(?:'[a-z]+)*"),
}
_LOWEST = -20.0

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Ngrams:
    """N-grams of one order: their words' numbers (N, order), log-probabilities and back-offs."""

    words: NDArray[np.int64]
    log_probs: Floats
    backoffs: Floats


def read_arpa(path: Path, script: Script, order: int = 3) -> NgramModel:
    """Read the words of one script in a model in the ARPA format, and n-grams of up to `order`.

    Chinese words of more than 6 characters and, beyond the 65,536 likeliest, all others are left
    out, and n-grams that have them. Format: the manual page ngram-format(5) of SRILM. Raises
    LanguageModelError.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return _compiled(file, _WORDS[script], order)
    except OSError as error:
        raise LanguageModelError(f"{path}: {error.strerror}") from error
    except (ValueError, IndexError) as error:
        raise LanguageModelError(f"{path}: not a model in the ARPA format ({error})") from error


def _compiled(lines: Iterable[str], kind: re.Pattern[str], highest: int) -> NgramModel:
    sections: dict[int, list[list[str]]] = {1: [], 2: [], 3: []}
    current: list[list[str]] | None = None
    for line in lines:
        line = line.strip()
        if line.startswith("\\"):
            order = line[1:].removesuffix("-grams:")
            wanted = order.isdigit() and int(order) <= highest
            current = sections.get(int(order)) if wanted else None
        elif line and current is not None:
            current.append(line.split())
    likeliest = sorted(
        (row for row in sections[1] if kind.fullmatch(row[1])), key=lambda row: -float(row[0])
    )[:_MOST_WORDS]
    if not likeliest:
        raise ValueError("it has no words of this language")
    words = sorted(row[1] for row in likeliest)
    ids = {word: index for index, word in enumerate(words)}
    one, two, three = (_known(sections[order], order, ids) for order in (1, 2, 3))
    pairs = two.words[:, 0] * len(ids) + two.words[:, 1]
    begun = three.words[:, 0] * len(ids) + three.words[:, 1]
    place = np.searchsorted(pairs, begun)
    found = place < len(pairs)
    found[found] = pairs[place[found]] == begun[found]
    levels = _levels(np.concatenate([two.log_probs, three.log_probs[found]]))
    backoff_levels = _levels(two.backoffs)
    arrays = {
        "words": np.frombuffer("\n".join(words).encode(), np.uint8).copy(),
        "unigrams": one.log_probs,
        "unigram_backoffs": one.backoffs,
        "bigram_begins": np.searchsorted(two.words[:, 0], np.arange(len(ids) + 1)).astype(np.int32),
        "bigram_words": two.words[:, 1].astype(np.uint16),
        "bigrams": _nearest(two.log_probs, levels),
        "bigram_backoffs": _nearest(two.backoffs, backoff_levels),
        "trigram_pairs": place[found].astype(np.int32),
        "trigram_words": three.words[found, 2].astype(np.uint16),
        "trigrams": _nearest(three.log_probs[found], levels),
        "levels": levels,
        "backoff_levels": backoff_levels,
    }
    return NgramModel({name: torch.from_numpy(array) for name, array in arrays.items()})


def _known(rows: list[list[str]], order: int, ids: dict[str, int]) -> _Ngrams:
    """Return the n-grams of known words, sorted by their words."""
    kept = [row for row in rows if all(word in ids for word in row[1 : order + 1])]
    words = np.array(
        [[ids[word] for word in row[1 : order + 1]] for row in kept], np.int64
    ).reshape(-1, order)
    log_probs = np.array([float(row[0]) for row in kept], np.float32) * math.log(10)
    backoffs = [float(row[order + 1]) if len(row) > order + 1 else 0.0 for row in kept]
    sort = np.lexsort(words.T[::-1])
    return _Ngrams(
        words[sort],
        np.maximum(log_probs, _LOWEST)[sort],
        (np.array(backoffs, np.float32) * math.log(10))[sort],
    )


def _levels(values: Floats) -> Floats:
    """Return 256 levels, as many values between one and the next (as in KenLM, Heafield 2011)."""
    if not values.size:
        return np.zeros(256, np.float32)
    return np.quantile(values, np.linspace(0, 1, 256)).astype(np.float32)


def _nearest(values: Floats, levels: Floats) -> NDArray[np.uint8]:
    above = np.clip(np.searchsorted(levels, values), 1, len(levels) - 1)
    lower = values - levels[above - 1] < levels[above] - values
    return (above - lower).astype(np.uint8)
