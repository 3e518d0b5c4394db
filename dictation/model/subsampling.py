"""Convolutions that lower the frame rate before the first block, whole or chunk by chunk."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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

    def __init__(self, mel_bins: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(mel_bins, width, 3)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2)

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
    """Two 3 x 3 convolutions of stride 2 over time and frequency, without padding: a quarter of the
    frame rate, as in ESPnet and WeNet (`conv2d`)."""

    factor = 4

    def __init__(self, mel_bins: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, stride=2)
        self.conv2 = nn.Conv2d(width, width, 3, stride=2)
        bins = ((mel_bins - 1) // 2 - 1) // 2
        self.linear = nn.Linear(width * bins, width)
        self._mel_bins = mel_bins

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Map features (B, T, F) to (B, (T - 7) // 4 + 1, D); fewer than 7 frames give none."""
        return self._convolve(features), ((lengths - 7) // 4 + 1).clamp(min=0)

    def initial_state(self, batch: int, device: torch.device) -> SubsamplingState:
        """Return the state before the first frame."""
        nothing = torch.zeros(batch, 0, self._mel_bins, device=device)
        return SubsamplingState(nothing, nothing)

    def step(
        self, features: Tensor, state: SubsamplingState, final: bool
    ) -> tuple[Tensor, SubsamplingState]:
        """Map the next features (B, t, F) to the frames (B, t', D) they complete."""
        waiting = torch.cat([state.features.to(features.dtype), features], dim=1)
        frames = max(0, (waiting.size(1) - 7) // 4 + 1)
        output = self._convolve(waiting[:, : 4 * frames + 3])
        return output, SubsamplingState(waiting[:, 4 * frames :], state.hidden)

    def _convolve(self, features: Tensor) -> Tensor:
        if features.size(1) < 7:
            return features.new_zeros(features.size(0), 0, self.linear.out_features)
        hidden = F.relu(self.conv2(F.relu(self.conv1(features[:, None]))))  # (B, D, T', bins)
        output: Tensor = self.linear(hidden.transpose(1, 2).flatten(2))
        return output * math.sqrt(self.linear.out_features)


def pair_frames(frames: Tensor) -> Tensor:
    """Stack neighbouring frames (B, T, D) into (B, ceil(T / 2), 2 D), an odd last with zeros."""
    if frames.size(1) % 2:
        frames = F.pad(frames, (0, 0, 0, 1))
    return frames.reshape(frames.size(0), frames.size(1) // 2, 2 * frames.size(2))
