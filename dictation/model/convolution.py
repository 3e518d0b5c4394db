"""The convolution module of a Conformer block, causal so that a stream needs no frames ahead."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.config import Activation

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "gelu": nn.GELU,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
}


def activation(name: Activation) -> nn.Module:
    """Return the activation a configuration names."""
    return _ACTIVATIONS[name]()


class CausalConvolution(nn.Module):
    """Pointwise layer and GLU, depthwise convolution over the past, norm, activation, pointwise.

    Gulati et al. 2020, section 2.2, with LayerNorm for BatchNorm and a causal depthwise kernel. The
    cache holds the last `kernel_size - 1` frames after the GLU; before the first frame stands what
    the GLU makes of zeros, as if the utterance were preceded by zero input.
    """

    def __init__(self, width: int, kernel_size: int, activation_name: Activation) -> None:
        super().__init__()
        self.expand = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, kernel_size, groups=width)
        self.norm = nn.LayerNorm(width)
        self.activation = activation(activation_name)
        self.project = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (B, T, D) to (B, T, D), the utterance starting at its first frame."""
        return self.step(x, self.initial_state(x.size(0)))[0]

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Map the next frames x (B, t, D); `state` (B, kernel_size - 1, D) is replaced."""
        gated = F.glu(self.expand(x), dim=2)
        waiting = torch.cat([state.to(gated.dtype), gated], dim=1)
        filtered = self.depthwise(waiting.transpose(1, 2)).transpose(1, 2)
        kept = waiting[:, waiting.size(1) - state.size(1) :]
        return self.project(self.activation(self.norm(filtered))), kept

    def initial_state(self, batch: int) -> Tensor:
        """Return the cache before the first frame."""
        seed = F.glu(self.expand.bias, dim=0)
        return seed.expand(batch, self.depthwise.kernel_size[0] - 1, -1)
