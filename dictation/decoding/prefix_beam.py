"""CTC prefix beam search: the likeliest texts, with every alignment of each counted."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_NEVER = float("-inf")


@dataclass(frozen=True)
class Hypothesis:
    """A token sequence and the natural logarithm of its CTC probability."""

    tokens: tuple[int, ...]
    score: float


@dataclass
class _Score:
    """Log probability of a prefix ending in blank and in its last token."""

    blank: float = _NEVER
    token: float = _NEVER

    @property
    def total(self) -> float:
        return _log_add(self.blank, self.token)


def prefix_beam_search(log_probs: Tensor, beam: int) -> list[Hypothesis]:
    """Return at most `beam` hypotheses of one utterance's log-probabilities (T, V), best first.

    Hannun et al. 2014, algorithm 1, without a language model; a frame extends prefixes by its
    `beam` likeliest tokens only, as in WeNet.
    """
    width = min(beam, log_probs.size(1))
    values, tokens = torch.topk(log_probs.double(), width, dim=1)
    beams: dict[tuple[int, ...], _Score] = {(): _Score(blank=0.0)}
    for frame_values, frame_tokens in zip(values.tolist(), tokens.tolist(), strict=True):
        extended: dict[tuple[int, ...], _Score] = {}
        for prefix, score in beams.items():
            _extend(extended, prefix, score, frame_values, frame_tokens)
        best = sorted(extended.items(), key=lambda item: item[1].total, reverse=True)
        beams = dict(best[:beam])
    return [Hypothesis(prefix, score.total) for prefix, score in beams.items()]


def _extend(
    extended: dict[tuple[int, ...], _Score],
    prefix: tuple[int, ...],
    score: _Score,
    values: list[float],
    tokens: list[int],
) -> None:
    last = prefix[-1] if prefix else 0
    total = score.total
    for value, token in zip(values, tokens, strict=True):
        if token == 0:
            same = extended.setdefault(prefix, _Score())
            same.blank = _log_add(same.blank, total + value)
        elif token == last:
            same = extended.setdefault(prefix, _Score())
            same.token = _log_add(same.token, score.token + value)
            longer = extended.setdefault((*prefix, token), _Score())
            longer.token = _log_add(longer.token, score.blank + value)
        else:
            longer = extended.setdefault((*prefix, token), _Score())
            longer.token = _log_add(longer.token, total + value)


def _log_add(a: float, b: float) -> float:
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))
