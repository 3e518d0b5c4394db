"""A model in the form that computes fastest is the model that was trained."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.model.cache import AttentionState
from dictation.model.linear import Int8Linear, feed_forward
from dictation.model.stream import stack_states, unstack_states
from tests.model.test_streaming import CENTRED, VARIANTS, random_parts, stream
from tests.models import tiny_config, tiny_model

KINDS = {"starter": tiny_config(), "wenet": tiny_config(whisper=False)} | VARIANTS | CENTRED
each_kind = pytest.mark.parametrize("config", KINDS.values(), ids=KINDS.keys())
some_kinds = pytest.mark.parametrize(
    "config", [KINDS[name] for name in ("starter", "wenet", "distances", "batch norm")]
)


@each_kind
@pytest.mark.parametrize("form", ["plain", "blocks"])
@torch.inference_mode()
def test_another_form_gives_the_same_numbers(config, form):
    encoder, formed = tiny_model(config).encoder, tiny_model(config).encoder
    formed.take_form(form)
    features, lengths = torch.randn(2, 120, config.features.mel_bins), torch.tensor([120, 90])
    for chunk_size in (None, 4):
        one, other = (each(features, lengths, chunk_size, 2) for each in (encoder, formed))
        torch.testing.assert_close(one.memory, other.memory, atol=1e-5, rtol=0)
        torch.testing.assert_close(one.top, other.top, atol=1e-5, rtol=0)
    parts = random_parts(120, 1)
    one, other = (stream(each, features[:1], parts, 4, 2) for each in (encoder, formed))
    torch.testing.assert_close(one.top, other.top, atol=1e-5, rtol=0)


@some_kinds
@torch.inference_mode()
def test_int8_stays_close(config):
    encoder, formed = tiny_model(config).encoder, tiny_model(config).encoder
    formed.take_form("int8")
    features, lengths = torch.randn(1, 120, config.features.mel_bins), torch.tensor([120])
    one, other = (each(features, lengths).top for each in (encoder, formed))
    assert 0 < (one - other).abs().mean() < 0.1 * one.abs().mean()


@torch.inference_mode()
def test_a_massive_frame_takes_nothing_from_the_others_in_int8():
    torch.manual_seed(1)
    layer, frames = torch.nn.Linear(64, 32), torch.randn(10, 64)
    frames[3] *= 1000
    apart = (Int8Linear(layer.weight, layer.bias)(frames) - layer(frames)).norm(dim=1)
    assert (apart < 0.02 * layer(frames).norm(dim=1)).all()


@torch.inference_mode()
def test_a_fine_input_loses_nothing_in_int8():
    torch.manual_seed(1)
    layer, frames = torch.nn.Linear(64, 32), torch.randn(10, 64) ** 3
    whole = torch.full_like(layer.weight, 127) * torch.randint_like(layer.weight, -1, 2)
    layer.weight.copy_(whole)  # nothing of the weights is lost
    exact = layer(frames)
    rough, fine = (Int8Linear(layer.weight, layer.bias, each)(frames) for each in (False, True))
    assert (fine - exact).norm() < 0.01 * (rough - exact).norm()


@torch.inference_mode()
def test_only_what_a_whisper_s_activation_gives_takes_a_second_product_in_int8():
    torch.manual_seed(1)
    inner, outer = torch.nn.Linear(32, 64), torch.nn.Linear(64, 32)
    frames = 10 * torch.randn(10, 32)
    apart = {}
    for activation in (torch.nn.GELU(), torch.nn.SiLU()):
        formed = feed_forward(inner, activation, outer, "int8")
        entering = formed[1](formed[0](frames))
        exact = formed[2](entering)
        rough = Int8Linear(outer.weight, outer.bias)(entering)
        apart[type(activation)] = (exact - rough).abs().max()
    assert apart[torch.nn.GELU] > 0
    assert apart[torch.nn.SiLU] == 0


@some_kinds
@settings(max_examples=5, deadline=None)
@given(
    chunks=st.lists(st.integers(0, 6), min_size=2, max_size=4),
    left_context=st.integers(-1, 3),
    seed=st.integers(0, 99),
)
def test_streams_in_one_batch_go_on_as_each_would_alone(config, chunks, left_context, seed):
    encoder, size = tiny_model(config).encoder, 4
    torch.manual_seed(seed)
    frames, mels = size * encoder.factor, config.features.mel_bins
    with torch.inference_mode():
        states = []
        for count in chunks:  # some have heard more than others
            begun = torch.randn(1, encoder.lookahead + count * frames, mels)
            states.append(encoder.step(begun, encoder.initial_state(), size, left_context)[1])
        fresh = torch.randn(len(chunks), 3 * frames, mels)
        together = stack_states(states)
        tops = []
        for part in fresh.split(frames, dim=1):
            output, together = encoder.step(part, together, size, left_context)
            tops.append(output.top)
        for index, state in enumerate(states):
            output, after = encoder.step(fresh[index : index + 1], state, size, left_context)
            batched = torch.cat(tops, dim=1)[index : index + 1]
            torch.testing.assert_close(batched, output.top, atol=1e-5, rtol=0)
            assert_same_state(unstack_states(together)[index], after)


def assert_same_state(one, other):
    assert one.offset == other.offset
    for mine, yours in zip(one.blocks, other.blocks, strict=True):
        for name in ("keys", "values"):
            torch.testing.assert_close(
                getattr(mine.attention, name), getattr(yours.attention, name), atol=1e-5, rtol=0
            )
        torch.testing.assert_close(mine.convolution, yours.convolution, atol=1e-5, rtol=0)
    torch.testing.assert_close(one.subsampling, other.subsampling, atol=1e-5, rtol=0)
    torch.testing.assert_close(one.pending, other.pending, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_stacked_states_are_taken_apart_again():
    encoder = tiny_model(tiny_config(whisper=False)).encoder
    states = [
        encoder.step(torch.randn(1, 3 + 16 * count, 20), encoder.initial_state(), 4, 2)[1]
        for count in (1, 5, 0)
    ]
    for one, other in zip(unstack_states(stack_states(states)), states, strict=True):
        assert_same_state(one, other)


@torch.inference_mode()
def test_streams_within_a_chunk_of_each_other_are_not_stacked():
    encoder = tiny_model(tiny_config(whisper=False)).encoder
    _, behind = encoder.step(torch.randn(1, 12, 20), encoder.initial_state(), 4, 2)
    with pytest.raises(ValueError, match="same place within a chunk"):
        stack_states([encoder.initial_state(), behind])


@torch.inference_mode()
def test_a_state_is_a_value_two_streams_may_go_on_from():
    encoder = tiny_model(tiny_config(whisper=False)).encoder
    features = torch.randn(3, 1, 64, 20)
    _, state = encoder.step(features[0], encoder.initial_state(), 4)
    kept = state.blocks[0].attention.keys.clone()
    one, _ = encoder.step(features[1], state, 4)
    encoder.step(features[2], state, 4)
    again, _ = encoder.step(features[1], state, 4)
    assert torch.equal(one.memory, again.memory)
    assert torch.equal(state.blocks[0].attention.keys, kept)


def test_rows_are_written_where_there_is_room():
    nothing = torch.zeros(1, 2, 0, 3)
    state = AttentionState.of(nothing, nothing, 3)
    rows = torch.randn(10, 1, 2, 4, 3)
    for index, each in enumerate(rows):
        state = state.appended(each, -each).kept(8)
        expected = torch.cat(list(rows[max(0, index - 1) : index + 1]), dim=2)
        assert torch.equal(state.keys, expected)
        assert torch.equal(state.values, -expected)
