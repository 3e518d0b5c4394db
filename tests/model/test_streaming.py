"""The masked pass over a whole utterance and the pass chunk by chunk are the same function."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.model.encoder import Encoder, EncoderOutput
from tests.models import tiny_config, tiny_model

TOLERANCE = 1e-5

lengths = st.integers(1, 150)
chunk_sizes = st.sampled_from([2, 4, 6, 16])
left_contexts = st.integers(-1, 3)
kinds = pytest.mark.parametrize("whisper", [True, False], ids=["whisper stem", "wenet stem"])


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


@kinds
@settings(max_examples=60, deadline=None)
@given(length=lengths, chunk_size=chunk_sizes, left_context=left_contexts, seed=st.integers(0, 99))
def test_chunk_by_chunk_equals_the_masked_whole(whisper, length, chunk_size, left_context, seed):
    encoder = tiny_model(tiny_config(whisper=whisper)).encoder
    torch.manual_seed(seed)
    features = torch.randn(1, length, 20)
    with torch.inference_mode():
        whole = encoder(features, torch.tensor([length]), chunk_size, left_context)
        parts = stream(encoder, features, random_parts(length, seed), chunk_size, left_context)
    assert parts.memory.shape == whole.memory.shape
    assert parts.top.shape == whole.top.shape
    if whole.top.numel():
        assert (parts.memory - whole.memory).abs().max() <= TOLERANCE
        assert (parts.top - whole.top).abs().max() <= TOLERANCE


@kinds
@settings(max_examples=25, deadline=None)
@given(
    few=st.lists(lengths, min_size=2, max_size=4),
    chunk_size=st.sampled_from([None, 2, 16]),
    left_context=left_contexts,
)
def test_padding_changes_nothing(whisper, few, chunk_size, left_context):
    encoder = tiny_model(tiny_config(whisper=whisper)).encoder
    torch.manual_seed(sum(few))
    alone = [torch.randn(length, 20) for length in few]
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
