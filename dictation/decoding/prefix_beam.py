"""CTC prefix beam search: the likeliest texts, with every alignment of each counted."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dictation.decoding.context import ContextGraph
from dictation.decoding.fusion import CtcFusion

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Context = ContextGraph | CtcFusion
"""What guides a search besides the sound."""

_NEVER = -np.inf
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@dataclass(frozen=True)
class Hypothesis:
    """A token sequence, the natural logarithm of its CTC probability (what phrases added included),
    and the frame at which the likeliest alignment has each token's peak."""

    tokens: tuple[int, ...]
    score: float
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Chains:
    """Sequences that share their beginnings: item `i` is `values[i]` after the item `before[i]`."""

    values: Ints
    before: Ints
    size: int

    @classmethod
    def empty(cls) -> "_Chains":
        return cls(np.zeros(1, np.int64), np.zeros(1, np.int64), 1)

    def with_room(self, more: int) -> "_Chains":
        nothing = np.zeros(more, np.int64)
        used = slice(0, self.size)
        return _Chains(
            np.concatenate([self.values[used], nothing]),
            np.concatenate([self.before[used], nothing]),
            self.size,
        )

    def added(self, values: Ints, before: Ints) -> tuple["_Chains", Ints]:
        """Write new items into the room there is; returns their numbers too."""
        size = self.size + len(values)
        self.values[self.size : size] = values
        self.before[self.size : size] = before
        return _Chains(self.values, self.before, size), np.arange(self.size, size)

    def sequence(self, last: int) -> tuple[int, ...]:
        found = []
        while last:
            found.append(int(self.values[last]))
            last = int(self.before[last])
        return tuple(reversed(found))


@dataclass(frozen=True)
class BeamState:
    """The prefixes of a search that goes on, best first, each array one entry a prefix.

    `blank`, `token`: log-probability of all alignments that end in blank or in the last token;
    `blank_peak`, `token_peak`: of the likeliest alone, with its peaks as chains of frames. `hashes`
    and `parents` stand for the prefix and the one without its last token.
    """

    prefixes: _Chains
    peaks: _Chains
    frame: int
    last: Ints
    node: Ints
    hashes: Hashes
    parents: Hashes
    blank: Floats
    token: Floats
    blank_peak: Floats
    token_peak: Floats
    blank_frames: Ints
    token_frames: Ints
    context: Ints
    bonus: Floats

    @classmethod
    def initial(cls) -> "BeamState":
        """Return the search before the first frame: the empty text."""
        zero, nought = np.zeros(1, np.int64), np.zeros(1)
        return cls(
            prefixes=_Chains.empty(),
            peaks=_Chains.empty(),
            frame=0,
            last=zero,
            node=zero,
            hashes=np.ones(1, np.uint64),
            parents=np.zeros(1, np.uint64),
            blank=nought,
            token=np.full(1, _NEVER),
            # Both start at zero, as in WeNet: the first token's peak does not depend on it.
            blank_peak=nought,
            token_peak=nought,
            blank_frames=zero,
            token_frames=zero,
            context=zero,
            bonus=nought,
        )


def prefix_beam_search(
    log_probs: Tensor, beam: int, context: Context | None = None
) -> list[Hypothesis]:
    """Return at most `beam` hypotheses of one utterance's log-probabilities (T, V), best first.

    Hannun et al. 2014, algorithm 1; a frame extends prefixes by its `beam` likeliest tokens only,
    as in WeNet. `context`: hot words, or a language model and hot words.
    """
    return hypotheses(extend(BeamState.initial(), log_probs, beam, context), context)


def extend(
    state: BeamState, log_probs: Tensor, beam: int, context: Context | None = None
) -> BeamState:
    """Return the search after the next frames' log-probabilities (T, V); chunk by chunk it is the
    same search as over the whole."""
    width = min(beam, log_probs.size(1))
    best, chosen = torch.topk(log_probs, width, dim=1)
    values: Floats = best.double().cpu().numpy()
    tokens: Ints = chosen.cpu().numpy()
    room = beam * len(values)
    state = replace(
        state, prefixes=state.prefixes.with_room(room), peaks=state.peaks.with_room(room)
    )
    for frame_values, frame_tokens in zip(values, tokens, strict=True):
        state = _advance(state, frame_values, frame_tokens, beam, context)
    return state


def hypotheses(state: BeamState, context: Context | None = None) -> list[Hypothesis]:
    """Return the texts of a search as if it ended here, best first."""
    scores = np.logaddexp(state.blank, state.token)
    order = np.arange(len(scores))
    if context is not None:
        closing = context.closing(state.context)
        if context.wenet_quirks:
            # WeNet forgets what complete phrases have added, and keeps the order they gave.
            scores = scores + closing
        else:
            scores = scores + state.bonus + closing
            order = np.argsort(-scores, kind="stable")
    frames = np.where(state.blank_peak > state.token_peak, state.blank_frames, state.token_frames)
    return [
        Hypothesis(
            state.prefixes.sequence(int(state.node[index])),
            float(scores[index]),
            state.peaks.sequence(int(frames[index])),
        )
        for index in order
    ]


def _advance(
    state: BeamState, values: Floats, tokens: Ints, beam: int, context: Context | None
) -> BeamState:
    """Take one frame: `values` (K,) of its likeliest `tokens` (K,).

    Candidates are the prefixes as they are and, after them, each with each token (B x K).
    """
    count, width = len(state.last), len(tokens)
    total = np.logaddexp(state.blank, state.token)
    after_blank = state.blank_peak > state.token_peak
    peak = np.where(after_blank, state.blank_peak, state.token_peak)
    frames = np.where(after_blank, state.blank_frames, state.token_frames)
    is_blank = tokens == 0
    repeats = (tokens == state.last[:, None]) & ~is_blank
    repeated = repeats.any(1)

    # One token more; one that repeats the last needs a blank between.
    longer = np.where(repeats, state.blank[:, None], total[:, None]) + values
    longer[:, is_blank] = _NEVER
    # No token more: a blank, or the last token once more.
    blanks = values[is_blank]
    at_blank = blanks[0] if blanks.size else _NEVER
    at_last = np.where(repeated, values[repeats.argmax(1)], _NEVER)
    blank, blank_peak = total + at_blank, peak + at_blank
    token, token_peak = state.token + at_last, state.token_peak + at_last

    # A prefix whose beginning is in the beam is that beginning with a token more, too.
    heirs, givers = np.nonzero((state.parents[:, None] == state.hashes) & repeated[:, None])
    column, giver = heirs, np.full(count, -1)
    if heirs.size:
        column = repeats[heirs].argmax(1)
        given, given_peak = longer[givers, column], peak[givers] + values[column]
        doubled = repeats[givers, column]
        given_peak[doubled] = (state.blank_peak[givers] + values[column])[doubled]
        token[heirs] = np.logaddexp(token[heirs], given)
        longer[givers, column] = _NEVER
        # WeNet's peaks: of two alignments that end here the later in its order must be likelier,
        # and repeating a token cannot move a peak that was set in this very frame.
        wins = (given_peak > _NEVER) & ((givers < heirs) | (given_peak > token_peak[heirs]))
        giver[heirs[wins]] = givers[wins]
        token_peak[heirs] = np.maximum(token_peak[heirs], given_peak)

    scores = np.concatenate([np.logaddexp(blank, token), longer.ravel()])
    ranked, contexts, bonus = scores, state.context, state.bonus
    if context is not None:
        entered, gained = context.step(np.repeat(contexts, width), np.tile(tokens, count))
        contexts = np.concatenate([contexts, entered])
        bonus = np.concatenate([bonus, np.repeat(bonus, width) + gained])
        ranked = scores + bonus
    best = np.argsort(-ranked, kind="stable")[: beam + 1]
    best = best[ranked[best] > _NEVER]
    if (ranked[best[1:]] == ranked[best[:-1]]).any():
        order = _order(state, is_blank, repeats, heirs, givers, column)
        best = np.lexsort((order, -ranked))
        best = best[ranked[best] > _NEVER]
    best = best[:beam]

    stays = best < count
    base = np.where(stays, best, (best - count) // width)
    more = np.where(stays, 0, (best - count) % width)
    last = np.where(stays, state.last[base], tokens[more])
    spread = (state.hashes[base] ^ (last + 1).astype(np.uint64)) * _MULTIPLIER
    now_blank = np.where(stays, blank[base], _NEVER)
    now_blank_peak = np.where(stays, blank_peak[base], _NEVER)
    longer_peak = np.where(repeats[base, more], state.blank_peak[base], peak[base]) + values[more]
    now_token_peak = np.where(stays, token_peak[base], longer_peak)
    begun_by = np.where(stays, giver[base], base)
    begins = begun_by >= 0
    before = np.where(state.last[begun_by] == last, state.blank_frames[begun_by], frames[begun_by])
    before = np.where(begins, before, state.peaks.before[state.token_frames[base]])
    peaks, peak_items = state.peaks.added(np.full(len(best), state.frame), before)
    prefixes, items = state.prefixes.added(last[~stays], state.node[base[~stays]])
    node = state.node[base]
    node[~stays] = items
    return BeamState(
        prefixes=prefixes,
        peaks=peaks,
        frame=state.frame + 1,
        last=last,
        node=node,
        hashes=np.where(stays, state.hashes[base], spread ^ (spread >> _SHIFT)),
        parents=np.where(stays, state.parents[base], state.hashes[base]),
        blank=now_blank,
        token=np.where(stays, token[base], longer[base, more]),
        blank_peak=now_blank_peak,
        token_peak=now_token_peak,
        blank_frames=np.where(now_blank_peak > _NEVER, frames[base], 0),
        token_frames=np.where(now_token_peak > _NEVER, peak_items, 0),
        context=contexts[best] if context is not None else state.context[base],
        bonus=bonus[best] if context is not None else state.bonus[base],
    )


def _order(
    state: BeamState,
    is_blank: NDArray[np.bool_],
    repeats: NDArray[np.bool_],
    heirs: Ints,
    givers: Ints,
    column: Ints,
) -> Ints:
    """Return when each candidate is first met going through tokens, then prefixes: WeNet lets that
    decide between equals."""
    count, width = repeats.shape
    never = 2 * count * (width + 1)
    met = 2 * (np.arange(width) * count + np.arange(count)[:, None])
    stay = np.where(is_blank | repeats, met, never).min(1)
    met = met + repeats
    stay[heirs] = np.minimum(stay[heirs], met[givers, column])
    return np.concatenate([stay, met.ravel()])
