"""The small parts that blocks are made of, chosen by a configuration."""

from torch import Tensor, nn

from dictation.model.config import Activation, ConvolutionNorm

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "gelu": nn.GELU,
    "hardtanh": nn.Hardtanh,
    "relu": nn.ReLU,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


class FrameBatchNorm(nn.BatchNorm1d):
    """BatchNorm over all frames (B, T, D) of a batch."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalise each of the D channels."""
        return super().forward(input.flatten(0, 1)).view_as(input)


def activation(name: Activation) -> nn.Module:
    """Return the activation a configuration names."""
    return _ACTIVATIONS[name]()


def norm(kind: ConvolutionNorm, width: int, eps: float) -> nn.Module:
    """Return the normalisation of frames (..., width) a configuration names."""
    if kind == "batch":
        return FrameBatchNorm(width, eps=eps)
    if kind == "rms":
        return nn.RMSNorm(width, eps=eps)
    return nn.LayerNorm(width, eps=eps)
