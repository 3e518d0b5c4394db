"""What the encoder remembers of live streams, one or several of them in a batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dictation.model.cache import AttentionState
from dictation.model.subsampling import SubsamplingState


@dataclass(frozen=True)
class BlockState:
    """What one block remembers of a stream."""

    attention: AttentionState
    convolution: Tensor


@dataclass(frozen=True)
class StreamState:
    """Everything the encoder remembers of streams between two chunks.

    `pending`: subsampled frames (B, t, D) short of a chunk. `offsets`: frames already encoded of
    each of the B streams.
    """

    subsampling: SubsamplingState
    pending: Tensor
    offsets: tuple[int, ...]
    blocks: tuple[BlockState, ...]

    @property
    def offset(self) -> int:
        """Frames already encoded; raises ValueError for streams that differ in it."""
        if len(set(self.offsets)) != 1:
            raise ValueError(f"streams at different places: {self.offsets}")
        return self.offsets[0]

    def reclaim(self) -> None:
        """Give up the states that went on from this one, so that the next can have their room."""
        for block in self.blocks:
            block.attention.reclaim()


def stack_states(states: Sequence[StreamState]) -> StreamState:
    """Join the states of streams into the state of one batch, in their order.

    The streams may have begun at different times, but each must wait for as many feature frames as
    the others before its next chunk is whole; raises ValueError otherwise.
    """
    first = states[0]
    waiting = {
        (
            state.subsampling.features.size(1),
            state.subsampling.hidden.size(1),
            state.pending.size(1),
        )
        for state in states
    }
    if len(waiting) > 1:
        raise ValueError("streams that are not at the same place within a chunk")
    return StreamState(
        subsampling=SubsamplingState(
            torch.cat([state.subsampling.features for state in states]),
            torch.cat([state.subsampling.hidden for state in states]),
        ),
        pending=torch.cat([state.pending for state in states]),
        offsets=tuple(offset for state in states for offset in state.offsets),
        blocks=tuple(
            BlockState(
                _stacked([state.blocks[index].attention for state in states]),
                torch.cat([state.blocks[index].convolution for state in states]),
            )
            for index in range(len(first.blocks))
        ),
    )


def unstack_states(state: StreamState) -> list[StreamState]:
    """Return the state of each stream of a batch: the inverse of `stack_states`."""
    return [_single(state, stream) for stream in range(len(state.offsets))]


def move_state(state: StreamState, device: torch.device, dtype: torch.dtype) -> StreamState:
    """Return the state on another device, in the type of the weights there."""

    def moved(value: Tensor) -> Tensor:
        return value.to(device, dtype)

    return StreamState(
        SubsamplingState(moved(state.subsampling.features), moved(state.subsampling.hidden)),
        moved(state.pending),
        state.offsets,
        tuple(
            BlockState(_mapped(block.attention, moved), moved(block.convolution))
            for block in state.blocks
        ),
    )


def state_tensors(state: StreamState) -> list[Tensor]:
    """Return all tensors of a state in a fixed order, that of `with_tensors`."""
    tensors = [state.subsampling.features, state.subsampling.hidden, state.pending]
    for block in state.blocks:
        tensors += [block.attention.key_rows, block.attention.value_rows, block.convolution]
    return tensors


def with_tensors(
    like: StreamState, tensors: Sequence[Tensor], offsets: tuple[int, ...]
) -> StreamState:
    """Return the state of these tensors, of which none stands for nothing, at `offsets`."""
    features, hidden, pending, *rest = tensors
    blocks = tuple(
        BlockState(
            AttentionState.of(rest[3 * index], rest[3 * index + 1], block.attention.width),
            rest[3 * index + 2],
        )
        for index, block in enumerate(like.blocks)
    )
    return StreamState(SubsamplingState(features, hidden), pending, offsets, blocks)


def _single(state: StreamState, stream: int) -> StreamState:
    def only(value: Tensor) -> Tensor:
        return value[stream : stream + 1]

    def attention(block: BlockState) -> AttentionState:
        several = block.attention
        absent = several.absent[stream] if several.absent else 0
        keys, values = only(several.key_rows), only(several.value_rows)
        return AttentionState.of(keys[:, :, absent:], values[:, :, absent:], several.width)

    return StreamState(
        SubsamplingState(only(state.subsampling.features), only(state.subsampling.hidden)),
        only(state.pending),
        (state.offsets[stream],),
        tuple(BlockState(attention(block), only(block.convolution)) for block in state.blocks),
    )


def _stacked(states: Sequence[AttentionState]) -> AttentionState:
    """Join caches; shorter ones begin with rows that stand for nothing."""
    longest = max(state.count for state in states)
    absent: list[int] = []
    keys, values = [], []
    for state in states:
        missing = longest - state.count
        before = state.absent or (0,) * state.key_rows.size(0)
        absent += [missing + few for few in before]
        keys.append(F.pad(state.key_rows, (0, 0, missing, 0)))
        values.append(F.pad(state.value_rows, (0, 0, missing, 0)))
    return AttentionState.of(
        torch.cat(keys),
        torch.cat(values),
        states[0].width,
        tuple(absent) if any(absent) else (),
    )


def _mapped(state: AttentionState, change: Callable[[Tensor], Tensor]) -> AttentionState:
    keys, values = change(state.key_rows), change(state.value_rows)
    return AttentionState.of(keys, values, state.width, state.absent)
