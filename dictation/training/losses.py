"""The joint loss: CTC, attention and language, weighted."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

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
    cross-entropy, per utterance, under a chunk mask."""
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
    nothing = torch.zeros((), device=ctc.device)
    attention = language = nothing
    if model.decoder is not None and weights.attention > 0.0:
        states = model.decoder(batch.tokens, output.memory, output.memory_lengths)
        scored = batch.next_tokens != _IGNORED
        attention = F.cross_entropy(
            model.decoder.logits(states[scored]).float(),
            batch.next_tokens[scored],
            label_smoothing=weights.label_smoothing,
            reduction="sum",
        ) / len(batch.lengths)
    told = model.language_log_probs(output)
    if told is not None and weights.language > 0.0 and bool((batch.languages != _IGNORED).any()):
        language = F.nll_loss(told, batch.languages, ignore_index=_IGNORED)
    total = weights.ctc * ctc + weights.attention * attention + weights.language * language
    return Losses(total, ctc.detach(), attention.detach(), language.detach())
