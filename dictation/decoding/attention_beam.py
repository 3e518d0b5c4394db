"""The decoder writes its own text, looking further than one token ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dictation.decoding.fusion import NOTHING_WRITTEN, WritingFusion, Written
from dictation.decoding.refinement import Refined
from dictation.model.decoder import AttentionDecoder, DecoderState

# Of each beginning to keep, how many are shown to the language model.
_LOOKED_AT = 3
# How much less likely a text may be than the likeliest before the language model chooses.
_SLACK = 3.0
# A text ends only where the end is at least half as likely as the likeliest token.
_END_MARGIN = math.log(2)


@dataclass(frozen=True)
class _Text:
    """Tokens written so far, the log-probability of each, their sum, what was read of the text, and
    what a language model adds for it."""

    tokens: tuple[int, ...] = ()
    log_probs: tuple[float, ...] = ()
    sum: float = 0.0
    written: Written = NOTHING_WRITTEN
    gained: float = 0.0

    @property
    def score(self) -> float:
        return self.sum + self.gained

    def with_token(self, token: int, log_prob: float, fusion: WritingFusion | None) -> "_Text":
        tokens, log_probs = (*self.tokens, token), (*self.log_probs, log_prob)
        if fusion is None:
            return _Text(tokens, log_probs, self.sum + log_prob)
        written = fusion.read(self.written, tokens)
        return _Text(tokens, log_probs, self.sum + log_prob, written, fusion.score(written))

    def ended(self, log_prob: float) -> "_Text":
        log_probs = (*self.log_probs, log_prob)
        return _Text(self.tokens, log_probs, self.sum + log_prob, self.written, self.gained)


def attention_beam_search(
    decoder: AttentionDecoder,
    state: DecoderState,
    prompt: Sequence[int],
    end: int,
    beam: int,
    limit: int,
    fusion: WritingFusion | None = None,
) -> Refined:
    """Return the likeliest text found when the `beam` likeliest beginnings are kept after every
    token, of at most `limit` tokens; `state`: the decoder's before the first.

    Sequences are compared by the sum of their log-probabilities (Graves 2012), without a weight for
    length: a speech decoder sees in the memory what is left to write. An end must stand on its own
    (Hannun et al. 2019, "Sequence-to-sequence speech recognition with time-depth separable
    convolutions"): its cost is paid once, that of going on with every token, and the second of two
    sentences would be left out. A sum only falls, so the search ends as soon as a text that is
    whole is likelier than every beginning. With `fusion` a language model has its say, more of it
    among texts that are whole: those a little less likely are looked for, too.
    """
    device = state.memory[0][0].device
    given = torch.tensor([prompt], device=device)
    states, state = decoder.step(given, state)
    open_texts = [_Text()]
    finished: list[_Text] = []
    slack = 0.0 if fusion is None else _SLACK
    passes = 1
    while True:
        scores = decoder.logits(states[:, -1]).float().log_softmax(1)
        followed, rows, whole = _followed(open_texts, scores, end, beam, fusion)
        finished += whole
        least = max((text.score for text in finished), default=-math.inf) - slack
        kept = [(text, row) for text, row in zip(followed, rows, strict=True) if text.score > least]
        if not kept:
            break
        open_texts = [text for text, _ in kept]
        if len(open_texts[0].tokens) == limit:
            break
        state = state.rows(torch.tensor([row for _, row in kept], device=device))
        given = torch.tensor([text.tokens[-1:] for text in open_texts], device=device)
        states, state = decoder.step(given, state)
        passes += 1
    best = _chosen(finished, fusion) if finished else open_texts[0]
    return Refined(best.tokens, best.log_probs, bool(finished), passes)


def _chosen(finished: Sequence[_Text], fusion: WritingFusion | None) -> _Text:
    """Return the likeliest text; a language model chooses among those that are as long as it, since
    how much was said is for the decoder to tell."""
    likeliest = max(finished, key=lambda text: text.sum)
    if fusion is None:
        return likeliest
    length, choice = likeliest.written.reading.characters, fusion.choice
    alike = [text for text in finished if text.written.reading.characters == length]
    return max(alike, key=lambda text: text.sum + choice(text.written))


def _followed(
    texts: Sequence[_Text], scores: Tensor, end: int, beam: int, fusion: WritingFusion | None
) -> tuple[list[_Text], list[int], list[_Text]]:
    """Return the likeliest texts one token longer, which of `texts` each goes on from, and those
    that are whole; `scores` (N, V): log-probabilities of what follows each."""
    before = torch.tensor([text.score for text in texts], device=scores.device)
    sums = (before[:, None] + scores).flatten()
    # With the one end that each text can have, as many others as wanted are still among them.
    wanted = beam if fusion is None else _LOOKED_AT * beam
    found = sums.topk(min(wanted + len(texts), sums.numel())).indices.tolist()
    followed: list[tuple[_Text, int]] = []
    whole: list[_Text] = []
    size = scores.size(1)
    likeliest = scores.max(1).values.tolist()
    for place in found:
        row, token = divmod(place, size)
        log_prob = float(scores[row, token])
        if token == end:
            if log_prob > likeliest[row] - _END_MARGIN:
                whole.append(texts[row].ended(log_prob))
        elif len(followed) < wanted:
            followed.append((texts[row].with_token(token, log_prob, fusion), row))
    best = sorted(followed, key=lambda each: -each[0].score)[:beam]
    return [text for text, _ in best], [row for _, row in best], whole
