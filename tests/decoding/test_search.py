"""CTC searches against counting every alignment."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.decoding.context import ContextGraph, Phrase
from dictation.decoding.greedy import collapse, greedy
from dictation.decoding.prefix_beam import BeamState, extend, hypotheses, prefix_beam_search
from tests.decoding.plain_beam import plain_prefix_beam_search


def every_alignment(log_probs: torch.Tensor) -> dict[tuple[int, ...], float]:
    """Return the probability of every text by summing over all its alignments."""
    frames, size = log_probs.shape
    total: dict[tuple[int, ...], float] = {}
    for alignment in itertools.product(range(size), repeat=frames):
        probability = math.exp(sum(log_probs[t, k].item() for t, k in enumerate(alignment)))
        text = collapse(alignment).tokens
        total[text] = total.get(text, 0.0) + probability
    return total


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 5), size=st.integers(2, 4), seed=st.integers(0, 500))
def test_a_wide_beam_finds_the_likeliest_text_with_its_probability(frames, size, seed):
    torch.manual_seed(seed)
    log_probs = (2 * torch.randn(frames, size, dtype=torch.double)).log_softmax(1)
    truth = every_alignment(log_probs)
    found = prefix_beam_search(log_probs, beam=600)
    best = max(truth, key=truth.__getitem__)
    assert math.exp(found[0].score) == pytest.approx(truth[best])
    for hypothesis in found:  # texts too long for the frames have no probability at all
        assert math.exp(hypothesis.score) == pytest.approx(truth.get(hypothesis.tokens, 0.0))


def test_the_beam_counts_alignments_where_the_best_path_does_not():
    # Every frame prefers the blank, but the token's three alignments together outweigh it.
    log_probs = torch.tensor([[0.6, 0.4], [0.6, 0.4]]).log()
    assert greedy(log_probs).tokens == ()
    assert prefix_beam_search(log_probs, 4)[0].tokens == (1,)


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(0, 30))
def test_a_stream_collapses_as_the_whole_does(best, cut):
    cut = min(cut, len(best))
    head = collapse(best[:cut])
    tail = collapse(best[cut:], offset=cut, last=best[cut - 1] if cut else 0)
    whole = collapse(best)
    assert head.tokens + tail.tokens == whole.tokens
    assert head.frames + tail.frames == whole.frames


def test_repeats_merge_unless_a_blank_stands_between():
    assert collapse([1, 1, 0, 1, 2, 2, 0]).tokens == (1, 1, 2)
    assert collapse([1, 1, 0, 1, 2, 2, 0]).frames == (0, 3, 4)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 40), cut=st.integers(0, 40), beam=st.integers(1, 6))
def test_a_search_in_parts_is_the_search_over_the_whole(frames, cut, beam):
    torch.manual_seed(frames)
    log_probs = (3 * torch.randn(frames, 7)).log_softmax(1)
    state = extend(BeamState.initial(), log_probs[:cut], beam)
    first = hypotheses(state)
    assert hypotheses(extend(state, log_probs[cut:], beam)) == prefix_beam_search(log_probs, beam)
    assert hypotheses(state) == first  # a state is a value: going on from it leaves it as it is


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 30), seed=st.integers(0, 99))
def test_every_token_has_a_peak_and_peaks_come_in_order(frames, seed):
    torch.manual_seed(seed)
    log_probs = (3 * torch.randn(frames, 7)).log_softmax(1)
    for hypothesis in prefix_beam_search(log_probs, 5):
        assert len(hypothesis.frames) == len(hypothesis.tokens)
        assert list(hypothesis.frames) == sorted(set(hypothesis.frames))
        assert all(0 <= frame < frames for frame in hypothesis.frames)


def test_equally_likely_texts_come_in_the_order_they_are_met():
    log_probs = torch.full((3, 4), 0.25).log()
    assert prefix_beam_search(log_probs, 4) == prefix_beam_search(log_probs, 4)
    assert len({hypothesis.tokens for hypothesis in prefix_beam_search(log_probs, 4)}) == 4


phrases = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=3), max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    frames=st.integers(1, 25),
    beam=st.integers(1, 8),
    levels=st.sampled_from([2, 3, 1000]),
    hot=phrases,
    quirks=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_the_search_in_arrays_is_the_plain_one(frames, beam, levels, hot, quirks, seed):
    # With few levels many texts are equally likely, and the order in which they are met decides.
    generator = torch.Generator().manual_seed(seed)
    logits = 4.0 * torch.randint(levels, (frames, 6), generator=generator) / levels
    log_probs = logits.log_softmax(1)
    graph = ContextGraph([Phrase(tuple(phrase), 1.0) for phrase in hot], wenet_quirks=quirks)
    context = graph if hot else None
    found = prefix_beam_search(log_probs, beam, context)
    plain = plain_prefix_beam_search(log_probs, beam, context)
    assert [(each.tokens, each.frames) for each in found] == [
        (each.tokens, each.frames) for each in plain
    ]
    assert [each.score for each in found] == pytest.approx([each.score for each in plain])
