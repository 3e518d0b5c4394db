"""A recorded chunk step gives what the step gives. The recorder stands in for CUDA's alone: it
notes every operation with the memory it reads and writes, and does the same again."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dictation.model.graph import ChunkSteps, capture_for
from dictation.model.placement import PlacedModel, Placement
from dictation.model.stream import state_tensors
from tests.model.test_mixed_precision import small_config
from tests.models import tiny_config, tiny_model

CHUNK = 4


class Recorder(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.notes = []
        self.replays = 0

    def capture(self, work):
        work()
        with self:
            work()
        return self.replay

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        if function is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing")
        result = function(*arguments, **(named or {}))
        self.notes.append((function, arguments, named or {}, result))
        return result

    def replay(self):
        self.replays += 1
        for function, arguments, named, result in self.notes:
            again = function(*arguments, **named)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def stream(steps, encoder, seed, left, turns=8):
    """Encode `turns` chunks and return what each gave; a generator, so that streams can mix."""
    torch.manual_seed(seed)
    mel_bins = encoder.initial_state().subsampling.features.size(2)
    features = torch.randn(1, encoder.lookahead + turns * CHUNK * encoder.factor, mel_bins)
    state = encoder.initial_state()
    first, *parts = torch.split(
        features, [encoder.lookahead, *[CHUNK * encoder.factor] * turns], dim=1
    )
    _, state = steps(first, state, CHUNK, left, False)
    for part in parts:
        output, state = steps(part, state, CHUNK, left, False)
        yield output.memory, output.top, output.top_lengths, *state_tensors(state), state.offset


def assert_same(found, expected, atol=1e-6):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=atol, rtol=1e-5)


def configs():
    for position in ("relative", "relative_shift", "absolute"):
        yield pytest.param(small_config(position=position), id=position)
    yield pytest.param(small_config(convolution="none"), id="no convolution")
    yield pytest.param(tiny_config(20), id="two stages")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("config", configs())
@torch.inference_mode()
def test_a_recorded_stream_is_the_stream(config, precision):
    placed = PlacedModel(tiny_model(config), Placement("cpu", precision))
    recorder, encoder = Recorder(), placed.model.encoder
    steps = ChunkSteps(encoder, recorder.capture)

    def both():
        return (
            list(stream(steps.step, encoder, 1, left=2)),
            list(stream(encoder.step, encoder, 1, left=2)),
        )

    for found, expected in zip(*placed.run(both), strict=True):
        # Half-precision products round by how their input lies in memory.
        assert_same(found, expected, 1e-6 if precision == "fp32" else 1e-2)
    # The left context is full after two chunks, the third is recorded as it is computed.
    assert recorder.replays == 5


@torch.inference_mode()
def test_streams_that_take_turns_do_not_mix():
    encoder = PlacedModel(tiny_model(small_config()), Placement("cpu", "fp32")).model.encoder
    recorder = Recorder()
    steps = ChunkSteps(encoder, recorder.capture).step
    turns = zip(stream(steps, encoder, 1, 1), stream(steps, encoder, 2, 1), strict=True)
    # All turns are made before any is looked at: what was given must not change later.
    first, second = zip(*turns, strict=True)
    for seed, found in ((1, first), (2, second)):
        for one, other in zip(found, stream(encoder.step, encoder, seed, 1), strict=True):
            assert_same(one, other)
    assert recorder.replays > 8


@torch.inference_mode()
def test_with_all_of_the_past_nothing_is_recorded():
    encoder = PlacedModel(tiny_model(small_config()), Placement("cpu", "fp32")).model.encoder
    recorder = Recorder()
    list(stream(ChunkSteps(encoder, recorder.capture).step, encoder, 1, left=-1))
    assert not recorder.notes


@torch.inference_mode()
def test_where_recording_fails_every_chunk_is_computed_and_the_log_says_so_once(caplog):
    encoder = PlacedModel(tiny_model(small_config()), Placement("cpu", "fp32")).model.encoder
    tries = []

    def capture(work):
        tries.append(work)
        raise RuntimeError("CUDA error: operation not permitted\nmore of it")

    steps = ChunkSteps(encoder, capture)
    found, expected = (list(stream(each, encoder, 1, 1)) for each in (steps.step, encoder.step))
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other)
    assert len(tries) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "chunks are not computed as a CUDA graph here: CUDA error: operation not permitted"
    ]


def test_only_cuda_records():
    assert capture_for(torch.device("cpu")) is None
    assert capture_for(torch.device("mps")) is None
    assert capture_for(torch.device("cuda:1")) is not None
