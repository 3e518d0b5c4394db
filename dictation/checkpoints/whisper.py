"""Whisper-base's weights as a starting point: CTranslate2's file read without CTranslate2.

Layout of the file: OpenNMT's CTranslate2, `python/ctranslate2/specs/model_spec.py` (binary
version 6): a header, then each variable with its name, shape, type and bytes, little-endian.
"""

import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from dictation.errors import DictationError
from dictation.model.joint import JointModel

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_VERSION = 6
# The last projection of every module that Whisper does not have.
_CLOSING = re.compile(
    r"encoder\.(blocks|upper)\.\d+\.(convolution\.project|attention\.out|(ffn|macaron)\.3)\."
)


class WhisperFileError(DictationError):
    """The file is not a Whisper model this program can start from."""


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


def start_from_whisper(model: JointModel, path: Path, decoder_tokens: Sequence[int]) -> set[str]:
    """Copy Whisper's encoder and decoder into `model`; every new module starts as nothing.

    The projections that close the new modules are set to zero: the full-context memory is what
    Whisper's own encoder computes, and the upper blocks begin by passing on the mean of each pair
    of its frames. `decoder_tokens` names, for each token of the
    model's decoder, Whisper's own id. Returns the names of the parameters that came
    from Whisper. Raises WhisperFileError when the shapes do not fit.
    """
    source = read_ctranslate2(path)
    mapped = dict(_encoder_weights(source, len(model.encoder.blocks)))
    if model.decoder is not None:
        mapped |= dict(_decoder_weights(source, len(model.decoder.blocks)))
        embedding = mapped["decoder.embedding.weight"]
        mapped["decoder.embedding.weight"] = embedding[torch.tensor(decoder_tokens)]
    own = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in mapped.items():
            if name not in own or own[name].shape != value.shape:
                found = tuple(own[name].shape) if name in own else None
                raise WhisperFileError(
                    f"{path}: {name} is {tuple(value.shape)}, the model has {found}"
                )
            own[name].copy_(value)
        for name, parameter in own.items():
            if name not in mapped and _CLOSING.match(name):
                parameter.zero_()
        _average_pairs(model)
    return set(mapped)


def _average_pairs(model: JointModel) -> None:
    if model.encoder.config.upper is None:
        return
    weight = model.encoder.pairing.weight
    if weight.size(1) == 2 * weight.size(0):
        half = 0.5 * torch.eye(weight.size(0))
        weight.copy_(torch.cat([half, half], dim=1))
        model.encoder.pairing.bias.zero_()


def _encoder_weights(source: dict[str, Tensor], blocks: int) -> Iterator[tuple[str, Tensor]]:
    for layer in (1, 2):
        for kind in ("weight", "bias"):
            yield (
                f"encoder.subsampling.conv{layer}.{kind}",
                source[f"encoder/conv{layer}/{kind}"],
            )
    yield from _norm(source, "encoder/layer_norm", "encoder.norm")
    for index in range(blocks):
        theirs, ours = f"encoder/layer_{index}", f"encoder.blocks.{index}"
        yield from _self_attention(source, f"{theirs}/self_attention", f"{ours}.attention")
        yield from _norm(source, f"{theirs}/self_attention/layer_norm", f"{ours}.attention_norm")
        yield from _feed_forward(source, f"{theirs}/ffn", ours, "3")


def _decoder_weights(source: dict[str, Tensor], blocks: int) -> Iterator[tuple[str, Tensor]]:
    yield "decoder.embedding.weight", source["decoder/embeddings/weight"]
    yield "decoder.positions", source["decoder/position_encodings/encodings"]
    yield from _norm(source, "decoder/layer_norm", "decoder.norm")
    for index in range(blocks):
        theirs, ours = f"decoder/layer_{index}", f"decoder.blocks.{index}"
        yield from _self_attention(source, f"{theirs}/self_attention", f"{ours}.self_attention")
        yield from _norm(source, f"{theirs}/self_attention/layer_norm", f"{ours}.self_norm")
        yield from _norm(source, f"{theirs}/attention/layer_norm", f"{ours}.cross_norm")
        yield from _linear(source, f"{theirs}/attention/linear_0", f"{ours}.cross_attention.query")
        weight = source[f"{theirs}/attention/linear_1/weight"]
        bias = source[f"{theirs}/attention/linear_1/bias"]
        half = weight.size(0) // 2
        yield f"{ours}.cross_attention.key.weight", weight[:half]
        yield f"{ours}.cross_attention.value.weight", weight[half:]
        yield f"{ours}.cross_attention.value.bias", bias[half:]
        yield from _linear(source, f"{theirs}/attention/linear_2", f"{ours}.cross_attention.out")
        yield from _feed_forward(source, f"{theirs}/ffn", ours, "2")


def _self_attention(
    source: dict[str, Tensor], theirs: str, ours: str
) -> Iterator[tuple[str, Tensor]]:
    weights = source[f"{theirs}/linear_0/weight"].chunk(3)
    biases = source[f"{theirs}/linear_0/bias"].chunk(3)
    for name, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
        yield f"{ours}.{name}.weight", weight
        if name != "key":  # Whisper's keys have no bias; the file holds zeros there
            yield f"{ours}.{name}.bias", bias
    yield from _linear(source, f"{theirs}/linear_1", f"{ours}.out")


def _feed_forward(
    source: dict[str, Tensor], theirs: str, ours: str, last: str
) -> Iterator[tuple[str, Tensor]]:
    yield from _norm(source, f"{theirs}/layer_norm", f"{ours}.ffn_norm")
    yield from _linear(source, f"{theirs}/linear_0", f"{ours}.ffn.0")
    yield from _linear(source, f"{theirs}/linear_1", f"{ours}.ffn.{last}")


def _norm(source: dict[str, Tensor], theirs: str, ours: str) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.weight", source[f"{theirs}/gamma"]
    yield f"{ours}.bias", source[f"{theirs}/beta"]


def _linear(source: dict[str, Tensor], theirs: str, ours: str) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.weight", source[f"{theirs}/weight"]
    yield f"{ours}.bias", source[f"{theirs}/bias"]
