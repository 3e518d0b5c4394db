"""Multi-head self-attention under a chunk mask, and the positions it knows."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class AttentionState:
    """Keys and values (B, H, T, D / H) of the frames a stream may still attend to."""

    keys: Tensor
    values: Tensor


def sinusoids(length: int, width: int, interleaved: bool, device: torch.device) -> Tensor:
    """Return sinusoidal positions (length, width) (Vaswani et al. 2017, section 3.5).

    Interleaved as in the paper, or Whisper's way: all sines, then all cosines, with wavelengths
    from 2 pi to exactly 10000 * 2 pi.
    """
    half = width // 2
    steps = half if interleaved else half - 1
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(10000.0) / steps))
    angles = torch.arange(length, device=device)[:, None] * rates
    if interleaved:
        return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class PositionTable:
    """Sinusoidal positions computed once and extended when a longer utterance comes."""

    def __init__(self, width: int, interleaved: bool) -> None:
        self._width = width
        self._interleaved = interleaved
        self._table = torch.zeros(0, width)

    def rows(self, first: int, last: int, like: Tensor) -> Tensor:
        """Return positions first..last - 1 (last - first, width), typed and placed as `like`."""
        table = self._table
        if table.size(0) < last or table.dtype != like.dtype or table.device != like.device:
            length = max(last, 2 * table.size(0), 512)
            # Frequencies in float32: a half-precision angle is off by radians after a minute.
            exact = sinusoids(length, self._width, self._interleaved, like.device)
            table = self._table = exact.to(like.dtype)
        return table[first:last]


def chunk_mask(
    frames: int, chunk_size: int | None, left_context: int, device: torch.device
) -> Tensor:
    """Return which key frame each query frame may see, (T, T) bool.

    A frame sees its own chunk and `left_context` chunks before it (-1: all of them), as in U2
    (Zhang et al. 2020, section 3.2). `chunk_size` None: everything.
    """
    if chunk_size is None:
        return torch.ones(frames, frames, dtype=torch.bool, device=device)
    chunk = torch.arange(frames, device=device) // chunk_size
    distance = chunk[:, None] - chunk[None, :]
    mask = distance >= 0
    return mask if left_context < 0 else mask & (distance <= left_context)


class SelfAttention(nn.Module):
    """Scaled dot-product self-attention; with `relative`, the key's position enters the score.

    The relative form is WeNet's: Dai et al. 2019's four terms without the shift, so that the term
    depends on the key's index in the utterance.
    """

    def __init__(self, width: int, heads: int, relative: bool, key_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=key_bias)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.relative = relative
        if relative:
            self.position = nn.Linear(width, width, bias=False)
            self._positions = PositionTable(width, interleaved=True)
            self.content_bias = nn.Parameter(torch.zeros(heads, width // heads))
            self.position_bias = nn.Parameter(torch.zeros(heads, width // heads))

    def forward(self, x: Tensor, mask: Tensor | None, offset: int = 0) -> Tensor:
        """Attend within x (B, T, D); `mask` (B or 1, 1, T, T) bool, None: no restriction."""
        return self._attend(x, self._split(self.key(x)), self._split(self.value(x)), mask, offset)

    def step(
        self, x: Tensor, state: AttentionState, keep: int, offset: int
    ) -> tuple[Tensor, AttentionState]:
        """Attend from a chunk x (B, C, D) to itself and the cache.

        `keep` frames stay in the cache (-1: all); `offset` is the index of the first frame of x.
        """
        fresh_keys, fresh_values = self._split(self.key(x)), self._split(self.value(x))
        keys = torch.cat([state.keys.to(fresh_keys.dtype), fresh_keys], dim=2)
        values = torch.cat([state.values.to(fresh_values.dtype), fresh_values], dim=2)
        first = offset - state.keys.size(2)
        output = self._attend(x, keys, values, None, first)
        if keep >= 0:
            kept = min(keep, keys.size(2))
            keys, values = keys[:, :, keys.size(2) - kept :], values[:, :, values.size(2) - kept :]
        return output, AttentionState(keys, values)

    def initial_state(self, batch: int, device: torch.device) -> AttentionState:
        """Return an empty cache."""
        nothing = torch.zeros(batch, self.heads, 0, self.key.out_features // self.heads)
        return AttentionState(nothing.to(device), nothing.to(device))

    def _attend(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, first_key: int
    ) -> Tensor:
        queries = self._split(self.query(x))
        bias = mask
        if self.relative:
            scale = queries.size(3) ** -0.5
            last = first_key + keys.size(2)
            table = self._positions.rows(first_key, last, x)
            positions = self._split(self.position(table)[None])
            moved = queries + self.position_bias[:, None].to(queries.dtype)
            score = (moved @ positions.transpose(2, 3)) * scale
            bias = score if mask is None else score.masked_fill(~mask, float("-inf"))
            queries = queries + self.content_bias[:, None].to(queries.dtype)
        attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
        output: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return output

    def _split(self, x: Tensor) -> Tensor:
        width = x.size(2) // self.heads
        return x.view(x.size(0), x.size(1), self.heads, width).transpose(1, 2)
