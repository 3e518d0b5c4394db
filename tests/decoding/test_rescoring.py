"""Rescoring in one batch is rescoring each hypothesis alone."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.decoding.attention import (
    RescoringWeights,
    Texts,
    attention_log_probs,
    rescore,
    shares_enough,
)
from dictation.decoding.prefix_beam import Hypothesis
from dictation.model.config import DecoderConfig
from tests.models import tiny_config, tiny_model

NBEST = [Hypothesis((3, 4, 5), -1.0), Hypothesis((), -2.0), Hypothesis((6, 6, 7, 8, 3, 2), -3.0)]


def texts(hypotheses):
    return Texts([19], 19, [each.tokens for each in hypotheses])


def decoders():
    shape = DecoderConfig(
        20,
        width=16,
        heads=2,
        ffn_width=32,
        blocks=2,
        reverse_blocks=1,
        start=19,
        end=19,
        positions="sinusoid",
        scaled=True,
        tied=False,
        activation="relu",
        key_bias=True,
    )
    model = tiny_model(replace(tiny_config(), decoder=shape))
    return model.decoder, model.reverse_decoder


@pytest.mark.parametrize("reverse", [0.0, 0.4, 1.0])
def test_a_hypothesis_does_not_depend_on_its_neighbours(reverse):
    memory, weights = torch.randn(1, 30, 16), RescoringWeights(0.3, reverse)
    with torch.inference_mode():
        together = rescore(decoders(), memory, NBEST, weights, texts(NBEST))
        alone = [rescore(decoders(), memory, [each], weights, texts([each]))[0] for each in NBEST]
    for one, other in zip(together, alone, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.token_confidences == pytest.approx(other.token_confidences, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(2, 4), max_size=6), min_size=1, max_size=6))
def test_texts_that_begin_alike_are_scored_as_if_they_did_not(few):
    memory, (left, _) = torch.randn(1, 30, 16), decoders()
    with torch.inference_mode():
        together = attention_log_probs(left, memory, [19, 7], 19, few)
        for text, found in zip(few, together, strict=True):
            states = left(torch.tensor([[19, 7, *text]]), memory, None)[0, 1:]
            expected = left.logits(states).log_softmax(1)
            wanted = expected.gather(1, torch.tensor([[*text, 19]]).T)[:, 0]
            torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.integers(2, 18), max_size=6), min_size=1, max_size=6))
def test_texts_that_share_nothing_are_scored_as_if_alone(texts):
    unlike = [[2 + (token + row) % 17 for token in text] for row, text in enumerate(texts)]
    memory, (left, _) = torch.randn(1, 30, 16), decoders()
    with torch.inference_mode():
        together = attention_log_probs(left, memory, [19, 7], 19, unlike)
        for text, found in zip(unlike, together, strict=True):
            (alone,) = attention_log_probs(left, memory, [19, 7], 19, [text])
            torch.testing.assert_close(found, alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("nodes", "cells", "enough"),
    [(61, 610, True), (480, 610, True), (600, 610, False), (61, 61, False)],
    ids=["all alike", "most", "next to nothing", "one text"],
)
def test_a_tree_is_for_texts_that_share_enough(nodes, cells, enough):
    assert shares_enough(nodes, cells) is enough


def test_the_score_is_the_sum_of_its_parts():
    memory, (left, right) = torch.randn(1, 30, 16), decoders()
    with torch.inference_mode():
        weights = RescoringWeights(0.5, 0.25, 0.75)
        (found,) = rescore((left, right), memory, NBEST[:1], weights, texts(NBEST[:1]))
        (forward,) = attention_log_probs(left, memory, [19], 19, [(3, 4, 5)])
        (backward,) = attention_log_probs(right, memory, [19], 19, [(5, 4, 3)])
    expected = 0.75 * float(forward.sum()) + 0.25 * float(backward.sum())
    expected += 0.5 * -1.0 + 0.75 * 3
    assert found.score == pytest.approx(expected, abs=1e-5)
    assert found.token_confidences == pytest.approx(
        ((forward[:3].exp() + backward[:3].flip(0).exp()) / 2).tolist(), abs=1e-6
    )


def test_without_a_second_decoder_its_weight_is_of_no_account():
    memory, (left, _) = torch.randn(1, 30, 16), decoders()
    with torch.inference_mode():
        with_weight = rescore((left, None), memory, NBEST, RescoringWeights(0.5, 0.5), texts(NBEST))
        without = rescore((left, None), memory, NBEST, RescoringWeights(0.5, 0.0), texts(NBEST))
    assert with_weight == without
