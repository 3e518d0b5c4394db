"""The joint loss: CTC, attention and language, weighted."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dictation.model.decoder import AttentionDecoder
from dictation.model.joint import JointModel
from dictation.training.config import LossTable
from dictation.training.data import Batch

_IGNORED = -100


@dataclass(frozen=True)
class Losses:
    """The parts of the loss of one batch, each a scalar; `total` is what is minimised."""

    total: Tensor
    ctc: Tensor
    attention: Tensor
    language: Tensor


def joint_loss(
    model: JointModel,
    batch: Batch,
    weights: LossTable,
    chunk_size: int | None,
    left_context: int,
) -> Losses:
    """Return the joint CTC/attention loss (Watanabe et al. 2017, eq. 10) with the language head's
    cross-entropy, per utterance, under a chunk mask. A decoder that writes CTC's units learns from
    the CTC targets."""
    output = model.encoder(batch.features, batch.lengths, chunk_size, left_context)
    log_probs = model.ctc_log_probs(output.top)
    ctc = F.ctc_loss(
        log_probs.transpose(0, 1),
        batch.targets,
        output.top_lengths,
        batch.target_lengths,
        reduction="sum",
        zero_infinity=True,
    ) / len(batch.lengths)
    attention = language = torch.zeros((), device=ctc.device)
    if weights.attention > 0.0:
        for part, decoder, tokens, following in _decoder_parts(model, batch, weights.reverse):
            states = decoder(tokens, output.memory, output.memory_lengths)
            scored = following != _IGNORED
            divergence = smoothed_divergence(
                decoder.logits(states[scored]).float(), following[scored], weights.label_smoothing
            )
            attention = attention + part * divergence / len(batch.lengths)
    told = model.language_log_probs(output)
    if told is not None and weights.language > 0.0 and bool((batch.languages != _IGNORED).any()):
        language = F.nll_loss(told, batch.languages, ignore_index=_IGNORED)
    total = weights.ctc * ctc + weights.attention * attention + weights.language * language
    return Losses(total, ctc.detach(), attention.detach(), language.detach())


def smoothed_divergence(logits: Tensor, wanted: Tensor, smoothing: float) -> Tensor:
    """Return how far predictions (N, V) are from smoothed targets (N,), summed.

    The Kullback-Leibler divergence to a distribution that gives `smoothing` to all other tokens in
    equal parts, as in ESPnet and WeNet; 0 where the prediction is just that.
    """
    size = logits.size(1)
    normaliser = logits.logsumexp(1)
    right = logits.gather(1, wanted[:, None])[:, 0] - normaliser
    wrong = logits.sum(1) - size * normaliser - right
    share = smoothing / (size - 1)
    entropy = sum(p * math.log(p) * n for p, n in ((1 - smoothing, 1), (share, size - 1)) if p)
    return (entropy - (1 - smoothing) * right - share * wrong).sum()


def _decoder_parts(
    model: JointModel, batch: Batch, reverse: float
) -> Iterator[tuple[float, AttentionDecoder, Tensor, Tensor]]:
    """Yield each decoder's part in the loss, what it is given (B, W) and what follows (B, W)."""
    left, right = model.decoder, model.reverse_decoder
    if left is None:
        return
    start, end = left.config.start, left.config.end
    if start is None or end is None:
        yield 1.0, left, batch.tokens, batch.next_tokens
        return
    lengths = batch.target_lengths[:, None]
    yield (
        (1.0 if right is None else 1.0 - reverse),
        left,
        *_opened(batch.targets, lengths, start, end),
    )
    if right is not None and reverse > 0.0:
        places = torch.arange(batch.targets.size(1), device=lengths.device)
        turned = batch.targets.gather(1, (lengths - 1 - places).clamp(min=0))
        yield reverse, right, *_opened(turned, lengths, start, end)


def _opened(targets: Tensor, lengths: Tensor, start: int, end: int) -> tuple[Tensor, Tensor]:
    """Return targets (B, U) of `lengths` (B, 1) after their start, and up to their end."""
    given = F.pad(targets, (1, 0), value=start)
    following = F.pad(targets, (0, 1), value=end)
    places = torch.arange(following.size(1), device=targets.device)
    following = following.masked_fill(places == lengths, end)
    return given, following.masked_fill(places > lengths, _IGNORED)
