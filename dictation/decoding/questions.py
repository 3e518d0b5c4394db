"""A question mark where the decoder nearly writes one."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from dictation.decoding.refinement import Refined
from dictation.model.decoder import AttentionDecoder, DecoderState

# How likely a question mark is beside the full stop, and where the words ask. Found on development
# sets.
_LEAST, _LEAST_WHERE_WORDS_ASK = 0.1, 1 / 70
# Words of Mandarin that ask, or do so in a statement: 95 % of Tatoeba's questions have one in their
# last clause, and 4 % of its statements.
_ASKING = re.compile(
    r"什么|谁|哪|几(?!乎)|怎|如何|为何|何时|多[少久大远高长]|吗|呢$|是否|有没有|([\u4e00-\u9fff])不\1"
)
_CLAUSES = re.compile(r"[，。？！,.?!]")


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
    raw: Callable[[Sequence[int]], str],
) -> Refined:
    """Return what was written with a question mark for the full stop at its end, where that is at
    least a tenth as likely, or a seventieth where the words of its last clause ask.

    Nearly all that training has heard ends with a full stop, and its voices hardly rise: a decoder
    thinks of a question mark more often than it prefers one. `state`: before the prompt; `raw`: the
    text of tokens.
    """
    mark = next((each for each in marks if written.tokens[-len(each.stop) :] == each.stop), None)
    if mark is None or not written.ended:
        return written
    body = written.tokens[: -len(mark.stop)]
    stop = math.exp(sum(written.log_probs[len(body) : -1]))
    asks = _ASKING.search(_CLAUSES.split(raw(body))[-1])
    least = _LEAST if asks is None else _LEAST_WHERE_WORDS_ASK
    if 1 - stop < least * stop:
        return written  # whatever else is likely there
    given = torch.tensor([[*prompt, *body, *mark.question]], device=state.memory[0][0].device)
    states, _ = decoder.step(given, state)
    scores = decoder.logits(states[0, -len(mark.question) - 1 :]).float().log_softmax(1)
    following = (*mark.question, end)
    log_probs = [float(row[token]) for row, token in zip(scores, following, strict=True)]
    passes = written.passes + 1
    if math.exp(sum(log_probs[:-1])) < least * stop:
        return Refined(written.tokens, written.log_probs, True, passes)
    log_probs = [*written.log_probs[: len(body)], *log_probs]
    return Refined((*body, *mark.question), tuple(log_probs), True, passes)
