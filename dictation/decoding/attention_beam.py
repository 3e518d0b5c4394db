"""The decoder writes its own text, looking further than one token ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dictation.decoding.refinement import Refined
from dictation.model.decoder import AttentionDecoder

# A text ends only where the end is at least half as likely as the likeliest token.
_END_MARGIN = math.log(2)


@dataclass(frozen=True)
class _Text:
    """Tokens written so far, the log-probability of each, and their sum."""

    tokens: tuple[int, ...]
    log_probs: tuple[float, ...]
    score: float

    def with_token(self, token: int, log_prob: float) -> "_Text":
        return _Text((*self.tokens, token), (*self.log_probs, log_prob), self.score + log_prob)

    def ended(self, log_prob: float) -> "_Text":
        return _Text(self.tokens, (*self.log_probs, log_prob), self.score + log_prob)


def attention_beam_search(
    decoder: AttentionDecoder,
    memory: Tensor,
    prompt: Sequence[int],
    end: int,
    beam: int,
    limit: int,
) -> Refined:
    """Return the likeliest text found when the `beam` likeliest beginnings are kept after every
    token, given memory (1, T, D), of at most `limit` tokens.

    Sequences are compared by the sum of their log-probabilities (Graves 2012), without a weight for
    length: a speech decoder sees in the memory what is left to write. An end must stand on its own
    (Hannun et al. 2019, "Sequence-to-sequence speech recognition with time-depth separable
    convolutions"): its cost is paid once, that of going on with every token, and the second of two
    sentences would be left out. A sum only falls, so the
    search ends as soon as a text that is whole is likelier than every beginning.
    """
    state = decoder.initial_state(memory)
    given = torch.tensor([prompt], device=memory.device)
    states, state = decoder.step(given, state)
    open_texts = [_Text((), (), 0.0)]
    best: _Text | None = None
    passes = 1
    while True:
        scores = decoder.logits(states[:, -1]).float().log_softmax(1)
        followed, rows, whole = _followed(open_texts, scores, end, beam)
        for text in whole:
            if best is None or text.score > best.score:
                best = text
        kept = [
            (text, row)
            for text, row in zip(followed, rows, strict=True)
            if best is None or text.score > best.score
        ]
        if not kept:
            assert best is not None
            return Refined(best.tokens, best.log_probs, True, passes)
        open_texts = [text for text, _ in kept]
        if len(open_texts[0].tokens) == limit:
            break
        state = state.rows(torch.tensor([row for _, row in kept], device=memory.device))
        given = torch.tensor([text.tokens[-1:] for text in open_texts], device=memory.device)
        states, state = decoder.step(given, state)
        passes += 1
    if best is not None:
        return Refined(best.tokens, best.log_probs, True, passes)
    return Refined(open_texts[0].tokens, open_texts[0].log_probs, False, passes)


def _followed(
    texts: Sequence[_Text], scores: Tensor, end: int, beam: int
) -> tuple[list[_Text], list[int], list[_Text]]:
    """Return the likeliest texts one token longer, which of `texts` each goes on from, and those
    that are whole; `scores` (N, V): log-probabilities of what follows each."""
    before = torch.tensor([text.score for text in texts], device=scores.device)
    sums = (before[:, None] + scores).flatten()
    # With the one end that each text can have, `beam` others are still among them.
    found = sums.topk(min(beam + len(texts), sums.numel())).indices.tolist()
    followed: list[_Text] = []
    rows: list[int] = []
    whole: list[_Text] = []
    size = scores.size(1)
    likeliest = scores.max(1).values.tolist()
    for place in found:
        row, token = divmod(place, size)
        log_prob = float(scores[row, token])
        if token == end and log_prob > likeliest[row] - _END_MARGIN:
            whole.append(texts[row].ended(log_prob))
        elif token != end and len(followed) < beam:
            followed.append(texts[row].with_token(token, log_prob))
            rows.append(row)
    return followed, rows, whole
