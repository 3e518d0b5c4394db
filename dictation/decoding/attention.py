"""Rescoring: what the attention decoders think of the hypotheses of the first pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dictation.decoding.prefix_beam import Hypothesis
from dictation.model.decoder import AttentionDecoder


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
