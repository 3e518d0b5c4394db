"""Weights in safetensors files: single, half precision, or a byte each with a scale a row."""

import errno
from collections.abc import Iterator, Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from dictation.errors import DictationError
from dictation.model.linear import in_bytes

SHARD_BYTES = 80_000_000
_SCALE = ".scale"
_LEAST = 1 << 14
"""Smaller weights stay in half precision: norms, biases, depthwise kernels."""


class ModelError(DictationError):
    """A model folder is missing, damaged, or not one this program can load."""


def write_shards(weights: Mapping[str, Tensor], folder: Path, dtype: torch.dtype) -> None:
    """Write `model*.safetensors` in place of those in a folder, each of at most 80 MB."""
    for old in folder.glob("model*.safetensors"):
        old.unlink()
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, stored in _stored(weights, dtype):
        size += stored.nbytes
        # A scale stands beside its weight, whatever the room: they are read together.
        if size > SHARD_BYTES and shards[-1] and name.removesuffix(_SCALE) not in shards[-1]:
            shards.append({})
            size = stored.nbytes
        shards[-1][name] = stored
    for index, shard in enumerate(shards, start=1):
        name = f"model-{index}-of-{len(shards)}" if len(shards) > 1 else "model"
        write_tensors(shard, folder / f"{name}.safetensors")


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write one safetensors file; raises OSError, also for a full disk."""
    try:
        safetensors.torch.save_file(dict(tensors), path)
    except safetensors.SafetensorError as error:  # as such it says that the disk is full, too
        raise OSError(errno.EIO, str(error), str(path)) from error


def read_shards(folder: Path, dtype: torch.dtype) -> dict[str, Tensor]:
    """Read the weights that `write_shards` wrote, as `dtype`. Raises ModelError."""
    shards = sorted(folder.glob("model*.safetensors"))
    if not shards:
        raise ModelError(f"{folder}: no model*.safetensors; fetch the model again")
    weights: dict[str, Tensor] = {}
    for shard in shards:
        try:
            with safetensors.safe_open(shard, framework="pt") as file:
                names = set(file.keys())
                for name in names:
                    if name.endswith(_SCALE) and name.removesuffix(_SCALE) in names:
                        continue
                    # One at a time: the file's precision and ours are never both in memory.
                    value = file.get_tensor(name)
                    if name + _SCALE in names:
                        value = value * file.get_tensor(name + _SCALE)
                    weights[name] = value.to(dtype) if value.is_floating_point() else value
        except (safetensors.SafetensorError, OSError, RuntimeError) as error:
            raise ModelError(f"{shard}: damaged ({error}); fetch the model again") from error
    return weights


def _stored(weights: Mapping[str, Tensor], dtype: torch.dtype) -> Iterator[tuple[str, Tensor]]:
    for name, weight in weights.items():
        if not weight.is_floating_point():
            yield name, weight.contiguous()
        elif dtype != torch.int8:
            yield name, weight.to(dtype).contiguous()
        elif weight.dim() < 2 or weight.numel() < _LEAST:
            yield name, weight.half().contiguous()
        else:
            values, scales = in_bytes(weight.float().flatten(1))
            yield name, values.view(weight.shape).contiguous()
            yield name + _SCALE, scales.view(-1, *[1] * (weight.dim() - 1))
