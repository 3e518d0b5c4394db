"""A model of ours started from Whisper: what it knows is kept, what is new starts as nothing."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from dictation.checkpoints.whisper_files import WhisperFileError, read_whisper
from dictation.model.joint import JointModel

# The last projection of every module that Whisper does not have.
_CLOSING = re.compile(
    r"encoder\.(blocks|upper)\.\d+\.(convolution\.project|attention\.out|(ffn|macaron)\.3)\."
)


def start_from_whisper(model: JointModel, folder: Path, decoder_tokens: Sequence[int]) -> set[str]:
    """Copy Whisper's encoder and decoder into `model`; every new module starts as nothing.

    The projections that close the new modules are set to zero: the full-context memory is what
    Whisper's own encoder computes, and the upper blocks begin by passing on the mean of each pair
    of its frames. `decoder_tokens` names, for each token of the model's decoder, Whisper's own id.
    Returns the names of the parameters that came from Whisper. Raises WhisperFileError.
    """
    source = read_whisper(folder)
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
                    f"{folder}: {name} is {tuple(value.shape)}, the model has {found}"
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
    pairing = model.encoder.pairing
    assert isinstance(pairing, nn.Linear)
    weight = pairing.weight
    if weight.size(1) == 2 * weight.size(0):
        half = 0.5 * torch.eye(weight.size(0))
        weight.copy_(torch.cat([half, half], dim=1))
        pairing.bias.zero_()


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
