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


def spot(log_probs: Tensor, phrases: Sequence[Sequence[int]], least: float) -> list[Spot]:
    """Return the best place of each phrase that scores `least` a token or more, best first.

    `log_probs` (T, V) of one utterance. A phrase may begin and end at any frame, so that all of
    them are found in one pass over the frames, a Viterbi search as in Andrusenko et al. 2024 (fast
    context-biasing by a CTC word spotter).
    """
    if not phrases or log_probs.size(0) == 0:
        return []
    states, skips, last = _states(phrases)
    columns, places = np.unique(states, return_inverse=True)
    places = places.reshape(states.shape)
    scores: Floats = log_probs[:, columns].double().cpu().numpy()
    if UNKNOWN in columns:  # stands for any token at all
        heard = -np.expm1(np.minimum(scores[:, 0], -1e-6))
        scores[:, np.searchsorted(columns, UNKNOWN)] = np.log(heard)
    scores -= log_probs.max(1, keepdim=True).values.double().cpu().numpy()
    rows = np.arange(len(phrases))
    value = np.full(states.shape, _NEVER)
    began = np.zeros(states.shape, dtype=np.int64)
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


def _states(
    phrases: Sequence[Sequence[int]],
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return each phrase's tokens with blanks between them, (P, S), where a state may be entered
    over the blank before it, and the last state of each phrase."""
    width = max(2, *(2 * len(phrase) - 1 for phrase in phrases))
    states = np.zeros((len(phrases), width), dtype=np.int64)
    skips = np.zeros((len(phrases), width), dtype=np.bool_)
    for row, phrase in enumerate(phrases):
        states[row, : 2 * len(phrase) : 2] = phrase
        for at in range(1, len(phrase)):
            skips[row, 2 * at] = phrase[at] != phrase[at - 1]
    return states, skips, np.array([2 * len(phrase) - 2 for phrase in phrases])
