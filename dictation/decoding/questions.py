"""A question mark where the decoder nearly writes one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from dictation.decoding.refinement import Refined
from dictation.model.decoder import AttentionDecoder, DecoderState

# How likely a question mark is beside the full stop. Found on development sets.
_LEAST = 0.1


@dataclass(frozen=True)
class EndMark:
    """The tokens of a full stop, and those of the question mark of the same script."""

    stop: tuple[int, ...]
    question: tuple[int, ...]


def with_question_mark(
    decoder: AttentionDecoder,
    state: DecoderState,
    prompt: Sequence[int],
    end: int,
    written: Refined,
    marks: Sequence[EndMark],
) -> Refined:
    """Return what was written with a question mark for the full stop at its end, where that is at
    least a tenth as likely.

    Nearly all that training has heard ends with a full stop, and its voices hardly rise: a decoder
    thinks of a question mark more often than it prefers one. `state`: before the prompt.
    """
    mark = next((each for each in marks if written.tokens[-len(each.stop) :] == each.stop), None)
    if mark is None or not written.ended:
        return written
    body = written.tokens[: -len(mark.stop)]
    stop = math.exp(sum(written.log_probs[len(body) : -1]))
    if 1 - stop < _LEAST * stop:
        return written  # whatever else is likely there
    given = torch.tensor([[*prompt, *body, *mark.question]], device=state.memory[0][0].device)
    states, _ = decoder.step(given, state)
    scores = decoder.logits(states[0, -len(mark.question) - 1 :]).float().log_softmax(1)
    following = (*mark.question, end)
    log_probs = [float(row[token]) for row, token in zip(scores, following, strict=True)]
    passes = written.passes + 1
    if math.exp(sum(log_probs[:-1])) < _LEAST * stop:
        return Refined(written.tokens, written.log_probs, True, passes)
    log_probs = [*written.log_probs[: len(body)], *log_probs]
    return Refined((*body, *mark.question), tuple(log_probs), True, passes)
