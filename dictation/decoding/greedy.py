"""The best path through CTC's output."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class GreedyPath:
    """Tokens of the best path and the frame of each one's first appearance."""

    tokens: tuple[int, ...]
    frames: tuple[int, ...]


def collapse(best: Sequence[int], offset: int = 0, last: int = 0) -> GreedyPath:
    """Merge repeats and drop blanks (Graves et al. 2006, section 3.1).

    `last` is the token of the frame before the first, so that a stream can be collapsed in parts.
    """
    tokens, frames = [], []
    for index, token in enumerate(best):
        if token not in (0, last):
            tokens.append(token)
            frames.append(offset + index)
        last = token
    return GreedyPath(tuple(tokens), tuple(frames))


def greedy(log_probs: Tensor) -> GreedyPath:
    """Return the best path of one utterance's log-probabilities (T, V)."""
    return collapse(torch.argmax(log_probs, dim=1).tolist())
