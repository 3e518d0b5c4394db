"""The joint loss: CTC, attention and language, weighted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dictation.model.decoder import AttentionDecoder
from dictation.model.encoder import Encoder
from dictation.model.joint import JointModel
from dictation.training.config import LossTable
from dictation.training.data import Batch

_IGNORED = -100


@dataclass(frozen=True)
class Counts:
    """What the sums of a step are divided by: all its utterances, those with a language, the units
    that CTC has to find, and the tokens each decoder has to predict.

    A step may be several batches, in several processes: divided by the whole step's counts, their
    gradients add up to those of one large batch.
    """

    utterances: int
    labelled: int
    units: int
    tokens: int

    @classmethod
    def of(cls, batches: Sequence[Batch]) -> "Counts":
        """Count what is in some batches."""
        labelled = sum(int((batch.languages != _IGNORED).sum()) for batch in batches)
        utterances = sum(len(batch.lengths) for batch in batches)
        units = sum(int(batch.target_lengths.sum()) for batch in batches)
        tokens = sum(int((batch.next_tokens != _IGNORED).sum()) for batch in batches)
        # A decoder that writes CTC's units is given no tokens: it predicts those and their end.
        return cls(utterances, labelled, units, tokens or units + utterances)


@dataclass(frozen=True)
class Losses:
    """The parts of the loss of one batch, each a scalar; `total` is what is minimised."""

    total: Tensor
    ctc: Tensor
    attention: Tensor
    language: Tensor
    distillation: Tensor


def joint_loss(
    model: JointModel,
    batch: Batch,
    weights: LossTable,
    chunk_size: int | None,
    left_context: int,
    counts: Counts | None = None,
    teacher: Encoder | None = None,
    beginning: JointModel | None = None,
) -> Losses:
    """Return the joint CTC/attention loss (Watanabe et al. 2017, eq. 10) with the language head's
    cross-entropy, per utterance or token, under a chunk mask. A decoder that writes CTC's units
    learns from the CTC targets. `teacher`: whose states with full context are to be come near to.
    `beginning`: the model as the run began; what its decoders make of the whole utterance is what
    is learned where the batch is kept.
    """
    counts = counts or Counts.of([batch])
    per_token = weights.per == "token"
    output = model.encoder(batch.features, batch.lengths, chunk_size, left_context)
    ctc = attention = language = distillation = torch.zeros((), device=output.memory.device)
    if weights.ctc > 0.0:
        surprise = F.ctc_loss(
            model.ctc_log_probs(output.top).transpose(0, 1),
            batch.targets,
            output.top_lengths,
            batch.target_lengths,
            reduction="sum",
            zero_infinity=True,
        )
        ctc = surprise / max(1, counts.units if per_token else counts.utterances)
    if weights.attention > 0.0:
        memories = [output.memory]
        if chunk_size is not None and weights.attention_context != "chunk":
            whole = model.encoder(batch.features, batch.lengths).memory
            memories = [whole] if weights.attention_context == "full" else [output.memory, whole]
        divisor = max(1, counts.tokens if per_token else counts.utterances) * len(memories)
        wanted = _wanted(beginning, batch, weights) if beginning is not None else []
        for memory in memories:
            surprise = _attention_loss(model, batch, weights, memory, output.memory_lengths, wanted)
            attention = attention + surprise / divisor
    told = model.language_log_probs(output)
    if told is not None and weights.language > 0.0 and counts.labelled:
        surprise = F.nll_loss(told, batch.languages, ignore_index=_IGNORED, reduction="sum")
        language = surprise / counts.labelled
    if teacher is not None:
        with torch.no_grad():
            wanted = teacher(batch.features, batch.lengths)
        apart = state_distance(output.memory, wanted.memory, output.memory_lengths)
        distillation = apart.sum() / counts.utterances
    total = (
        weights.ctc * ctc
        + weights.attention * attention
        + weights.language * language
        + weights.distillation * distillation
    )
    parts = (ctc, attention, language, distillation)
    return Losses(total, *(part.detach() for part in parts))


def _attention_loss(
    model: JointModel,
    batch: Batch,
    weights: LossTable,
    memory: Tensor,
    lengths: Tensor,
    wanted: Sequence[Tensor],
) -> Tensor:
    """Return the decoders' loss on memory (B, T, D), summed over all they predict. `wanted`: of
    each decoder, the log-probabilities (N, V) that what is kept is to have, none where nothing is.
    """
    loss = torch.zeros((), device=memory.device)
    for index, each in enumerate(_decoder_parts(model, batch, weights.reverse)):
        part, decoder, tokens, following = each
        states = decoder(tokens, memory, lengths)
        scored = following != _IGNORED
        if wanted and batch.kept is not None:
            kept = scored & batch.kept[:, None]
            found = decoder.logits(states[kept]).float().log_softmax(1)
            loss = loss + part * F.kl_div(found, wanted[index], reduction="sum", log_target=True)
            scored = scored & ~kept
        divergence = smoothed_divergence(
            decoder.logits(states[scored]).float(), following[scored], weights.label_smoothing
        )
        loss = loss + part * divergence
    return loss


@torch.no_grad()
def _wanted(beginning: JointModel, batch: Batch, weights: LossTable) -> list[Tensor]:
    """Return the log-probabilities (N, V) that each decoder of the beginning has for the tokens of
    the kept utterances, which it hears whole."""
    if batch.kept is None:
        return []
    output = beginning.encoder(batch.features[batch.kept], batch.lengths[batch.kept])
    wanted = []
    for _, decoder, tokens, following in _decoder_parts(beginning, batch, weights.reverse):
        states = decoder(tokens[batch.kept], output.memory, output.memory_lengths)
        scored = following[batch.kept] != _IGNORED
        wanted.append(decoder.logits(states[scored]).float().log_softmax(1))
    return wanted


def state_distance(states: Tensor, wanted: Tensor, lengths: Tensor) -> Tensor:
    """Return how far encoder states (B, T, D) are from those wanted, (B,): the squared error over
    the frames of each utterance, as a share of what the wanted ones hold."""
    inside = (torch.arange(states.size(1), device=states.device) < lengths[:, None])[..., None]
    error = ((states.float() - wanted.float()).square() * inside).sum((1, 2))
    return error / (wanted.float().square() * inside).sum((1, 2)).clamp(min=1e-6)


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
