"""The masked pass over a whole utterance and the pass chunk by chunk are the same function."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.model.attention import sinusoids
from dictation.model.config import ModelConfig
from dictation.model.encoder import Encoder, EncoderOutput
from tests.models import tiny_config, tiny_model

TOLERANCE = 1e-5

lengths = st.integers(1, 150)
chunk_sizes = st.sampled_from([2, 4, 6, 16])
left_contexts = st.integers(-1, 3)
kinds = pytest.mark.parametrize("whisper", [True, False], ids=["whisper stem", "wenet stem"])


def changed_wenet(subsampling="conv2d4", final_norm=True, **block) -> ModelConfig:
    """Return WeNet's shape with one thing about it changed."""
    config = tiny_config(whisper=False)
    encoder = replace(
        config.encoder,
        block=replace(config.encoder.block, **block),
        subsampling=subsampling,
        final_norm=final_norm,
    )
    return replace(config, features=replace(config.features, mel_bins=32), encoder=encoder)


VARIANTS = {
    "a sixth of the frames": changed_wenet("conv2d6"),
    "an eighth of the frames": changed_wenet("conv2d8"),
    "half of the frames": changed_wenet("conv1d2"),
    "distances": changed_wenet(position="relative_shift"),
    "added sinusoids": changed_wenet(position="absolute_interleaved"),
    "no positions": changed_wenet(position="none"),
    "batch norm": changed_wenet(convolution_norm="batch"),
    "rms norm": changed_wenet(norm="rms", convolution_norm="rms"),
    "no macaron": changed_wenet(macaron=False, ffn_scale=1.0),
    "no convolution": changed_wenet(convolution="none", closing_norm=False),
    "norms after": changed_wenet(normalize_before=False, final_norm=False),
    "no biases": changed_wenet(
        query_bias=False,
        key_bias=False,
        value_bias=False,
        out_bias=False,
        ffn_bias=False,
        convolution_bias=False,
    ),
    **{
        name: changed_wenet(activation=name)
        for name in ("gelu", "hardtanh", "relu", "selu", "tanh")
    },
}
CENTRED = {
    "centred": changed_wenet(convolution="centred", convolution_norm="batch"),
}


def named(configs):
    return pytest.mark.parametrize("config", configs.values(), ids=configs.keys())


def stream(
    encoder: Encoder, features: torch.Tensor, sizes: list[int], chunk_size: int, left_context: int
) -> EncoderOutput:
    """Feed features (1, T, F) in parts of the given sizes and join what comes out."""
    state = encoder.initial_state()
    outputs = []
    parts = list(features.split(sizes, dim=1))
    for number, part in enumerate(parts, start=1):
        output, state = encoder.step(part, state, chunk_size, left_context, number == len(parts))
        outputs.append(output)
    memory = torch.cat([output.memory for output in outputs], dim=1)
    top = torch.cat([output.top for output in outputs], dim=1)
    return EncoderOutput(memory, torch.tensor([memory.size(1)]), top, torch.tensor([top.size(1)]))


def random_parts(total: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    parts = []
    while total > 0:
        part = min(total, int(torch.randint(1, 40, (1,), generator=generator)))
        parts.append(part)
        total -= part
    return parts


def assert_stream_is_masked_whole(config, length, chunk_size, left_context, seed):
    encoder = tiny_model(config).encoder
    torch.manual_seed(seed)
    features = torch.randn(1, length, config.features.mel_bins)
    with torch.inference_mode():
        whole = encoder(features, torch.tensor([length]), chunk_size, left_context)
        parts = stream(encoder, features, random_parts(length, seed), chunk_size, left_context)
    assert parts.memory.shape == whole.memory.shape
    assert parts.top.shape == whole.top.shape
    if whole.top.numel():
        assert (parts.memory - whole.memory).abs().max() <= TOLERANCE
        assert (parts.top - whole.top).abs().max() <= TOLERANCE


@kinds
@settings(max_examples=60, deadline=None)
@given(length=lengths, chunk_size=chunk_sizes, left_context=left_contexts, seed=st.integers(0, 99))
def test_chunk_by_chunk_equals_the_masked_whole(whisper, length, chunk_size, left_context, seed):
    config = tiny_config(whisper=whisper)
    assert_stream_is_masked_whole(config, length, chunk_size, left_context, seed)


@named(VARIANTS)
@settings(max_examples=12, deadline=None)
@given(length=lengths, chunk_size=chunk_sizes, left_context=left_contexts, seed=st.integers(0, 99))
def test_so_it_does_whatever_the_blocks_are(config, length, chunk_size, left_context, seed):
    assert_stream_is_masked_whole(config, length, chunk_size, left_context, seed)


def assert_padding_changes_nothing(config, few, chunk_size, left_context):
    encoder = tiny_model(config).encoder
    torch.manual_seed(sum(few))
    alone = [torch.randn(length, config.features.mel_bins) for length in few]
    padded = torch.nn.utils.rnn.pad_sequence(alone, batch_first=True)
    with torch.inference_mode():
        together = encoder(padded, torch.tensor(few), chunk_size, left_context)
        for index, features in enumerate(alone):
            single = encoder(
                features[None], torch.tensor([len(features)]), chunk_size, left_context
            )
            frames, tops = int(together.memory_lengths[index]), int(together.top_lengths[index])
            assert (frames, tops) == (single.memory.size(1), single.top.size(1))
            if tops:
                torch.testing.assert_close(
                    together.memory[index, :frames], single.memory[0], atol=1e-5, rtol=0
                )
                torch.testing.assert_close(
                    together.top[index, :tops], single.top[0], atol=1e-5, rtol=0
                )


some_lengths = st.lists(lengths, min_size=2, max_size=4)


@kinds
@settings(max_examples=25, deadline=None)
@given(few=some_lengths, chunk_size=st.sampled_from([None, 2, 16]), left_context=left_contexts)
def test_padding_changes_nothing(whisper, few, chunk_size, left_context):
    assert_padding_changes_nothing(tiny_config(whisper=whisper), few, chunk_size, left_context)


@named(VARIANTS | CENTRED)
@settings(max_examples=6, deadline=None)
@given(few=some_lengths, chunk_size=st.sampled_from([None, 2, 16]), left_context=left_contexts)
def test_nor_does_it_whatever_the_blocks_are(config, few, chunk_size, left_context):
    assert_padding_changes_nothing(config, few, chunk_size, left_context)


@named(CENTRED)
def test_a_centred_convolution_streams_as_many_frames_as_the_whole_has(config):
    encoder, features = tiny_model(config).encoder, torch.randn(1, 150, 32)
    with torch.inference_mode():
        whole = encoder(features, torch.tensor([150]), 4)
        assert stream(encoder, features, [40, 1, 109], 4, -1).memory.shape == whole.memory.shape


def test_distances_do_not_depend_on_where_an_utterance_begins():
    config = changed_wenet(position="relative_shift")
    attention = tiny_model(config).encoder.blocks[0].attention
    x = torch.randn(1, 9, 16)
    with torch.inference_mode():
        assert (attention(x, None, 0) - attention(x, None, 7000)).abs().max() <= TOLERANCE


def test_each_pair_of_frames_is_scored_by_its_distance():
    attention = tiny_model(changed_wenet(position="relative_shift")).encoder.blocks[0].attention
    queries = torch.randn(1, 2, 5, 8)
    with torch.inference_mode():
        scores = attention._distance_scores(queries, 7, 2)  # keys 3..9, queries 5..9
        for query in range(5):
            for key in range(7):
                distance = (5 + query) - (3 + key)
                row = sinusoids(1, 16, True, queries.device, distance)
                projected = attention.position(row).view(2, 8)
                expected = (queries[0, :, query] * projected).sum(1) / 8**0.5
                torch.testing.assert_close(scores[0, :, query, key], expected)


@pytest.mark.parametrize("position", ["relative", "relative_shift", "absolute_interleaved"])
def test_positions_have_no_last_one(position):
    encoder = tiny_model(changed_wenet(position=position)).encoder
    with torch.inference_mode():
        output = encoder(torch.randn(1, 4 * 5200, 32), torch.tensor([4 * 5200]), 16, 4)
    assert output.memory.size(1) > 5000
    assert torch.isfinite(output.memory).all()


def test_a_frame_sees_no_later_chunk():
    encoder = tiny_model(tiny_config()).encoder
    features = torch.randn(1, 128, 20)
    changed = features.clone()
    changed[:, 100:] += 1.0
    size = torch.tensor([128])
    with torch.inference_mode():
        before, after = (encoder(x, size, 8, -1).memory for x in (features, changed))
    # Feature frame 100 reaches subsampled frame 49 (its window ends two frames later), in chunk 6.
    assert torch.equal(before[:, :48], after[:, :48])
    assert not torch.equal(before[:, 48:], after[:, 48:])


def test_left_context_bounds_what_a_stream_remembers():
    encoder = tiny_model(tiny_config()).encoder
    state = encoder.initial_state()
    for _ in range(12):
        _, state = encoder.step(torch.randn(1, 16, 20), state, 8, 2)
    lower, upper = state.blocks[0].attention.keys, state.blocks[-1].attention.keys
    assert lower.size(2) == 2 * 8
    assert upper.size(2) == 2 * 4


def test_an_odd_chunk_is_refused_where_upper_blocks_see_pairs():
    encoder = tiny_model(tiny_config()).encoder
    with pytest.raises(ValueError, match="must be even"):
        encoder(torch.randn(1, 40, 20), torch.tensor([40]), 7)
