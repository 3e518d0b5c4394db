"""The recogniser as a textbook has it, plain and slow: what is right, and what haste is worth."""

import torch
from torch import Tensor

from dictation.model.joint import JointModel
from tests.decoding.plain_beam import plain_prefix_beam_search

__all__ = ["plain_chunk", "plain_prefix_beam_search", "plain_rescore", "plain_stream"]


def plain_chunk(model: JointModel, heard: Tensor, chunk_size: int, left_context: int) -> Tensor:
    """Return the newest chunk's states (1, C, D): all that was heard (1, T, F) is encoded anew."""
    output = model.encoder(heard, torch.tensor([heard.size(1)]), chunk_size, left_context)
    return output.memory[:, -chunk_size:]


def plain_stream(model: JointModel, features: Tensor, chunk_size: int, left_context: int) -> Tensor:
    """Return the states of all whole chunks of features (1, T, F), one after the other."""
    encoder = model.encoder
    size = chunk_size * encoder.factor
    ends = range(encoder.lookahead + size, features.size(1) + 1, size)
    chunks = [
        plain_chunk(model, features[:, :end], chunk_size, left_context)[:, :chunk_size]
        for end in ends
    ]
    return torch.cat(chunks, dim=1)


def plain_rescore(
    model: JointModel, memory: Tensor, texts: list[tuple[int, ...]]
) -> list[tuple[float, float]]:
    """Return how likely each text is from its beginning and, where there is a decoder for it, from
    its end; the memory (1, T, D) is projected for each anew."""
    scores = []
    for text in texts:
        forward = plain_score(model.decoder, memory, text)
        turned = text[::-1]
        backward = (
            plain_score(model.reverse_decoder, memory, turned) if model.reverse_decoder else 0.0
        )
        scores.append((forward, backward))
    return scores


def plain_score(decoder, memory: Tensor, text: tuple[int, ...]) -> float:
    opened = torch.tensor([[decoder.config.start, *text]])
    log_probs = decoder.logits(decoder(opened, memory, None))[0].log_softmax(1)
    total = 0.0
    for place, token in enumerate([*text, decoder.config.end]):
        total += float(log_probs[place, token])
    return total
