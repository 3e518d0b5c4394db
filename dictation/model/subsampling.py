"""Convolutions that lower the frame rate before the first block, whole or chunk by chunk."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.config import Subsampling
from dictation.model.linear import Form, single

# Kernel and stride, both the same in time and frequency, of each layer (ESPnet, WeNet).
_LAYERS: dict[Subsampling, tuple[tuple[int, int], ...]] = {
    "conv2d4": ((3, 2), (3, 2)),
    "conv2d6": ((3, 2), (5, 3)),
    "conv2d8": ((3, 2), (3, 2), (3, 2)),
}


@dataclass(frozen=True)
class SubsamplingState:
    """Input frames (B, t, F) and first-layer frames (B, t', D) that later output still needs."""

    features: Tensor
    hidden: Tensor


class Conv1dSubsampling(nn.Module):
    """Whisper's stem: two width-3 convolutions over time, the second halving the frame rate.

    Radford et al. 2022, section 2.2. Zero padding of one frame stands at both ends of each layer.
    """

    factor = 2
    lookahead = 1

    def __init__(self, mel_bins: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(mel_bins, width, 3)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2)

    def take_form(self, form: Form) -> None:
        """Stay as it is: there are no linear layers."""

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (B, T, F), zero beyond `lengths` (B,), to (B, ceil(T / 2), D)."""
        hidden = F.gelu(self.conv1(F.pad(features.transpose(1, 2), (1, 1))))
        inside = torch.arange(hidden.size(2), device=hidden.device) < lengths[:, None]
        hidden = hidden * inside[:, None]
        output = F.gelu(self.conv2(F.pad(hidden, (1, 1))))
        return output.transpose(1, 2), (lengths + 1) // 2

    def initial_state(self, batch: int, device: torch.device) -> SubsamplingState:
        """Return the state before the first frame: the zero padding of both layers."""
        mel_bins, width = self.conv1.in_channels, self.conv1.out_channels
        return SubsamplingState(
            torch.zeros(batch, 1, mel_bins, device=device),
            torch.zeros(batch, 1, width, device=device),
        )

    def step(
        self, features: Tensor, state: SubsamplingState, final: bool
    ) -> tuple[Tensor, SubsamplingState]:
        """Map the next features (B, t, F) to the frames (B, t', D) they complete.

        With `final` the closing padding is appended and the stream is spent.
        """
        waiting = torch.cat([state.features.to(features.dtype), features], dim=1)
        if final:
            waiting = F.pad(waiting, (0, 0, 0, 1))
        hidden = state.hidden
        if waiting.size(1) >= 3:
            fresh = F.gelu(self.conv1(waiting.transpose(1, 2))).transpose(1, 2)
            hidden = torch.cat([hidden.to(fresh.dtype), fresh], dim=1)
            waiting = waiting[:, -2:]
        if final:
            hidden = F.pad(hidden, (0, 0, 0, 1))
        frames = max(0, (hidden.size(1) - 1) // 2)
        if frames == 0:
            empty = hidden.new_zeros(hidden.size(0), 0, hidden.size(2))
            return empty, SubsamplingState(waiting, hidden)
        output = F.gelu(self.conv2(hidden[:, : 2 * frames + 1].transpose(1, 2))).transpose(1, 2)
        return output, SubsamplingState(waiting, hidden[:, 2 * frames :])


class Conv2dSubsampling(nn.Module):
    """Convolutions over time and frequency, without padding, each with a ReLU, and a linear layer:
    a quarter, a sixth or an eighth of the frame rate, as in ESPnet and WeNet."""

    def __init__(self, kind: Subsampling, mel_bins: int, width: int) -> None:
        super().__init__()
        channels, bins, self.factor, self.window = 1, mel_bins, 1, 1
        self._names = []
        for index, (kernel, stride) in enumerate(_LAYERS[kind], start=1):
            self._names.append(f"conv{index}")
            self.add_module(f"conv{index}", nn.Conv2d(channels, width, kernel, stride=stride))
            channels, bins = width, (bins - kernel) // stride + 1
            self.window += (kernel - 1) * self.factor
            self.factor *= stride
        self.linear: nn.Module = nn.Linear(width * bins, width)
        self._width = width
        self._mel_bins = mel_bins
        self._channels_last = False

    @property
    def lookahead(self) -> int:
        """Feature frames a stream needs once, at its start."""
        return self.window - self.factor

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        linear = self.linear
        assert isinstance(linear, nn.Linear)
        self.to(memory_format=torch.channels_last)
        # Convolutions whose channels come last give bins before channels.
        weight = linear.weight.detach().view(self._width, self._width, -1)
        weight = weight.transpose(1, 2).flatten(1)
        linear.weight = nn.Parameter(weight, requires_grad=False)
        self.linear = single(linear, form)
        self._channels_last = True

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (B, T, F) to (B, (T - window) // factor + 1, D); with fewer frames than
        `window` there are none."""
        return self._convolve(features), self._count(lengths).clamp(min=0)

    def initial_state(self, batch: int, device: torch.device) -> SubsamplingState:
        """Return the state before the first frame."""
        nothing = torch.zeros(batch, 0, self._mel_bins, device=device)
        return SubsamplingState(nothing, nothing)

    def step(
        self, features: Tensor, state: SubsamplingState, final: bool
    ) -> tuple[Tensor, SubsamplingState]:
        """Map the next features (B, t, F) to the frames (B, t', D) they complete."""
        waiting = torch.cat([state.features.to(features.dtype), features], dim=1)
        used = self.factor * max(0, (waiting.size(1) - self.window) // self.factor + 1)
        output = self._convolve(waiting[:, : used + self.window - self.factor])
        return output, SubsamplingState(waiting[:, used:], state.hidden)

    def _count(self, frames: Tensor) -> Tensor:
        return (frames - self.window) // self.factor + 1

    def _convolve(self, features: Tensor) -> Tensor:
        if features.size(1) < self.window:
            return features.new_zeros(features.size(0), 0, self._width)
        hidden = features[:, None]
        if self._channels_last:
            hidden = hidden.contiguous(memory_format=torch.channels_last)
        for name in self._names:
            hidden = F.relu_(self.get_submodule(name)(hidden))  # (B, D, T', bins)
        frames = hidden.permute(0, 2, 3, 1) if self._channels_last else hidden.transpose(1, 2)
        output: Tensor = self.linear(frames.flatten(2))
        return output


def pair_frames(frames: Tensor) -> Tensor:
    """Stack neighbouring frames (B, T, D) into (B, ceil(T / 2), 2 D), an odd last with zeros."""
    if frames.size(1) % 2:
        frames = F.pad(frames, (0, 0, 0, 1))
    return frames.reshape(frames.size(0), frames.size(1) // 2, 2 * frames.size(2))
