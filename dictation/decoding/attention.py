"""The second pass: what the attention decoder makes of an utterance."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

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


def attention_scores(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    hypotheses: Sequence[Sequence[int]],
) -> list[float]:
    """Return the log-probability of each hypothesis, its end included, given memory (1, T, D).

    All hypotheses go through the decoder in one batch, over one projection of the memory.
    """
    rows = [[*prompt, *hypothesis] for hypothesis in hypotheses]
    width = max(len(row) for row in rows)
    tokens = torch.tensor([row + [end] * (width - len(row)) for row in rows], device=memory.device)
    states = decoder(tokens, memory, None)
    scores = []
    for index, hypothesis in enumerate(hypotheses):
        first = len(prompt) - 1
        wanted = torch.tensor([*hypothesis, end], device=memory.device)
        logits = decoder.logits(states[index, first : first + len(wanted)]).float()
        scores.append(float(logits.log_softmax(1).gather(1, wanted[:, None]).sum()))
    return scores
