"""Rescoring: what the attention decoders think of the hypotheses of the first pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dictation.decoding.prefix_beam import Hypothesis
from dictation.model.decoder import AttentionDecoder

# States whose logits are computed at a time: those of a vocabulary of 5000 still fit a cache.
_ROWS = 64
# Part of a batch's tokens up to which their tree is the quicker.
_SHARED = 0.85


def attention_log_probs(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    texts: Sequence[Sequence[int]],
) -> list[Tensor]:
    """Return the log-probability of every token of each text and of its end, (n + 1,) in float32,
    given memory (1, T, D).

    Texts that begin alike are one up to where they part: the decoder runs once over the tree of
    all, in which a token sees those it comes after. Where they share little they are rows of a
    batch instead. Either way there is one projection of the memory.
    """
    tree = _Tree.of(prompt, texts)
    cells = len(texts) * (len(prompt) + max(map(len, texts)))
    if not shares_enough(len(tree.tokens), cells):
        return _log_probs_of_rows(decoder, memory, prompt, end, texts)
    device = memory.device
    tokens = torch.tensor([tree.tokens], device=device)
    states = decoder.over_tree(
        tokens, torch.tensor(tree.depths, device=device), tree.seen().to(device), memory
    )[0]
    ways = [tree.way(text) for text in texts]
    starts = torch.tensor([node for way in ways for node in way], device=device)
    ends = torch.tensor([token for text in texts for token in (*text, end)], device=device)
    first = len(prompt) - 1
    wanted = _log_probs(decoder, states[first:], starts - first, ends)
    return list(torch.split(wanted, [len(way) for way in ways]))


def shares_enough(nodes: int, cells: int) -> bool:
    """Whether a tree of so many `nodes` is quicker than a batch with so many `cells`, rows times
    the longest: every token of a tree is held against every other, those of a batch only against
    their row's."""
    return nodes <= _SHARED * cells


def _log_probs_of_rows(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    texts: Sequence[Sequence[int]],
) -> list[Tensor]:
    device, longest = memory.device, max(map(len, texts))
    rows = [[*prompt, *text, *[end] * (longest - len(text))] for text in texts]
    states = decoder(torch.tensor(rows, device=device), memory, None)
    first = len(prompt) - 1
    used = [states[row, first : first + len(text) + 1] for row, text in enumerate(texts)]
    ends = torch.tensor([token for text in texts for token in (*text, end)], device=device)
    wanted = _log_probs(decoder, torch.cat(used), torch.arange(len(ends), device=device), ends)
    return list(torch.split(wanted, [len(text) + 1 for text in texts]))


class _Tree:
    """Texts as branches: of node `i` there are its token, its depth and the node it comes after."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self.tokens = list(prompt)
        self.depths = list(range(len(prompt)))
        self._before = [max(0, node - 1) for node in range(len(prompt))]
        self._after: dict[tuple[int, int], int] = {}
        self._root = len(prompt) - 1

    @classmethod
    def of(cls, prompt: Sequence[int], texts: Sequence[Sequence[int]]) -> "_Tree":
        """Return the tree of texts, each after the prompt; ends of texts are no nodes."""
        tree = cls(prompt)
        for text in texts:
            node = tree._root
            for token in text:
                node = tree._next(node, token)
        return tree

    def way(self, text: Sequence[int]) -> list[int]:
        """Return the node before each token of a text and before its end."""
        nodes = [self._root]
        for token in text:
            nodes.append(self._after[nodes[-1], token])
        return nodes

    def seen(self) -> Tensor:
        """Return which nodes each node sees, (N, N) bool: itself and all that it comes after."""
        seen = np.eye(len(self.tokens), dtype=np.bool_)
        for node, before in enumerate(self._before):
            seen[node] |= seen[before]
        return torch.from_numpy(seen)

    def _next(self, node: int, token: int) -> int:
        found = self._after.get((node, token))
        if found is not None:
            return found
        self.tokens.append(token)
        self.depths.append(self.depths[node] + 1)
        self._before.append(node)
        self._after[node, token] = len(self.tokens) - 1
        return len(self.tokens) - 1


def _log_probs(decoder: AttentionDecoder, states: Tensor, at: Tensor, tokens: Tensor) -> Tensor:
    """Return the log-probability of each of `tokens` (K,) in float32, the state it follows being
    number `at` (K,) of `states` (N, D)."""
    wanted = torch.empty(at.numel(), device=at.device)
    for first in range(0, states.size(0), _ROWS):
        logits = decoder.logits(states[first : first + _ROWS]).float()
        here = (at >= first) & (at < first + _ROWS)
        rows = at[here] - first
        wanted[here] = logits[rows, tokens[here]] - logits.logsumexp(1)[rows]
    return wanted


@dataclass(frozen=True)
class RescoringWeights:
    """How much CTC's score counts beside the attention decoders', what part of theirs the decoder
    has that reads from the end, and what each token of a hypothesis adds."""

    ctc: float = 0.5
    reverse: float = 0.3
    length: float = 0.0


@dataclass(frozen=True)
class Texts:
    """Hypotheses in the tokens of a decoder, after its `prompt` and before its `end`."""

    prompt: Sequence[int]
    end: int
    tokens: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Rescored:
    """A hypothesis of the first pass, its score in both passes together (natural logarithm), and
    how sure the decoders are of it and of each of the tokens it is `spelled` with (0..1)."""

    hypothesis: Hypothesis
    score: float
    confidence: float
    spelled: tuple[int, ...]
    token_confidences: tuple[float, ...]


def rescore(
    decoders: tuple[AttentionDecoder, AttentionDecoder | None],
    memory: Tensor,
    nbest: Sequence[Hypothesis],
    weights: RescoringWeights,
    texts: Texts,
) -> list[Rescored]:
    """Return the hypotheses of a first pass with their scores in both, in the order given.

    Zhang et al. 2020, section 3.4; Wu et al. 2021, equation 5, for the second of the `decoders`,
    which reads texts from the end. `texts` are the hypotheses in the decoders' own tokens.
    """
    left, right = decoders
    prompt, end = texts.prompt, texts.end
    forward = attention_log_probs(left, memory, prompt, end, texts.tokens)
    share = weights.reverse if right is not None else 0.0
    if right is None or share == 0.0:
        backward = forward
    else:
        turned = [tokens[::-1] for tokens in texts.tokens]
        backward = attention_log_probs(right, memory, prompt, end, turned)
        # The end stays last.
        backward = [torch.cat([row[:-1].flip(0), row[-1:]]) for row in backward]
    rescored = []
    for each, tokens, one, other in zip(nbest, texts.tokens, forward, backward, strict=True):
        attention = (1 - share) * float(one.sum()) + share * float(other.sum())
        sure = (one.exp() + other.exp()) / 2
        rescored.append(
            Rescored(
                hypothesis=each,
                score=attention + weights.ctc * each.score + weights.length * len(tokens),
                confidence=math.exp(attention / len(one)),
                spelled=tuple(tokens),
                token_confidences=tuple(sure[:-1].tolist()),
            )
        )
    return rescored
