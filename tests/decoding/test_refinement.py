"""Refinement: with whatever draft, the text of one pass for each token, in fewer passes."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.decoding.refinement import refine
from dictation.model.config import DecoderConfig
from tests.models import tiny_config, tiny_model

VOCABULARY, START, END, LIMIT = 24, 23, 22, 30
SHAPE = DecoderConfig(
    VOCABULARY,
    width=16,
    heads=2,
    ffn_width=32,
    blocks=2,
    start=START,
    end=END,
    positions="sinusoid",
    scaled=True,
    tied=False,
    key_bias=True,
)
MEMORY = torch.randn(1, 30, 16, generator=torch.Generator().manual_seed(5))


def decoder(seed: int):
    return tiny_model(replace(tiny_config(), decoder=SHAPE), seed).decoder


def plain(model) -> tuple[int, ...]:
    """Write the likeliest token after token, everything from the start each time."""
    tokens: list[int] = []
    for _ in range(LIMIT):
        states = model(torch.tensor([[START, *tokens]]), MEMORY, None)
        best = int(model.logits(states)[0, -1].argmax())
        if best == END:
            break
        tokens.append(best)
    return tuple(tokens)


def refined(model, draft):
    return refine(model, MEMORY, [START], END, draft, LIMIT)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 30), st.lists(st.integers(0, END - 1), max_size=40))
@torch.inference_mode()
def test_any_draft_gives_the_text_of_plain_greedy_decoding(seed, draft):
    model = decoder(seed)
    assert refined(model, draft).tokens == plain(model)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 30), st.data())
@torch.inference_mode()
def test_a_draft_with_slips_gives_the_same_text_in_fewer_passes(seed, data):
    model = decoder(seed)
    wanted = plain(model)
    draft = list(wanted)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, max(0, len(draft) - 1)))
        slip = data.draw(st.lists(st.integers(0, END - 1), max_size=2))
        draft[at : at + data.draw(st.integers(0, 2))] = slip
    found = refined(model, draft)
    assert found.tokens == wanted
    assert found.passes <= len(wanted) + 1


@pytest.mark.parametrize("seed", range(4))
@torch.inference_mode()
def test_a_perfect_draft_is_checked_in_a_few_passes(seed):
    model = decoder(seed)
    model.output.bias[END] = -1e4
    wanted = plain(model)
    found, without_draft = refined(model, wanted), refined(model, ())
    assert found.tokens == without_draft.tokens == wanted
    assert (found.passes, without_draft.passes) == (3, LIMIT)


@torch.inference_mode()
def test_every_token_has_the_probability_of_the_text_so_far():
    model = decoder(1)
    found = refined(model, plain(model)[:5])
    states = model(torch.tensor([[START, *found.tokens]]), MEMORY, None)
    scores = model.logits(states)[0].log_softmax(1)
    written = [*found.tokens, END] if found.ended else found.tokens
    expected = [float(scores[at, token]) for at, token in enumerate(written)]
    assert found.log_probs == pytest.approx(expected, abs=1e-4)


@torch.inference_mode()
def test_a_text_that_does_not_end_is_cut_at_its_limit():
    model = decoder(2)
    model.output.bias[END] = -1e4
    found = refined(model, [1, 2, 3] * 20)
    assert not found.ended
    assert len(found.tokens) == len(found.log_probs) == LIMIT
    assert found.tokens == plain(model)
