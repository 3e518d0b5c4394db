"""Multi-head self-attention under a chunk mask, and the positions it knows."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.cache import AttentionState
from dictation.model.config import BlockConfig
from dictation.model.linear import Form, JointLinear, single
from dictation.model.mixed import unmixed, wide


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
    """Sinusoidal positions computed once and extended when a longer utterance comes.

    `project`: a map that is applied to them before they are kept.
    """

    def __init__(
        self, width: int, interleaved: bool, project: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        self._width = width
        self._interleaved = interleaved
        self._project = project
        self._first = 0
        self._table = torch.zeros(0, width)
        self._always: Tensor | None = None

    def rows(self, first: int, last: int, like: Tensor) -> Tensor:
        """Return positions first..last - 1 (last - first, width), typed and placed as `like`.

        Positions may be negative: distances to what comes later are.
        """
        if self._always is not None:
            return self._always
        table = self._table
        known = self._first <= first and last <= self._first + table.size(0)
        if not known or table.dtype != like.dtype or table.device != like.device:
            end = max(last, 2 * (self._first + table.size(0)), 512)
            self._first = min(self._first, 2 * min(first, 0))
            # Frequencies in float32: a half-precision angle is off by radians after a minute.
            length = end - self._first
            exact = sinusoids(length, self._width, self._interleaved, like.device, self._first)
            table = exact.to(like.dtype)
            table = self._table = table if self._project is None else self._project(table)
        return table[first - self._first : last - self._first]

    @contextmanager
    def always(self, rows: Tensor) -> Iterator[None]:
        """Give these rows whatever positions are asked for: a recording knows no numbers."""
        self._always = rows
        try:
            yield
        finally:
            self._always = None


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


class MaskTable:
    """The chunk mask used last: passes over utterances of one length need not make it again."""

    def __init__(self) -> None:
        self._shape: tuple[int, int | None, int] | None = None
        self._mask = torch.zeros(0, 0)

    def mask(
        self, frames: int, chunk_size: int | None, left_context: int, device: torch.device
    ) -> Tensor:
        """Return `chunk_mask` of the same arguments."""
        shape = (frames, chunk_size, left_context)
        if shape != self._shape or self._mask.device != device:
            self._shape, self._mask = shape, chunk_mask(frames, chunk_size, left_context, device)
        return self._mask


class SelfAttention(nn.Module):
    """Scaled dot-product self-attention, in which positions may enter the score.

    `relative_shift`: the four terms of Dai et al. 2019, section 3.3, with the distance from key to
    query. `relative`: WeNet's form of them without the shift, in which the key's index in the
    utterance stands for the distance; its terms are those of one product, of [query + u, query + v]
    and [key, position].
    """

    both: Tensor

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        width, heads = config.width, config.heads
        self.heads = heads
        self.head_width = width // heads
        self.query = nn.Linear(width, width, bias=config.query_bias)
        self.key = nn.Linear(width, width, bias=config.key_bias)
        self.value = nn.Linear(width, width, bias=config.value_bias)
        self.out: nn.Module = nn.Linear(width, width, bias=config.out_bias)
        self.shifted = config.position == "relative_shift"
        self.relative = config.position == "relative"
        if self.shifted or self.relative:
            self.position = nn.Linear(width, width, bias=False)
            self._positions = PositionTable(width, interleaved=True)
            self.content_bias = nn.Parameter(torch.zeros(heads, self.head_width))
            self.position_bias = nn.Parameter(torch.zeros(heads, self.head_width))
        self.joint: JointLinear | None = None

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        self.joint = JointLinear.of([self.query, self.key, self.value], form)
        del self.query, self.key, self.value
        assert isinstance(self.out, nn.Linear)
        self.out = single(self.out, form)
        if self.shifted or self.relative:
            width = self.position.in_features
            self._positions = PositionTable(width, interleaved=True, project=self._projected)
            self.register_buffer("both", self._both().detach(), persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None, offset: int = 0) -> Tensor:
        """Attend within x (B, T, D); `mask` (B or 1, 1, T, T) bool, None: no restriction."""
        queries, keys, values = self._split_all(x)
        with unmixed(x):
            if self.relative:
                positions = self._positions_of(keys, (offset,)).expand_as(keys)
                keys = torch.cat([keys, positions], dim=3)
                values = F.pad(values, (0, self.head_width))
            attended = self._attend(queries, keys, values, mask, 0)
        output: Tensor = self.out(attended)
        return output

    def step(
        self,
        x: Tensor,
        state: AttentionState,
        keep: int,
        offsets: tuple[int, ...],
        mask: Tensor | None = None,
    ) -> tuple[Tensor, AttentionState]:
        """Attend from a chunk x (B, C, D) to itself and the cache.

        `keep` frames stay in the cache (-1: all); `offsets`: the index of the first frame of x in
        each stream, or one for all. `mask` (B, 1, 1, n + C): which of the rows stand for frames.
        """
        queries, keys, values = self._split_all(x)
        with unmixed(x):
            positions = self._positions_of(keys, offsets) if self.relative else None
            known, state = state.count, state.appended(keys, values, positions)
            attended = self._attend(queries, state.key_rows, state.value_rows, mask, known)
        return self.out(attended), state.kept(keep)

    def initial_state(self, batch: int, device: torch.device) -> AttentionState:
        """Return an empty cache."""
        width = self.head_width * (2 if self.relative else 1)
        nothing = torch.zeros(batch, self.heads, 0, width, device=device)
        return AttentionState.of(nothing, nothing, self.head_width)

    def _split_all(self, x: Tensor) -> list[Tensor]:
        """Return queries, keys and values (B, H, T, D / H) of x (B, T, D)."""
        if self.joint is not None:
            return [self._split(wide(part)) for part in self.joint(x)]
        return [self._split(wide(layer(x))) for layer in (self.query, self.key, self.value)]

    def _both(self) -> Tensor:
        """Return the biases that queries for content and for positions get, (H, 1, 2, D / H)."""
        return torch.stack([self.content_bias, self.position_bias], dim=1)[:, None]

    def _positions_of(self, keys: Tensor, offsets: tuple[int, ...]) -> Tensor:
        """Return what the positions of keys (B, H, T, D / H) from `offsets` on stand for in a
        score, (B or 1, H, T, D / H)."""
        count = keys.size(2)
        rows = {
            offset: self._projected_rows(offset, offset + count, keys) for offset in set(offsets)
        }
        if len(rows) == 1:
            return rows[offsets[0]][None]
        return torch.stack([rows[offset] for offset in offsets])

    def _projected_rows(self, first: int, last: int, like: Tensor) -> Tensor:
        """Return what positions first..last - 1 stand for in a score, (H, last - first, D / H)."""
        rows = self._positions.rows(first, last, like)
        if self.joint is None:  # the weights may change: nothing is kept
            rows = self.position(rows)
        return self._split(rows[None])[0]

    def position_table(self) -> PositionTable | None:
        """Return the table read at the places of frames, None where there is none."""
        return self._positions if self.relative else None

    def _projected(self, rows: Tensor) -> Tensor:
        """Project positions (n, D) in the type of the weights."""
        projected: Tensor = self.position(rows.to(self.position.weight.dtype))
        return projected.to(rows.dtype)

    def _attend(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, first_query: int
    ) -> Tensor:
        """Attend from queries (B, H, C, D / H), the first of them at row `first_query`, to rows of
        keys and values (B, H, K, W); returns (B, C, D)."""
        bias, dtype = mask, queries.dtype
        if self.relative:
            # One width for queries, keys and values: others take PyTorch's slow way.
            both = self._both().to(dtype) if self.joint is None else self.both
            queries = (queries[:, :, :, None] + both).flatten(3)
        if self.shifted:
            moved = queries + self.position_bias[:, None].to(dtype)
            score = self._distance_scores(moved, keys.size(2), first_query)
            bias = score if mask is None else score.masked_fill(~mask, float("-inf"))
            queries = queries + self.content_bias[:, None].to(dtype)
        attended = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=bias, scale=self.head_width**-0.5
        )
        attended = attended[..., : self.head_width]
        return attended.transpose(1, 2).flatten(2)

    def _distance_scores(self, queries: Tensor, count: int, first_query: int) -> Tensor:
        """Return what the distances from `count` keys to queries (B, H, C, D / H), the first of
        them at key `first_query`, add to the scores (B, H, C, count)."""
        scale = self.head_width**-0.5
        # Column c of the product is for distance `furthest` - c, and query i wants distances
        # furthest - (size - 1 - i) - key: with one column more, rows move by one as they are read
        # with one column fewer.
        size = queries.size(2)
        furthest = first_query + size - 1
        rows = self._projected_rows(first_query - count + 1, furthest + 1, queries).flip(1)
        score = F.pad((queries @ rows.transpose(1, 2)) * scale, (0, 1))
        columns = score.size(3) - 1
        aligned: Tensor = score.flatten(2)[..., size - 1 : size - 1 + size * columns]
        return aligned.view(*score.shape[:2], size, columns)[..., :count]

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.size(0), x.size(1), self.heads, self.head_width).transpose(1, 2)
