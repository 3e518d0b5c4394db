"""Linear layers in the form that computes them fastest where the model runs.

A model is trained and stored with plain layers; `place` gives each module a form to take on for
good. On a CPU and for the few frames of a chunk the time goes into reading the weights:

- `blocks` (fp32 on CPUs): weights transposed and cut into blocks of outputs, each of which fits the
  cache of a core, as one batched product;
- `int8`: weights of one byte with a scale an output, inputs quantised as they come, with a scale a
  frame;
- `plain`: as they are; maps of the same input in one product.
"""

import warnings
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Form = Literal["plain", "blocks", "int8"]

# Outputs in a block: 256 x 256 weights of 4 bytes are an eighth of a core's second cache.
_BLOCK = 256

_TINY = 1e-12


class Blocks(nn.Module):
    """A linear map whose outputs come in blocks: (..., D) to (blocks, M, D'), M frames in a row."""

    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, blocks: int) -> None:
        super().__init__()
        rows = weight.view(blocks, -1, weight.size(1))
        self.weight = _fixed(rows.transpose(1, 2).contiguous())
        self.bias = None if bias is None else _fixed(bias.view(blocks, 1, -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., D) to (blocks, M, D')."""
        frames = x.reshape(1, -1, x.size(-1)).expand(self.weight.size(0), -1, -1)
        if self.bias is None:
            return torch.bmm(frames, self.weight)
        return torch.baddbmm(self.bias, frames, self.weight)


class SumOfBlocks(nn.Module):
    """A linear map of what `Blocks` gives: (blocks, M, D') to (M, D)."""

    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, blocks: int) -> None:
        super().__init__()
        self.weight = _fixed(weight.t().contiguous().view(blocks, -1, weight.size(0)))
        self.bias = None if bias is None else _fixed(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (blocks, M, D') to (M, D)."""
        total = torch.bmm(x, self.weight).sum(0)
        return total if self.bias is None else total.add_(self.bias)


class Transposed(nn.Module):
    """A linear layer whose weight lies transposed."""

    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.weight = _fixed(layer.weight.t().contiguous())
        self.bias = None if layer.bias is None else _fixed(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., D) to (..., D')."""
        flat = x.reshape(-1, x.size(-1))
        output = (
            flat @ self.weight if self.bias is None else torch.addmm(self.bias, flat, self.weight)
        )
        return output.view(*x.shape[:-1], -1)


def in_bytes(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows of weights (N, D) as int8 and the scales (N,) that give them back: symmetric, to
    the largest of each row."""
    scales = weight.abs().amax(1).clamp(min=_TINY) / 127
    return (weight / scales[:, None]).round_().to(torch.int8), scales


class Int8Linear(nn.Module):
    """A linear layer with int8 weights, one scale an output; every frame of its input becomes int8
    with a scale of its own (Yao et al. 2022, ZeroQuant, section 4.1).

    A few frames have values a hundred times as large as all others (Sun et al. 2024, Massive
    Activations in Large Language Models): with one scale for all of them the others are lost. Where
    the input is to be `fine`, what is lost of it takes a second product: 16 bits in all.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, fine: bool = False) -> None:
        super().__init__()
        weight, self.out_features = weight.detach().float(), weight.size(0)
        values, scales = in_bytes(weight)
        zeros = torch.zeros_like(scales, dtype=torch.long)
        # Made of bytes: quantize_per_channel would take four times as long for the same.
        with warnings.catch_warnings():
            # PyTorch is to lose this kind of tensor; weights are only packed from one.
            warnings.simplefilter("ignore", UserWarning)
            quantized = torch._make_per_channel_quantized_tensor(values, scales.double(), zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(quantized, None)
        self._bias = None if bias is None else bias.detach().float()
        # Without VNNI sums of two products are kept in 16 bits: inputs take 7 of 8 bits then.
        self._most = 127 if torch.cpu._is_vnni_supported() else 63
        self._fine = fine

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., D) to (..., D')."""
        scale = x.abs().amax(-1, keepdim=True).clamp_(min=_TINY) / self._most
        x = x / scale
        output = self._product(x, 1.0)
        if self._fine:
            output += self._product(x - x.round(), 0.5 / self._most)
        output *= scale
        return output if self._bias is None else output.add_(self._bias)

    def _product(self, x: Tensor, step: float) -> Tensor:
        """Multiply what is left of x when it is rounded to whole steps."""
        product: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            x, step, self._most + 1, self._packed
        )
        return product


class JointLinear(nn.Module):
    """A linear map whose outputs are `count` parts of the same width."""

    def __init__(self, weight: Tensor, bias: Tensor | None, count: int, form: Form) -> None:
        super().__init__()
        self._count = count
        self.product: nn.Module
        if form == "blocks":
            self.product = Blocks(weight, bias, count)
        elif form == "int8":
            self.product = Int8Linear(weight, bias)
        else:
            self.product = _Plain(weight, bias)

    @classmethod
    def of(cls, layers: Sequence[nn.Linear], form: Form) -> "JointLinear":
        """Return layers of the same input and the same width as one product."""
        weight = torch.cat([layer.weight.detach() for layer in layers])
        bias = None
        if any(layer.bias is not None for layer in layers):
            nothing = weight.new_zeros(layers[0].out_features)
            biases = (layer.bias for layer in layers)
            bias = torch.cat([nothing if each is None else each.detach() for each in biases])
        return cls(weight, bias, len(layers), form)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map x (..., D) to parts (..., D')."""
        if isinstance(self.product, Blocks):
            return tuple(part.view(*x.shape[:-1], -1) for part in self.product(x).unbind(0))
        parts: tuple[Tensor, ...] = self.product(x).chunk(self._count, dim=-1)
        return parts


class BlockFeedForward(nn.Module):
    """Two linear maps with an activation between, over blocks of the hidden width."""

    def __init__(self, inner: nn.Linear, activation: nn.Module, outer: nn.Linear) -> None:
        super().__init__()
        blocks = _blocks_of(inner.out_features)
        self.inner = Blocks(inner.weight.detach(), _bias(inner), blocks)
        self.activation = activation
        self.outer = SumOfBlocks(outer.weight.detach(), _bias(outer), blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (..., D) to (..., D)."""
        output: Tensor = self.outer(self.activation(self.inner(x)))
        return output.view(*x.shape[:-1], -1)


def single(layer: nn.Linear, form: Form, fine: bool = False) -> nn.Module:
    """Return a linear layer in another form; `fine`: whose input int8 is to lose nothing of."""
    if form == "int8":
        return Int8Linear(layer.weight, layer.bias, fine)
    if form == "blocks":
        return Transposed(layer)
    return layer


def feed_forward(
    inner: nn.Linear, activation: nn.Module, outer: nn.Linear, form: Form
) -> nn.Module:
    """Return two linear layers with an activation between in another form."""
    if isinstance(activation, nn.ReLU | nn.SiLU | nn.Hardtanh | nn.SELU):
        activation.inplace = True
    if form == "blocks":
        return BlockFeedForward(inner, activation, outer)
    # Whisper's have massive values there; those of blocks with SiLU, made from nothing, have not.
    fine = isinstance(activation, nn.GELU)
    return nn.Sequential(single(inner, form), activation, single(outer, form, fine))


class _Plain(nn.Module):
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = _fixed(weight)
        self.bias = None if bias is None else _fixed(bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


def _blocks_of(width: int) -> int:
    return width // _BLOCK if width % _BLOCK == 0 else 1


def _bias(layer: nn.Linear) -> Tensor | None:
    return None if layer.bias is None else layer.bias.detach()


def _fixed(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach(), requires_grad=False)
