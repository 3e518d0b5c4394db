"""Where phrases may have been said, from CTC's probabilities alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from dictation.decoding.hot_words import UNKNOWN

Floats = NDArray[np.float64]

_NEVER = -1e9


@dataclass(frozen=True)
class Spot:
    """A phrase (its number), the frames [start, end) it would take, and how much less likely its
    best alignment there is than CTC's best path (natural logarithm, at most 0)."""

    phrase: int
    start: int
    end: int
    score: float


def spot(
    log_probs: Tensor, phrases: Sequence[Sequence[tuple[int, ...]]], least: float
) -> list[Spot]:
    """Return the best place of each phrase that scores `least` a token or more, best first.

    `log_probs` (T, V) of one utterance; a phrase is given as what each of its tokens may be heard
    as. It may begin and end at any frame, so that all of them are found in one pass over the
    frames, a Viterbi search as in Andrusenko et al. 2024 (fast context-biasing by a CTC word
    spotter).
    """
    if not phrases or log_probs.size(0) == 0:
        return []
    classes: dict[tuple[int, ...], int] = {(0,): 0}
    numbered = [[classes.setdefault(each, len(classes)) for each in phrase] for phrase in phrases]
    places, skips, last = _states(numbered)
    scores = _heard(log_probs, list(classes))
    rows = np.arange(len(phrases))
    value = np.full(places.shape, _NEVER)
    began = np.zeros(places.shape, dtype=np.int64)
    best = np.full(len(phrases), _NEVER)
    spans = np.zeros((len(phrases), 2), dtype=np.int64)
    for frame, now in enumerate(scores):
        before, before_began = value, began
        one = np.concatenate([np.zeros((len(rows), 1)), before[:, :-1]], axis=1)
        two = np.concatenate([np.full((len(rows), 2), _NEVER), before[:, :-2]], axis=1)
        two = np.where(skips, two, _NEVER)
        from_one = np.concatenate([np.full((len(rows), 1), frame), before_began[:, :-1]], axis=1)
        from_two = np.concatenate(
            [np.zeros((len(rows), 2), np.int64), before_began[:, :-2]], axis=1
        )
        value, began = before, before_began
        for other, other_began in ((one, from_one), (two, from_two)):
            better = other > value
            value, began = np.where(better, other, value), np.where(better, other_began, began)
        value = value + now[places]
        ended = value[rows, last]
        improved = ended > best
        best = np.where(improved, ended, best)
        spans[improved, 0] = began[rows, last][improved]
        spans[improved, 1] = frame + 1
    found = [
        Spot(at, int(spans[at, 0]), int(spans[at, 1]), float(best[at]))
        for at in np.argsort(-best / [len(phrase) for phrase in phrases], kind="stable")
    ]
    return [each for each in found if each.score >= least * len(phrases[each.phrase])]


def _heard(log_probs: Tensor, classes: Sequence[tuple[int, ...]]) -> Floats:
    """Return how much less likely one of each class of tokens is in each frame than the likeliest
    token, (T, C), at most 0."""
    columns = [token for each in classes for token in each]
    first = np.cumsum([0, *(len(each) for each in classes[:-1])])
    likeliest = log_probs.max(1, keepdim=True).values
    shares: Floats = (log_probs[:, columns] - likeliest).double().exp().cpu().numpy()
    scores: Floats = np.log(np.add.reduceat(shares, first, axis=1))
    if (UNKNOWN,) in classes:  # stands for any token at all
        of_likeliest = likeliest[:, 0].double().cpu().numpy()
        heard = -np.expm1(np.minimum(scores[:, 0] + of_likeliest, -1e-6))
        scores[:, classes.index((UNKNOWN,))] = np.log(heard) - of_likeliest
    return np.minimum(scores, 0.0)


def _states(
    phrases: Sequence[Sequence[int]],
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return each phrase's classes of tokens with blanks between them, (P, S), where a state may be
    entered over the blank before it, and the last state of each phrase."""
    width = max(2, *(2 * len(phrase) - 1 for phrase in phrases))
    states = np.zeros((len(phrases), width), dtype=np.int64)
    skips = np.zeros((len(phrases), width), dtype=np.bool_)
    for row, phrase in enumerate(phrases):
        states[row, : 2 * len(phrase) : 2] = phrase
        for at in range(1, len(phrase)):
            skips[row, 2 * at] = phrase[at] != phrase[at - 1]
    return states, skips, np.array([2 * len(phrase) - 2 for phrase in phrases])
