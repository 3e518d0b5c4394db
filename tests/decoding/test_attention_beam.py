"""The decoder's beam search, held to looking at every text there is."""

import itertools
from dataclasses import replace

import pytest
import torch

from dictation.decoding.attention import attention_log_probs
from dictation.decoding.attention_beam import attention_beam_search
from dictation.decoding.refinement import refine
from dictation.model.config import DecoderConfig
from tests.models import tiny_config, tiny_model

VOCABULARY, START, END, LIMIT = 6, 5, 4, 4
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


def decoder(seed: int, end_bias: float = 0.0):
    model = tiny_model(replace(tiny_config(), decoder=SHAPE), seed).decoder
    model.output.bias.data[END] += end_bias
    return model


def searched(model, beam: int, limit: int = LIMIT):
    return attention_beam_search(model, model.initial_state(MEMORY), [START], END, beam, limit)


def likelihood(model, tokens) -> float:
    return float(attention_log_probs(model, MEMORY, [START], END, [tokens])[0].sum())


def may_end(model, tokens) -> bool:
    """Tell whether the end is at least half as likely there as anything else."""
    given = torch.tensor([[START, *tokens]])
    states, _ = model.step(given, model.initial_state(MEMORY))
    probabilities = model.logits(states[0, -1]).softmax(0)
    return bool(2 * probabilities[END] > probabilities.max())


@pytest.mark.parametrize("seed", range(12))
@torch.inference_mode()
def test_a_wide_beam_finds_the_likeliest_of_all_texts_that_may_end(seed):
    model = decoder(seed, end_bias=(seed % 3) - 1.0)
    letters = [token for token in range(VOCABULARY) if token != END]
    texts = [text for size in range(LIMIT) for text in itertools.product(letters, repeat=size)]
    rows = attention_log_probs(model, MEMORY, [START], END, texts)
    whole = [number for number, text in enumerate(texts) if may_end(model, text)]
    found = searched(model, beam=len(letters) ** LIMIT)
    assert found.ended == bool(whole)
    if not whole:
        return
    best = max(whole, key=lambda number: float(rows[number].sum()))
    assert found.tokens == texts[best]
    torch.testing.assert_close(torch.tensor(found.log_probs), rows[best])


@pytest.mark.parametrize("seed", range(12))
@torch.inference_mode()
def test_the_narrowest_beam_writes_nothing_less_likely_than_token_after_token(seed):
    model = decoder(seed, end_bias=3.0)
    plain = refine(model, MEMORY, [START], END, (), 20)
    found = searched(model, beam=1, limit=20)
    assert plain.ended
    assert likelihood(model, found.tokens) >= likelihood(model, plain.tokens) - 1e-5
    assert sum(found.log_probs) == pytest.approx(likelihood(model, found.tokens), abs=1e-4)


@torch.inference_mode()
def test_a_decoder_that_never_ends_is_stopped():
    found = searched(decoder(1, end_bias=-1e4), beam=3)
    assert not found.ended
    assert len(found.tokens) == len(found.log_probs) == found.passes == LIMIT


@torch.inference_mode()
def test_the_search_ends_when_nothing_likelier_is_left():
    model = decoder(2, end_bias=30.0)
    found = searched(model, beam=3)
    assert (found.tokens, found.ended, found.passes) == ((), True, 1)
