"""Captions that the decoder writes while there is speech: each goes on from the one before."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dictation.decoding.second_pass import distance
from dictation.decoding.spelling import Spelling
from dictation.events import Language
from dictation.model.decoder import AttentionDecoder, DecoderState
from dictation.text.writing.spacing import space_scripts

# The decoder ends a sentence wherever the sound ends, which is not where the speaker does.
_END_MARKS = re.compile(r"[\s.,!?;:…。，！？；：、-]+$")
# Tokens that are checked again when more has been heard; earlier ones stay.
_CHECKED = 16
# One to check, the others for what is new or other; what is undone then waits for the next chunk.
_PASSES = 8
# Where the sound breaks off a decoder goes on with loops: CTC tells how much was said, nearly.
_AHEAD = 2
_MISSED = 5
# Turns that a caption may take when no more sound comes.
_LAST_TURNS = 8
# A token is shown at once from this probability on; of others two captions must have the same.
_SURE = 0.9
# Captions take at most this share of the time.
_SHARE = 0.5


@dataclass(frozen=True)
class Caption:
    """A caption so far: its text, its tokens, the prompt they follow, of which of CTC's units it
    is, of which that had all been heard a chunk before, and what the decoder remembers: of memory
    only the first `certain` frames stay. Memory (1, t, D) that it has not seen yet is `unseen` or,
    where it is still to be revised, `passing`."""

    text: str = ""
    tokens: tuple[int, ...] = ()
    prompt: tuple[int, ...] = ()
    heard: tuple[int, ...] = ()
    settled: tuple[int, ...] = ()
    state: DecoderState | None = None
    certain: int = 0
    unseen: tuple[Tensor, ...] = ()
    passing: Tensor | None = None

    def hearing(self, memory: Tensor, *, certain: bool = True) -> "Caption":
        """Return the caption with memory (1, t, D) before it in the place of what was passing."""
        if not certain:
            return replace(self, passing=memory)
        return replace(self, unseen=(*self.unseen, memory), passing=None)


class CaptionWriter:
    """Writes captions: the decoder checks the end of the last one as a draft, all in one pass, puts
    its own token in the place of the first other one and goes on from there, a few times.

    Earlier tokens keep the keys and values they had when less was heard, so that the cost does not
    grow with the utterance; a caption is not quite the decoder's text of all that was heard.
    """

    def __init__(self, decoder: AttentionDecoder, spelling: Spelling, max_distance: float) -> None:
        self._decoder = decoder
        self._spelling = spelling
        self._max_distance = max_distance

    def write(
        self, caption: Caption, heard: Sequence[int], words: str, language: Language
    ) -> Caption:
        """Return the caption of all that was heard, CTC's units and their `words`.

        Its text is the beginning it shares with the one before and what the decoder is sure of
        after it, as what was written where the sound breaks off seldom lasts, and all of it when
        nothing new was heard; without marks at its end. CTC's words at first and where the decoder
        has lost it. A text that would only be shorter stays as it was: a doubtful word is better
        for a reader than one that goes and comes.
        """
        state, certain = self._seen(caption)
        spelling = self._spelling
        prompt = spelling.prompt(language)
        if prompt != caption.prompt:
            state = state.until(0)
        spelled = spelling.spell(heard)
        limit = len(spelled) + _AHEAD + len(spelled) // _MISSED
        config = self._decoder.config
        if config.positions == "learned":
            limit = min(limit, config.max_tokens - 2 * len(prompt))
        found, likely, state = self._continued(state, prompt, caption.tokens, limit)
        if distance(spelling.raw(found), words) > self._max_distance:
            found, state = spelled[:limit], state.until(len(prompt))
            text = space_scripts(words)
        elif not caption.heard:
            text = space_scripts(words)
        elif tuple(heard) == caption.heard:
            text = self._text(found)
        else:
            shown = len(_alike(found, caption.tokens))
            while shown < len(found) and likely[shown] >= _SURE:
                shown += 1
            text = self._text(found[:shown])
            if caption.text.startswith(text):
                text = caption.text
        tokens = self._without_marks(found)
        return Caption(text, tokens, prompt, tuple(heard), caption.heard, state, certain)

    def whole(self, caption: Caption, heard: Sequence[int], words: str, language: Language) -> str:
        """Return all that the decoder writes of what was heard, when no more sound comes."""
        for _ in range(_LAST_TURNS if heard else 0):
            before = caption.tokens
            caption = self.write(caption, heard, words, language)
            if caption.tokens == before:
                break
        return self._text(caption.tokens)

    def _text(self, tokens: Sequence[int]) -> str:
        # A character may be only half there.
        raw = self._spelling.raw(tokens).replace("\ufffd", "")
        return space_scripts(_END_MARKS.sub("", self._spelling.finished(raw)))

    def _seen(self, caption: Caption) -> tuple[DecoderState, int]:
        """Return what the decoder remembers with all memory there is, where the decoder is, and
        how many frames of that stay."""
        weight = self._decoder.embedding.weight
        device = weight.device
        certain = caption.certain + sum(each.size(1) for each in caption.unseen)
        memory = [*caption.unseen, *([] if caption.passing is None else [caption.passing])]
        if not memory:
            assert caption.state is not None
            return caption.state.to(device), certain
        fresh = self._decoder.initial_state(torch.cat([each.to(weight) for each in memory], dim=1))
        if caption.state is None:
            return fresh, certain
        return caption.state.to(device).hearing(fresh, caption.certain), certain

    def _continued(
        self, state: DecoderState, prompt: tuple[int, ...], tokens: tuple[int, ...], limit: int
    ) -> tuple[tuple[int, ...], list[float], DecoderState]:
        """Return the tokens of the caption, the probability of each and what the decoder remembers;
        1 for those that are no longer checked, 0 for those that wait for the next chunk."""
        end, first = self._spelling.end, len(prompt)
        before = (*prompt, *tokens[:limit])
        kept = max(0, min(state.length, len(before) - _CHECKED, len(before) - 1))
        state = state.until(kept)
        # What is read but not guessed: the rest of the prompt, or one token whose next is asked.
        certain = max(first, kept + 1)
        done, draft = list(before[:certain]), list(before[certain:])
        likely = [1.0] * (len(done) - first)
        for _ in range(_PASSES):
            unread = done[state.length :]
            given = torch.tensor([[*unread, *draft]], device=state.memory[0][0].device)
            states, state = self._decoder.step(given, state)
            logits = self._decoder.logits(states[0, len(unread) - 1 :]).float()
            values, likeliest = logits.softmax(1).max(1)
            best, probabilities = likeliest.tolist(), values.tolist()
            agreed = next((i for i, token in enumerate(draft) if best[i] != token), len(draft))
            done += draft[:agreed]
            likely += probabilities[:agreed]
            state = state.until(len(done))
            token = best[agreed]
            if token == end or len(done) - first >= limit:
                return tuple(done[first:]), likely, state
            done.append(token)
            likely.append(probabilities[agreed])
            # What it would write after the rest of the draft is a better draft (Jacobi decoding,
            # Santilli et al. 2023).
            draft = best[agreed + 1 :][: limit - len(done) + first]
            if end in draft:
                draft = draft[: draft.index(end)]
        # The last token is written, but not read.
        return (*done[first:], *draft), [*likely, *[0.0] * len(draft)], state

    def _without_marks(self, tokens: Sequence[int]) -> tuple[int, ...]:
        count = len(tokens)
        while count and not _END_MARKS.sub("", self._spelling.raw(tokens[count - 1 : count])):
            count -= 1
        return tuple(tokens[:count])


def chunks_to_skip(spent: float, chunk: float) -> int:
    """Return for how many chunks no caption is written after one that took `spent` seconds, where
    chunks are `chunk` seconds long: however slow the processor is, captions never delay sound."""
    return max(0, math.ceil(spent / (_SHARE * chunk)) - 1)


def _alike(one: Sequence[int], other: Sequence[int]) -> Sequence[int]:
    """Return the beginning that both have."""
    pairs = zip(one, other, strict=False)
    return one[: next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))]
