"""What WeNet computes, written out frame by frame and head by head under its own names: an oracle
for models that are read from its folders. One utterance, full context or under a chunk mask."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = Mapping[str, Tensor]

EPS = 1e-5
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "swish": F.silu,
    "relu": F.relu,
    "gelu": F.gelu,
    "selu": F.selu,
    "tanh": torch.tanh,
    "hardtanh": F.hardtanh,
}


def encode(
    values: Mapping[str, Any],
    weights: Weights,
    features: Tensor,
    chunk_size: int | None = None,
    left_chunks: int = -1,
) -> Tensor:
    """Map normalised features (T, F) to encoder states (T', D)."""
    conf = values["encoder_conf"]
    x = stem(conf.get("input_layer", "conv2d"), weights, features)
    frames, width = x.shape
    positions = conf.get("pos_enc_layer_type", "rel_pos")
    if positions in ("abs_pos", "rel_pos"):
        x = x * math.sqrt(width)
    if positions == "abs_pos":
        x = x + torch.stack([sinusoid(frame, width) for frame in range(frames)])
    if positions == "abs_pos_whisper":
        x = x + torch.stack([whisper_sinusoid(frame, width) for frame in range(frames)])
    seen = [keys_of(frame, frames, chunk_size, left_chunks) for frame in range(frames)]
    blocks = 1 + max(
        int(name.split(".")[2]) for name in weights if name.startswith("encoder.encoders.")
    )
    for index in range(blocks):
        x = block(conf, weights, f"encoder.encoders.{index}.", x, seen)
    return norm(weights, "encoder.after_norm", x) if conf.get("normalize_before", True) else x


def decode(
    values: Mapping[str, Any], weights: Weights, side: str, tokens: list[int], memory: Tensor
) -> Tensor:
    """Return the logits (U, V) after each token, given encoder states (T', D)."""
    conf = values["decoder_conf"]
    width, heads = memory.size(1), conf.get("attention_heads", 4)
    embedded = weights[f"{side}embed.0.weight"][tokens] * math.sqrt(width)
    x = embedded + torch.stack([sinusoid(place, width) for place in range(len(tokens))])
    before = [list(range(place + 1)) for place in range(len(tokens))]
    everything = [list(range(len(memory)))] * len(tokens)
    index = 0
    while f"{side}decoders.{index}.norm1.weight" in weights:
        name = f"{side}decoders.{index}."
        entering = norm(weights, f"{name}norm1", x)
        x = x + attend(weights, f"{name}self_attn.", entering, entering, heads, before)
        entering = norm(weights, f"{name}norm2", x)
        x = x + attend(weights, f"{name}src_attn.", entering, memory, heads, everything)
        entering = norm(weights, f"{name}norm3", x)
        x = x + feed_forward(weights, f"{name}feed_forward.", entering, F.relu)
        index += 1
    return linear(weights, f"{side}output_layer", norm(weights, f"{side}after_norm", x))


def stem(kind: str, weights: Weights, features: Tensor) -> Tensor:
    name = "encoder.embed.conv."
    if kind == "conv1d2":
        x = features.T[None]
        for layer, stride in ((0, 1), (2, 2)):
            kernel, bias = weights[f"{name}{layer}.weight"], weights[f"{name}{layer}.bias"]
            x = F.gelu(F.conv1d(x, kernel, bias, stride=stride, padding=1))
        return x[0].T
    x = features[None, None]
    strides = {"conv2d": (2, 2), "conv2d6": (2, 3), "conv2d8": (2, 2, 2)}[kind]
    for layer, stride in enumerate(strides):
        kernel, bias = weights[f"{name}{2 * layer}.weight"], weights[f"{name}{2 * layer}.bias"]
        x = F.relu(F.conv2d(x, kernel, bias, stride=stride))
    rows = torch.stack([x[0, :, frame].reshape(-1) for frame in range(x.size(2))])
    return linear(weights, f"encoder.embed.{'out.0' if kind == 'conv2d' else 'linear'}", rows)


def block(
    conf: Mapping[str, Any], weights: Weights, name: str, x: Tensor, seen: list[list[int]]
) -> Tensor:
    activation = ACTIVATIONS[conf.get("activation_type", "swish")]
    macaron, convolves = conf.get("macaron_style", True), conf.get("use_cnn_module", True)

    def added(x: Tensor, norm_name: str, part: Callable[[Tensor], Tensor], scale: float) -> Tensor:
        if conf.get("normalize_before", True):
            return x + scale * part(norm(weights, name + norm_name, x))
        return norm(weights, name + norm_name, x + scale * part(x))

    def feed(which: str) -> Callable[[Tensor], Tensor]:
        return lambda x: feed_forward(weights, f"{name}{which}.", x, activation)

    heads = conf.get("attention_heads", 4)
    if macaron:
        x = added(x, "norm_ff_macaron", feed("feed_forward_macaron"), 0.5)
    x = added(x, "norm_mha", lambda x: attend(weights, f"{name}self_attn.", x, x, heads, seen), 1.0)
    if convolves:
        x = added(x, "norm_conv", lambda x: convolve(conf, weights, f"{name}conv_module.", x), 1.0)
    x = added(x, "norm_ff", feed("feed_forward"), 0.5 if macaron else 1.0)
    return norm(weights, f"{name}norm_final", x) if convolves else x


def attend(
    weights: Weights, name: str, x: Tensor, memory: Tensor, heads: int, seen: list[list[int]]
) -> Tensor:
    queries = linear(weights, f"{name}linear_q", x).chunk(heads, dim=1)
    keys = linear(weights, f"{name}linear_k", memory).chunk(heads, dim=1)
    held = linear(weights, f"{name}linear_v", memory).chunk(heads, dim=1)
    relative = f"{name}linear_pos.weight" in weights
    if relative:
        # Of the key's place in the utterance, not of its distance: WeNet does not shift.
        table = torch.stack([sinusoid(place, x.size(1)) for place in range(len(memory))])
        places = linear(weights, f"{name}linear_pos", table).chunk(heads, dim=1)
    outputs = []
    for head in range(heads):
        rows = []
        for query, allowed in zip(queries[head], seen, strict=True):
            if relative:
                content = keys[head][allowed] @ (query + weights[f"{name}pos_bias_u"][head])
                place = places[head][allowed] @ (query + weights[f"{name}pos_bias_v"][head])
                scores = content + place
            else:
                scores = keys[head][allowed] @ query
            shares = (scores / math.sqrt(len(query))).softmax(0)
            rows.append(shares @ held[head][allowed])
        outputs.append(torch.stack(rows))
    return linear(weights, f"{name}linear_out", torch.cat(outputs, dim=1))


def convolve(conf: Mapping[str, Any], weights: Weights, name: str, x: Tensor) -> Tensor:
    kernel = weights[f"{name}depthwise_conv.weight"]
    size = kernel.size(2)
    causal = conf.get("causal", False)
    if causal:
        x = torch.cat([torch.zeros(size - 1, x.size(1)), x])  # Before the gate: it has a bias.
    x = F.glu(linear(weights, f"{name}pointwise_conv1", x), dim=1)
    if not causal:
        x = F.pad(x, (0, 0, (size - 1) // 2, (size - 1) // 2))
    bias = weights.get(f"{name}depthwise_conv.bias", torch.zeros(x.size(1)))
    windows = [x[first : first + size] for first in range(len(x) - size + 1)]
    x = torch.stack([(window * kernel[:, 0].T).sum(0) + bias for window in windows])
    x = ACTIVATIONS[conf.get("activation_type", "swish")](norm(weights, f"{name}norm", x))
    return linear(weights, f"{name}pointwise_conv2", x)


def feed_forward(
    weights: Weights, name: str, x: Tensor, activation: Callable[[Tensor], Tensor]
) -> Tensor:
    return linear(weights, f"{name}w_2", activation(linear(weights, f"{name}w_1", x)))


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    matrix = weights[f"{name}.weight"].flatten(1)
    return x @ matrix.T + weights.get(f"{name}.bias", torch.zeros(len(matrix)))


def norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Batch, layer or root mean square norm, by the weights there are."""
    scale = weights[f"{name}.weight"]
    if f"{name}.running_mean" in weights:
        mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    elif f"{name}.bias" in weights:
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).square().mean(1, keepdim=True)
    else:
        return x * (x.square().mean(1, keepdim=True) + EPS).rsqrt() * scale
    return (x - mean) * (variance + EPS).rsqrt() * scale + weights[f"{name}.bias"]


def keys_of(frame: int, frames: int, chunk_size: int | None, left_chunks: int) -> list[int]:
    if chunk_size is None:
        return list(range(frames))
    chunk = frame // chunk_size
    first = 0 if left_chunks < 0 else max(0, chunk - left_chunks) * chunk_size
    return list(range(first, min(frames, (chunk + 1) * chunk_size)))


def sinusoid(place: int, width: int) -> Tensor:
    row = torch.zeros(width)
    for pair in range(0, width, 2):
        angle = place * math.pow(10_000.0, -pair / width)
        row[pair], row[pair + 1] = math.sin(angle), math.cos(angle)
    return row


def whisper_sinusoid(place: int, width: int) -> Tensor:
    half = width // 2
    angles = [place * math.pow(10_000.0, -index / (half - 1)) for index in range(half)]
    return torch.tensor([*map(math.sin, angles), *map(math.cos, angles)])
