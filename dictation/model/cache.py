"""Keys and values a stream may still attend to, written once, in place."""

from dataclasses import dataclass

import torch
from torch import Tensor


class _Room:
    """Buffers (B, H, room, W) of which the first `used` rows are taken; those never change."""

    def __init__(self, keys: Tensor, values: Tensor, used: int) -> None:
        self.keys = keys
        self.values = values
        self.used = used

    @property
    def size(self) -> int:
        return self.keys.size(2)


@dataclass(frozen=True)
class AttentionState:
    """Rows `first`..`last` - 1 of buffers that states of one stream share.

    A state is a value: later ones write behind its rows, and of two that go on from the same state
    the second gets buffers of its own. A row holds a key of `width` and what stands for its
    position, if anything; rows of values are as wide, with zeros. `absent`: how many of the first
    rows of each stream stand for nothing, () for none at all.
    """

    room: _Room
    width: int
    first: int = 0
    last: int = 0
    absent: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, keys: Tensor, values: Tensor, width: int, absent: tuple[int, ...] = ()
    ) -> "AttentionState":
        """Return the state that remembers rows of keys and of values, both (B, H, n, W)."""
        count = keys.size(2)
        return cls(_Room(keys, values, count), width, 0, count, absent)

    @property
    def key_rows(self) -> Tensor:
        """Keys with their positions, (B, H, n, W)."""
        return self.room.keys[:, :, self.first : self.last]

    @property
    def value_rows(self) -> Tensor:
        """Values with zeros behind them, (B, H, n, W)."""
        return self.room.values[:, :, self.first : self.last]

    @property
    def keys(self) -> Tensor:
        """Keys (B, H, n, D / H)."""
        return self.key_rows[..., : self.width]

    @property
    def values(self) -> Tensor:
        """Values (B, H, n, D / H)."""
        return self.value_rows[..., : self.width]

    @property
    def count(self) -> int:
        """How many frames are remembered, n."""
        return self.last - self.first

    @property
    def nbytes(self) -> int:
        """Bytes of the rows that are remembered."""
        return self.key_rows.nbytes + self.value_rows.nbytes

    def appended(
        self, keys: Tensor, values: Tensor, positions: Tensor | None = None
    ) -> "AttentionState":
        """Return the state that remembers more keys and values (B, H, C, D / H), with `positions`
        (B or 1, H, C, D / H) in the keys' rows."""
        state, frames = self, keys.size(2)
        room = self.room
        full = self.last + frames > room.size
        if full or room.used != self.last or room.keys.dtype != keys.dtype:
            state = self._moved(frames, keys.dtype)
            room = state.room
        last = state.last + frames
        room.keys[:, :, state.last : last, : self.width] = keys
        room.values[:, :, state.last : last, : self.width] = values
        if positions is not None:
            room.keys[:, :, state.last : last, self.width :] = positions
        room.used = last
        return AttentionState(room, self.width, state.first, last, self.absent)

    def kept(self, frames: int) -> "AttentionState":
        """Return the state that remembers the last `frames` only; fewer than none: all."""
        if frames < 0 or frames >= self.count:
            return self
        first = self.last - frames
        absent = tuple(max(0, few - (first - self.first)) for few in self.absent)
        return AttentionState(
            self.room, self.width, first, self.last, absent if any(absent) else ()
        )

    def reclaim(self) -> None:
        """Give up the states that went on from this one: what comes next overwrites their rows."""
        self.room.used = self.last

    def present(self) -> Tensor | None:
        """Return which rows stand for frames, (B, 1, 1, n) bool; None: all."""
        if not self.absent:
            return None
        device = self.room.keys.device
        absent = torch.tensor(self.absent, device=device)[:, None]
        return (torch.arange(self.count, device=device) >= absent)[:, None, None]

    def _moved(self, frames: int, dtype: torch.dtype) -> "AttentionState":
        """Return this state in buffers with room for as much again."""
        batch, heads, _, width = self.room.keys.shape
        shape = (batch, heads, 2 * (self.count + frames), width)
        rows = (self.key_rows, self.value_rows)
        keys, values = (each.new_zeros(shape, dtype=dtype) for each in rows)
        keys[:, :, : self.count] = self.key_rows
        values[:, :, : self.count] = self.value_rows
        room = _Room(keys, values, self.count)
        return AttentionState(room, self.width, 0, self.count, self.absent)
