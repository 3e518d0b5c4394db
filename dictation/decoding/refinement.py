"""The decoder writes its own text, quickly: it is given a draft and only has to check it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dictation.model.decoder import AttentionDecoder

_WINDOW = 8


@dataclass(frozen=True)
class Refined:
    """The tokens a decoder wrote, the log-probability of each and of the end (that last one only
    when it `ended` of its own), and how often it had to be run."""

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    ended: bool
    passes: int


def refine(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    draft: Sequence[int],
    limit: int,
) -> Refined:
    """Write the likeliest token after token, given memory (1, T, D), at most `limit` of them.

    Speculative decoding (Leviathan et al. 2023) with a draft that costs nothing: a pass checks
    several tokens of the `draft` at once, keeps those the decoder would have written itself, takes
    its own token in place of the first other one, and goes on with the draft from where that fits.
    The text is that of one pass for each token; an empty draft makes it just that.
    """
    state = decoder.initial_state(memory)
    place = _Draft(draft)
    unread = list(prompt)
    tokens: list[int] = []
    log_probs: list[float] = []
    window = _WINDOW
    passes = 0
    while len(tokens) < limit:
        guess = place.ahead(min(window, limit - len(tokens) - 1))
        given = torch.tensor([[*unread, *guess]], device=memory.device)
        before = state.length + len(unread)
        states, state = decoder.step(given, state)
        passes += 1
        scores = decoder.logits(states[0, len(unread) - 1 :]).float().log_softmax(1)
        best = scores.max(1)
        own: list[int] = best.indices.tolist()
        kept = next((i for i, token in enumerate(guess) if own[i] != token), len(guess))
        log_probs += best.values[: kept + 1].tolist()
        if end in own[: kept + 1]:
            first = own.index(end)
            tokens += own[:first]
            return Refined(tuple(tokens), tuple(log_probs[: len(tokens) + 1]), True, passes)
        tokens += own[: kept + 1]
        place.follow(own[: kept + 1])
        state = state.until(before + kept)
        unread = [own[kept]]
        window = 2 * window if kept == len(guess) else max(_WINDOW, kept)
    return Refined(tuple(tokens), tuple(log_probs), False, passes)


class _Draft:
    """A draft, and how far it is used up: up to where its beginning is closest to what is written.

    `_row[j]`: edits between the text written so far and the first j tokens of the draft.
    """

    def __init__(self, draft: Sequence[int]) -> None:
        self._draft = tuple(draft)
        self._row = list(range(len(draft) + 1))
        self._written = 0

    def follow(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            before, self._row[0] = self._row[0], self._row[0] + 1
            for j, drafted in enumerate(self._draft, start=1):
                changed = before + (token != drafted)
                before = self._row[j]
                self._row[j] = min(changed, before + 1, self._row[j - 1] + 1)
        self._written += len(tokens)

    def ahead(self, count: int) -> tuple[int, ...]:
        """Return the next tokens; of places equally close the later, as if a token was changed."""
        least = min(self._row)
        place = max(j for j, edits in enumerate(self._row) if edits == least)
        return self._draft[place : place + max(0, count)]
