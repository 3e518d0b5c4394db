"""Whisper's weights, from either of the files they are published in, by one set of names.

CTranslate2's `model.bin` is read without CTranslate2. Its layout: OpenNMT's CTranslate2,
`python/ctranslate2/specs/model_spec.py` (binary version 6): a header, then each variable with its
name, shape, type and bytes, little-endian. `model.safetensors` is the Hugging Face hub's, with the
names of `transformers`' WhisperForConditionalGeneration. The names used here are CTranslate2's.
"""

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dictation.errors import DictationError

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_VERSION = 6


class WhisperFileError(DictationError):
    """The file is not a Whisper model this program can start from."""


def read_whisper(folder: Path) -> dict[str, Tensor]:
    """Return the weights in a folder, as float32. Raises WhisperFileError."""
    hub = folder / "model.safetensors"
    return read_hub(hub) if hub.exists() else read_ctranslate2(folder / "model.bin")


def read_ctranslate2(path: Path) -> dict[str, Tensor]:
    """Return the variables of a CTranslate2 `model.bin` as float32 tensors.

    Raises WhisperFileError when the file is missing, damaged or of another version.
    """
    try:
        with path.open("rb") as file:
            return dict(_variables(file, path))
    except OSError as error:
        raise WhisperFileError(f"{path}: {error.strerror}") from error
    except (struct.error, KeyError, UnicodeDecodeError, ValueError) as error:
        raise WhisperFileError(f"{path}: not a CTranslate2 model, or a damaged one") from error


def read_hub(path: Path) -> dict[str, Tensor]:
    """Return the weights of the hub's `model.safetensors` as float32, by CTranslate2's names.

    Raises WhisperFileError when the file is missing, damaged, or not Whisper's.
    """
    try:
        theirs = {name: value.float() for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise WhisperFileError(f"{path}: cannot be read: {error}") from error
    try:
        return dict(_from_hub(theirs))
    except KeyError as error:
        raise WhisperFileError(f"{path}: not a Whisper model: it has no {error}") from error


def _from_hub(theirs: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    root = "" if "encoder.conv1.weight" in theirs else "model."

    def both(ours: str, name: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{ours}/weight", theirs[f"{root}{name}.weight"]
        yield f"{ours}/bias", theirs[f"{root}{name}.bias"]

    def norm(ours: str, name: str) -> Iterator[tuple[str, Tensor]]:
        yield f"{ours}/gamma", theirs[f"{root}{name}.weight"]
        yield f"{ours}/beta", theirs[f"{root}{name}.bias"]

    def stacked(ours: str, name: str, parts: str) -> Iterator[tuple[str, Tensor]]:
        weights = [theirs[f"{root}{name}.{part}_proj.weight"] for part in parts]
        biases = [  # Whisper's keys have none
            theirs.get(f"{root}{name}.{part}_proj.bias", torch.zeros(weight.size(0)))
            for part, weight in zip(parts, weights, strict=True)
        ]
        yield f"{ours}/weight", torch.cat(weights)
        yield f"{ours}/bias", torch.cat(biases)

    for number in (1, 2):
        yield from both(f"encoder/conv{number}", f"encoder.conv{number}")
    for ours, name in (
        ("embeddings/weight", "tokens"),
        ("position_encodings/encodings", "positions"),
    ):
        yield f"decoder/{ours}", theirs[f"{root}decoder.embed_{name}.weight"]
    for side in ("encoder", "decoder"):
        yield from norm(f"{side}/layer_norm", f"{side}.layer_norm")
        for index in itertools.count():
            name, ours = f"{side}.layers.{index}", f"{side}/layer_{index}"
            if f"{root}{name}.fc1.weight" not in theirs:
                break
            yield from norm(f"{ours}/self_attention/layer_norm", f"{name}.self_attn_layer_norm")
            yield from stacked(f"{ours}/self_attention/linear_0", f"{name}.self_attn", "qkv")
            yield from both(f"{ours}/self_attention/linear_1", f"{name}.self_attn.out_proj")
            yield from norm(f"{ours}/ffn/layer_norm", f"{name}.final_layer_norm")
            yield from both(f"{ours}/ffn/linear_0", f"{name}.fc1")
            yield from both(f"{ours}/ffn/linear_1", f"{name}.fc2")
            if side == "decoder":
                yield from norm(f"{ours}/attention/layer_norm", f"{name}.encoder_attn_layer_norm")
                yield from stacked(f"{ours}/attention/linear_0", f"{name}.encoder_attn", "q")
                yield from stacked(f"{ours}/attention/linear_1", f"{name}.encoder_attn", "kv")
                yield from both(f"{ours}/attention/linear_2", f"{name}.encoder_attn.out_proj")


def _variables(file: BinaryIO, path: Path) -> Iterator[tuple[str, Tensor]]:
    (version,) = struct.unpack("<I", file.read(4))
    if version != _VERSION:
        raise WhisperFileError(f"{path}: CTranslate2 version {version}, wanted {_VERSION}")
    _string(file)
    _revision, count = struct.unpack("<II", file.read(8))
    for _ in range(count):
        name = _string(file)
        (rank,) = struct.unpack("<B", file.read(1))
        shape = struct.unpack(f"<{rank}I", file.read(4 * rank))
        (kind,) = struct.unpack("<B", file.read(1))
        (size,) = struct.unpack("<I", file.read(4))
        array = np.frombuffer(file.read(size), dtype=_TYPES[kind]).reshape(shape)
        yield name, torch.from_numpy(array.astype(np.float32))


def _string(file: BinaryIO) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    return file.read(length).rstrip(b"\0").decode()
