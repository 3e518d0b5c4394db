"""Weights of a byte: how large they are, and what they change."""

import pytest
import torch

from dictation.checkpoints.own import load_checkpoint, save_checkpoint
from dictation.checkpoints.weights import ModelError, read_shards, write_shards
from tests.models import tiny_checkpoint


@pytest.fixture
def weights():
    torch.manual_seed(0)
    return {
        "linear": torch.randn(256, 128) * torch.logspace(-3, 1, 256)[:, None],
        "kernel": torch.randn(128, 64, 3),
        "nothing": torch.zeros(128, 128),
        "bias": torch.randn(512),
    }


def test_a_byte_a_weight_takes_half_of_half_precision(tmp_path, weights):
    sizes = []
    for dtype in (torch.float16, torch.int8):
        write_shards(weights, tmp_path, dtype)
        sizes.append((tmp_path / "model.safetensors").stat().st_size)
    assert 0.45 < sizes[1] / sizes[0] < 0.6


def test_each_row_is_off_by_half_a_step_of_its_own_at_most(tmp_path, weights):
    write_shards(weights, tmp_path, torch.int8)
    found = read_shards(tmp_path, torch.float32)
    assert found.keys() == weights.keys()
    for name in ("linear", "kernel", "nothing"):
        step = weights[name].flatten(1).abs().amax(1) / 127
        off = (found[name] - weights[name]).flatten(1).abs().amax(1)
        assert (off <= 0.501 * step).all()
    torch.testing.assert_close(found["bias"], weights["bias"], rtol=1e-3, atol=1e-3)


def test_bytes_are_the_same_when_written_again(tmp_path, weights):
    write_shards(weights, tmp_path, torch.int8)
    first = read_shards(tmp_path, torch.float32)
    write_shards(first, tmp_path, torch.int8)
    for name, weight in read_shards(tmp_path, torch.float32).items():
        torch.testing.assert_close(weight, first[name], rtol=1e-6, atol=0)


def test_a_model_in_bytes_loads_as_any_other(tmp_path, monkeypatch):
    monkeypatch.setattr("dictation.checkpoints.weights._LEAST", 64)
    checkpoint = tiny_checkpoint()
    save_checkpoint(checkpoint, tmp_path, torch.int8)
    found = load_checkpoint(tmp_path).model.state_dict()
    for name, weight in checkpoint.model.state_dict().items():
        largest = weight.abs().max()
        assert (found[name] - weight).abs().max() <= 0.01 * largest, name


@pytest.mark.parametrize("most", [1, 32_800, 33_000, 60_000])
def test_a_scale_is_in_the_file_of_its_weight_wherever_that_ends(
    tmp_path, weights, monkeypatch, most
):
    monkeypatch.setattr("dictation.checkpoints.weights.SHARD_BYTES", most)
    write_shards(weights, tmp_path, torch.int8)
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    found = read_shards(tmp_path, torch.float32)
    assert found.keys() == weights.keys()
    torch.testing.assert_close(found["linear"], weights["linear"], rtol=0, atol=0.2)


def test_a_scale_of_another_shape_is_named(tmp_path, weights):
    from safetensors.torch import load_file, save_file

    write_shards(weights, tmp_path, torch.int8)
    file = tmp_path / "model.safetensors"
    stored = load_file(file)
    save_file(stored | {"linear.scale": torch.ones(3, 1)}, file)
    with pytest.raises(ModelError, match=r"model\.safetensors: damaged"):
        read_shards(tmp_path, torch.float32)
