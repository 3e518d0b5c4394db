"""The convolution module of a Conformer block, over the past alone or over both sides."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.config import BlockConfig
from dictation.model.layers import activation, norm
from dictation.model.linear import Form, JointLinear, single
from dictation.model.mixed import wide

# So few frames are filtered faster by products and a sum than by a convolution.
_FEW = 32


class ConvolutionModule(nn.Module):
    """Pointwise layer and GLU, depthwise convolution, norm, activation, pointwise layer.

    Gulati et al. 2020, section 2.2. A causal one keeps the last `kernel_size - 1` frames after the
    GLU; before the first frame stands what the GLU makes of zeros, as if the utterance were
    preceded by zero input. A centred one keeps nothing: a stream cuts it at the edges of chunks,
    where zeros stand after the GLU, as they do at the ends of an utterance.
    """

    seed: Tensor
    taps: Tensor

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        width, bias = config.width, config.convolution_bias
        self.causal = config.convolution == "causal"
        self.pads_input = config.pads_input
        self.kernel_size = config.kernel_size
        self.expand = nn.Linear(width, 2 * width, bias=bias)
        self.depthwise = nn.Conv1d(width, width, config.kernel_size, groups=width, bias=bias)
        self.norm = norm(config.convolution_norm, width, config.convolution_norm_eps)
        self.activation = activation(config.activation)
        self.project: nn.Module = nn.Linear(width, width, bias=bias)
        self.joint: JointLinear | None = None

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        bias: Tensor | None = self.expand.bias
        weight, bias = self.expand.weight.detach(), None if bias is None else bias.detach()
        taps = self.depthwise.weight.detach()[:, 0].t().contiguous()
        self.register_buffer("seed", self._seed(weight, bias), persistent=False)
        self.register_buffer("taps", taps, persistent=False)
        self.joint = JointLinear(weight, bias, 2, form)
        del self.expand
        assert isinstance(self.project, nn.Linear)
        self.project = single(self.project, form)

    def forward(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """Map x (B, T, D) to (B, T, D), the utterance starting at its first frame.

        `inside` (B, T, 1) marks the frames that exist, None: all.
        """
        if self.causal:
            return self.step(x, self.initial_state(x.size(0)))[0]
        if inside is not None and self.pads_input:
            x = x * inside
        gated = self._gated(x)
        if inside is not None and not self.pads_input:
            gated = gated * inside
        half = (self.kernel_size - 1) // 2
        return self._filter(F.pad(gated, (0, 0, half, half)))

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Map the next frames x (B, t, D); `state` (B, kernel_size - 1, D) is replaced."""
        if not self.causal:
            return self.forward(x), state
        gated = self._gated(x)
        waiting = torch.cat([state.to(gated.dtype), gated], dim=1)
        kept = waiting[:, waiting.size(1) - state.size(1) :]
        return self._filter(waiting), kept

    def initial_state(self, batch: int) -> Tensor:
        """Return the cache before the first frame."""
        taken = self.joint is not None
        seed = self.seed if taken else self._seed(self.expand.weight, self.expand.bias)
        return seed.expand(batch, self.kernel_size - 1 if self.causal else 0, -1)

    @staticmethod
    def _seed(weight: Tensor, bias: Tensor | None) -> Tensor:
        return weight.new_zeros(weight.size(1)) if bias is None else F.glu(bias, dim=0)

    def _gated(self, x: Tensor) -> Tensor:
        if self.joint is None:
            return F.glu(self.expand(x), dim=2)
        signal, gate = self.joint(x)
        gated: Tensor = gate.sigmoid().mul_(signal)
        return gated

    def _filter(self, waiting: Tensor) -> Tensor:
        frames = waiting.size(1) - self.kernel_size + 1
        if self.joint is not None and frames <= _FEW:
            windows = waiting.unfold(1, self.kernel_size, 1).transpose(2, 3)  # (B, t, kernel, D)
            filtered = (windows * self.taps).sum(2)
            if self.depthwise.bias is not None:
                filtered = filtered.add_(self.depthwise.bias)
        else:
            filtered = self.depthwise(waiting.transpose(1, 2)).transpose(1, 2)
        output: Tensor = self.project(self.activation(self.norm(wide(filtered))))
        return output
