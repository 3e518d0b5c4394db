"""Multi-head self-attention under a chunk mask, and the positions it knows."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.config import BlockConfig


@dataclass(frozen=True)
class AttentionState:
    """Keys and values (B, H, T, D / H) of the frames a stream may still attend to."""

    keys: Tensor
    values: Tensor


def sinusoids(
    length: int, width: int, interleaved: bool, device: torch.device, first: int = 0
) -> Tensor:
    """Return `length` sinusoidal positions from `first` on, (length, width) (Vaswani et al. 2017,
    section 3.5).

    Interleaved as in the paper, or Whisper's way: all sines, then all cosines, with wavelengths
    from 2 pi to exactly 10000 * 2 pi.
    """
    half = width // 2
    steps = half if interleaved else half - 1
    rates = torch.exp(torch.arange(half, device=device) * (-math.log(10000.0) / steps))
    angles = torch.arange(first, first + length, device=device)[:, None] * rates
    if interleaved:
        return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class PositionTable:
    """Sinusoidal positions computed once and extended when a longer utterance comes."""

    def __init__(self, width: int, interleaved: bool) -> None:
        self._width = width
        self._interleaved = interleaved
        self._first = 0
        self._table = torch.zeros(0, width)

    def rows(self, first: int, last: int, like: Tensor) -> Tensor:
        """Return positions first..last - 1 (last - first, width), typed and placed as `like`.

        Positions may be negative: distances to what comes later are.
        """
        table = self._table
        known = self._first <= first and last <= self._first + table.size(0)
        if not known or table.dtype != like.dtype or table.device != like.device:
            end = max(last, 2 * (self._first + table.size(0)), 512)
            self._first = min(self._first, 2 * min(first, 0))
            # Frequencies in float32: a half-precision angle is off by radians after a minute.
            length = end - self._first
            exact = sinusoids(length, self._width, self._interleaved, like.device, self._first)
            table = self._table = exact.to(like.dtype)
        return table[first - self._first : last - self._first]


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
    """Scaled dot-product self-attention, in which positions may enter the score.

    `relative_shift`: the four terms of Dai et al. 2019, section 3.3, with the distance from key to
    query. `relative`: WeNet's form of them without the shift, in which the key's index in the
    utterance stands for the distance.
    """

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.heads = heads
        self.query = nn.Linear(width, width, bias=config.query_bias)
        self.key = nn.Linear(width, width, bias=config.key_bias)
        self.value = nn.Linear(width, width, bias=config.value_bias)
        self.out = nn.Linear(width, width, bias=config.out_bias)
        self.shifted = config.position == "relative_shift"
        self.relative = self.shifted or config.position == "relative"
        if self.relative:
            self.position = nn.Linear(width, width, bias=False)
            self._positions = PositionTable(width, interleaved=True)
            self.content_bias = nn.Parameter(torch.zeros(heads, width // heads))
            self.position_bias = nn.Parameter(torch.zeros(heads, width // heads))

    def forward(self, x: Tensor, mask: Tensor | None, offset: int = 0) -> Tensor:
        """Attend within x (B, T, D); `mask` (B or 1, 1, T, T) bool, None: no restriction."""
        keys, values = self._split(self.key(x)), self._split(self.value(x))
        return self._attend(x, keys, values, mask, offset, offset)

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
        output = self._attend(x, keys, values, None, first, offset)
        if keep >= 0:
            kept = min(keep, keys.size(2))
            keys, values = keys[:, :, keys.size(2) - kept :], values[:, :, values.size(2) - kept :]
        return output, AttentionState(keys, values)

    def initial_state(self, batch: int, device: torch.device) -> AttentionState:
        """Return an empty cache."""
        nothing = torch.zeros(batch, self.heads, 0, self.key.out_features // self.heads)
        return AttentionState(nothing.to(device), nothing.to(device))

    def _attend(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        mask: Tensor | None,
        first_key: int,
        first_query: int,
    ) -> Tensor:
        queries = self._split(self.query(x))
        bias = mask
        if self.relative:
            moved = queries + self.position_bias[:, None].to(queries.dtype)
            score = self._position_scores(moved, first_key, keys.size(2), first_query)
            bias = score if mask is None else score.masked_fill(~mask, float("-inf"))
            queries = queries + self.content_bias[:, None].to(queries.dtype)
        attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
        output: Tensor = self.out(attended.transpose(1, 2).flatten(2))
        return output

    def _position_scores(
        self, queries: Tensor, first_key: int, count: int, first_query: int
    ) -> Tensor:
        scale = queries.size(3) ** -0.5
        if not self.shifted:
            table = self._positions.rows(first_key, first_key + count, queries)
            positions = self._split(self.position(table)[None])
            score: Tensor = (queries @ positions.transpose(2, 3)) * scale
            return score
        # Column c of the product is for distance `furthest` - c, and query i wants distances
        # furthest - (size - 1 - i) - key: with one column more, rows move by one as they are read
        # with one column fewer.
        size = queries.size(2)
        furthest = first_query + size - 1 - first_key
        distances = self._positions.rows(first_query - first_key - count + 1, furthest + 1, queries)
        projected = self._split(self.position(distances.flip(0))[None])
        score = F.pad((queries @ projected.transpose(2, 3)) * scale, (0, 1))
        columns = score.size(3) - 1
        aligned: Tensor = score.flatten(2)[..., size - 1 : size - 1 + size * columns]
        return aligned.view(*score.shape[:2], size, columns)[..., :count]

    def _split(self, x: Tensor) -> Tensor:
        width = x.size(2) // self.heads
        return x.view(x.size(0), x.size(1), self.heads, width).transpose(1, 2)
