"""The second pass: what the attention decoder makes of an utterance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dictation.decoding.prefix_beam import Hypothesis
from dictation.model.decoder import AttentionDecoder


@dataclass(frozen=True)
class DecodedText:
    """Tokens the decoder wrote, their mean log-probability, and whether it ended of its own."""

    tokens: tuple[int, ...]
    mean_log_prob: float
    ended: bool


def attention_greedy(
    decoder: AttentionDecoder, memory: Tensor, prompt: Sequence[int], end: int, limit: int
) -> DecodedText:
    """Write the likeliest token after token, given memory (1, T, D), at most `limit` of them."""
    state = decoder.initial_state(memory)
    following = torch.tensor([list(prompt)], device=memory.device)
    tokens: list[int] = []
    total = 0.0
    for _ in range(limit):
        states, state = decoder.step(following, state)
        log_probs = decoder.logits(states[0, -1]).float().log_softmax(0)
        value, token = log_probs.max(0)
        total += float(value)
        if int(token) == end:
            return DecodedText(tuple(tokens), total / (len(tokens) + 1), True)
        tokens.append(int(token))
        following = token.view(1, 1)
    return DecodedText(tuple(tokens), total / max(1, len(tokens)), False)


def attention_log_probs(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    texts: Sequence[Sequence[int]],
) -> list[Tensor]:
    """Return the log-probability of every token of each text and of its end, (n + 1,) in float32,
    given memory (1, T, D).

    All texts go through the decoder in one batch, over one projection of the memory.
    """
    width = max(len(text) for text in texts)
    targets = torch.tensor(
        [[*text, *[end] * (width + 1 - len(text))] for text in texts], device=memory.device
    )
    opening = torch.tensor(list(prompt), device=memory.device).expand(len(texts), -1)
    states = decoder(torch.cat([opening, targets[:, :-1]], dim=1), memory, None)
    logits = decoder.logits(states[:, len(prompt) - 1 :]).float()
    wanted = logits.gather(2, targets[..., None])[..., 0] - logits.logsumexp(2)
    return [row[: len(text) + 1] for row, text in zip(wanted, texts, strict=True)]


@dataclass(frozen=True)
class RescoringWeights:
    """How much CTC's score counts beside the attention decoders', and what part of theirs the
    decoder has that reads from the end."""

    ctc: float = 0.5
    reverse: float = 0.3


@dataclass(frozen=True)
class Rescored:
    """A hypothesis of the first pass, its score in both passes together (natural logarithm), and
    how sure the decoders are of it and of each of its tokens (0..1)."""

    hypothesis: Hypothesis
    score: float
    confidence: float
    token_confidences: tuple[float, ...]


def rescore(
    decoders: tuple[AttentionDecoder, AttentionDecoder | None],
    memory: Tensor,
    nbest: Sequence[Hypothesis],
    weights: RescoringWeights,
) -> list[Rescored]:
    """Return the hypotheses of a first pass with their scores in both, in the order given.

    Zhang et al. 2020, section 3.4; Wu et al. 2021, equation 5, for the second of the `decoders`,
    which reads texts from the end. Both write CTC's own units.
    """
    left, right = decoders
    start, end = left.config.start, left.config.end
    if start is None or end is None:
        raise ValueError("the decoder does not write CTC's units")
    forward = attention_log_probs(left, memory, [start], end, [each.tokens for each in nbest])
    share = weights.reverse if right is not None else 0.0
    if right is None or share == 0.0:
        backward = forward
    else:
        turned = [each.tokens[::-1] for each in nbest]
        backward = attention_log_probs(right, memory, [start], end, turned)
        # The end stays last.
        backward = [torch.cat([row[:-1].flip(0), row[-1:]]) for row in backward]
    rescored = []
    for each, one, other in zip(nbest, forward, backward, strict=True):
        attention = (1 - share) * float(one.sum()) + share * float(other.sum())
        sure = (one.exp() + other.exp()) / 2
        rescored.append(
            Rescored(
                hypothesis=each,
                score=attention + weights.ctc * each.score,
                confidence=math.exp(attention / len(one)),
                token_confidences=tuple(sure[:-1].tolist()),
            )
        )
    return rescored
