"""The streaming Conformer encoder: a masked whole-utterance pass and the same chunk by chunk."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.attention import MaskTable, PositionTable, SelfAttention
from dictation.model.config import BlockConfig, EncoderConfig
from dictation.model.convolution import ConvolutionModule
from dictation.model.layers import activation, norm
from dictation.model.linear import Form, feed_forward, single
from dictation.model.mixed import wide
from dictation.model.stream import BlockState, StreamState
from dictation.model.subsampling import Conv1dSubsampling, Conv2dSubsampling, pair_frames


@dataclass(frozen=True)
class EncoderOutput:
    """Encoder states with their lengths (B,): `memory` (B, T, D) for the attention decoder and
    `top` (B, T', D') for the other heads, the same tensor where there are no upper blocks."""

    memory: Tensor
    memory_lengths: Tensor
    top: Tensor
    top_lengths: Tensor


class FeedForward(nn.Sequential):
    """Two linear maps with an activation between."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__(
            nn.Linear(config.width, config.ffn_width, bias=config.ffn_bias),
            activation(config.activation),
            nn.Dropout(config.dropout),
            nn.Linear(config.ffn_width, config.width, bias=config.ffn_bias),
        )

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        inner, active, _, outer = self
        assert isinstance(inner, nn.Linear)
        assert isinstance(outer, nn.Linear)
        del self[:]
        self.append(feed_forward(inner, active, outer, form))


class ConformerBlock(nn.Module):
    """Macaron feed-forward, self-attention, convolution, feed-forward; each added to its input."""

    def __init__(self, config: BlockConfig) -> None:
        super().__init__()
        self.ffn_scale = config.ffn_scale
        self.normalize_before = config.normalize_before
        self.has_macaron = config.macaron
        self.has_convolution = config.convolution != "none"
        if self.has_macaron:
            self.macaron_norm = self._norm(config)
            self.macaron = FeedForward(config)
        self.attention_norm = self._norm(config)
        self.attention = SelfAttention(config)
        if self.has_convolution:
            self.convolution_norm = self._norm(config)
            self.convolution = ConvolutionModule(config)
        self.ffn_norm = self._norm(config)
        self.ffn = FeedForward(config)
        self.closing_norm = self._norm(config) if config.closing_norm else nn.Identity()
        self.dropout = nn.Dropout(config.dropout)

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        self.attention.take_form(form)
        self.ffn.take_form(form)
        if self.has_macaron:
            self.macaron.take_form(form)
        if self.has_convolution:
            self.convolution.take_form(form)

    def forward(self, x: Tensor, mask: Tensor | None, inside: Tensor | None = None) -> Tensor:
        """Map x (B, T, D) under `mask` (B or 1, 1, T, T); `inside` (B, T, 1) marks the frames that
        exist, None: all."""
        x = self._before(x)
        attended = self.attention(self._entering(x, self.attention_norm), mask)
        x = self._joined(x, attended, self.attention_norm)
        if self.has_convolution:
            convolved = self.convolution(self._entering(x, self.convolution_norm), inside)
            x = self._joined(x, convolved, self.convolution_norm)
        return self._after(x)

    def step(
        self,
        x: Tensor,
        state: BlockState,
        keep: int,
        offsets: tuple[int, ...],
        mask: Tensor | None = None,
    ) -> tuple[Tensor, BlockState]:
        """Map the next chunk x (B, C, D); the rest is as in `SelfAttention.step`."""
        x = self._before(x)
        attended, attention = self.attention.step(
            self._entering(x, self.attention_norm), state.attention, keep, offsets, mask
        )
        x = self._joined(x, attended, self.attention_norm)
        convolution = state.convolution
        if self.has_convolution:
            convolved, convolution = self.convolution.step(
                self._entering(x, self.convolution_norm), convolution
            )
            x = self._joined(x, convolved, self.convolution_norm)
        return self._after(x), BlockState(attention, convolution)

    def initial_state(self, batch: int, device: torch.device) -> BlockState:
        """Return the state before the first chunk."""
        attention = self.attention.initial_state(batch, device)
        if not self.has_convolution:
            return BlockState(attention, torch.zeros(batch, 0, 0, device=device))
        return BlockState(attention, self.convolution.initial_state(batch))

    def _before(self, x: Tensor) -> Tensor:
        if not self.has_macaron:
            return x
        fed = self.macaron(self._entering(x, self.macaron_norm))
        return self._joined(x, fed, self.macaron_norm, self.ffn_scale)

    def _after(self, x: Tensor) -> Tensor:
        fed = self.ffn(self._entering(x, self.ffn_norm))
        output: Tensor = self.closing_norm(self._joined(x, fed, self.ffn_norm, self.ffn_scale))
        return output

    def _entering(self, x: Tensor, layer_norm: nn.Module) -> Tensor:
        entering: Tensor = layer_norm(x) if self.normalize_before else x
        return entering

    def _joined(
        self, x: Tensor, change: Tensor, layer_norm: nn.Module, scale: float = 1.0
    ) -> Tensor:
        x = torch.add(x, self.dropout(change) if self.training else change, alpha=scale)
        joined: Tensor = x if self.normalize_before else layer_norm(x)
        return joined

    @staticmethod
    def _norm(config: BlockConfig) -> nn.Module:
        return norm(config.norm, config.width, config.norm_eps)


class Encoder(nn.Module):
    """Log-mel frames to encoder states.

    Chunk sizes count frames after subsampling and must be even where there are upper blocks, which
    see pairs of frames: their chunk is half as many of theirs.
    """

    def __init__(self, config: EncoderConfig, mel_bins: int) -> None:
        super().__init__()
        self.config = config
        width = config.block.width
        self.subsampling = (
            Conv1dSubsampling(mel_bins, width)
            if config.subsampling == "conv1d2"
            else Conv2dSubsampling(config.subsampling, mel_bins, width)
        )
        scaled = config.subsampling != "conv1d2" if config.scaled is None else config.scaled
        self._scale = math.sqrt(width) if scaled else 1.0
        self.blocks = nn.ModuleList(ConformerBlock(config.block) for _ in range(config.blocks))
        self.norm = (
            norm(config.block.norm, width, config.block.norm_eps)
            if config.final_norm
            else nn.Identity()
        )
        position = config.block.position
        self._absolute = position in ("absolute", "absolute_interleaved")
        self._positions = PositionTable(width, interleaved=position == "absolute_interleaved")
        self._masks = MaskTable()
        if config.upper is not None:
            self.pairing: nn.Module = nn.Linear(2 * width, config.upper.width)
            self.upper = nn.ModuleList(
                ConformerBlock(config.upper) for _ in range(config.upper_blocks)
            )
            self.upper_norm = norm(config.upper.norm, config.upper.width, config.upper.norm_eps)

    def take_form(self, form: Form) -> None:
        """Become what computes fastest; the weights are fixed from now on."""
        self.subsampling.take_form(form)
        for block in self._all_blocks():
            block.take_form(form)
        if self.config.upper is not None:
            assert isinstance(self.pairing, nn.Linear)
            self.pairing = single(self.pairing, form)

    @property
    def lookahead(self) -> int:
        """Feature frames that a stream needs once, at its start; with them every chunk of C frames
        is whole after C * `factor` more."""
        return self.subsampling.lookahead

    @property
    def factor(self) -> int:
        """Feature frames to one frame of `memory`."""
        return self.subsampling.factor

    @property
    def top_factor(self) -> int:
        """Feature frames to one frame of `top`."""
        return self.factor * (1 if self.config.upper is None else 2)

    @property
    def top_width(self) -> int:
        """Width of `top`."""
        return self.config.block.width if self.config.upper is None else self.config.upper.width

    def position_tables(self) -> list[tuple[PositionTable, int]]:
        """Return the tables that a step reads at the place of its chunk, each with how many frames
        of `memory` go to one of its rows."""
        paces = [(block, 1) for block in self._lower_blocks()]
        paces += [(block, 2) for block in self._upper_blocks()]
        tables = [(block.attention.position_table(), pace) for block, pace in paces]
        found = [(table, pace) for table, pace in tables if table is not None]
        return [(self._positions, 1), *found] if self._absolute else found

    def forward(
        self,
        features: Tensor,
        lengths: Tensor,
        chunk_size: int | None = None,
        left_context: int = -1,
    ) -> EncoderOutput:
        """Encode padded utterances (B, T, F) of `lengths` (B,) frames, zero beyond them.

        `chunk_size` None: full context; else every frame sees its chunk and `left_context` chunks
        before it (-1: all).
        """
        x, lengths = self.embed(features, lengths)
        memory = self._run(self.blocks, x, lengths, chunk_size, left_context)
        memory = self.norm(memory)
        if self.config.upper is None:
            return EncoderOutput(memory, lengths, memory, lengths)
        inside = torch.arange(memory.size(1), device=memory.device) < lengths[:, None]
        paired = wide(self.pairing(pair_frames(memory * inside[..., None])))
        top_lengths = (lengths + 1) // 2
        half = None if chunk_size is None else _half(chunk_size)
        top = self._run(self.upper, paired, top_lengths, half, left_context)
        return EncoderOutput(memory, lengths, self.upper_norm(top), top_lengths)

    def embed(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what enters the first block, (B, T', D), and its lengths (B,)."""
        x, lengths = self.subsampling(features, lengths)
        return self._enter(x, (0,)), lengths

    def initial_state(self, batch: int = 1) -> StreamState:
        """Return the state before the first frame of `batch` streams."""
        device = next(self.parameters()).device
        return StreamState(
            self.subsampling.initial_state(batch, device),
            torch.zeros(batch, 0, self.config.block.width, device=device),
            (0,) * batch,
            tuple(block.initial_state(batch, device) for block in self._all_blocks()),
        )

    def step(
        self,
        features: Tensor,
        state: StreamState,
        chunk_size: int,
        left_context: int = -1,
        final: bool = False,
    ) -> tuple[EncoderOutput, StreamState]:
        """Encode the chunks that `features` (B, t, F) complete; with `final` also a short last one.

        The outputs of all calls, joined, equal the masked whole-utterance pass with the same
        `chunk_size` and `left_context`, but for centred convolutions, which end at a chunk's edge.
        """
        fresh, subsampling = self.subsampling.step(features, state.subsampling, final)
        waiting = torch.cat([state.pending.to(fresh.dtype), fresh], dim=1)
        offsets, blocks = state.offsets, state.blocks
        memories, tops = [], []
        while waiting.size(1) >= chunk_size or (final and waiting.size(1) > 0):
            chunk, waiting = waiting[:, :chunk_size], waiting[:, chunk_size:]
            memory, top, blocks = self._encode_chunk(
                chunk, blocks, offsets, chunk_size, left_context
            )
            memories.append(memory)
            tops.append(top)
            offsets = tuple(offset + chunk.size(1) for offset in offsets)
        return (
            _joined(memories, tops, waiting, self.top_width),
            StreamState(subsampling, waiting, offsets, blocks),
        )

    def _encode_chunk(
        self,
        chunk: Tensor,
        states: tuple[BlockState, ...],
        offsets: tuple[int, ...],
        chunk_size: int,
        left_context: int,
    ) -> tuple[Tensor, Tensor, tuple[BlockState, ...]]:
        count, left = len(self.blocks), left_context
        x, after = _through(
            self._lower_blocks(),
            self._enter(chunk, offsets),
            states[:count],
            left * chunk_size,
            offsets,
        )
        memory = top = self.norm(x)
        if self.config.upper is not None:
            x, more = _through(
                self._upper_blocks(),
                wide(self.pairing(pair_frames(memory))),
                states[count:],
                left * _half(chunk_size),
                tuple(offset // 2 for offset in offsets),
            )
            after += more
            top = self.upper_norm(x)
        return memory, top, after

    def _run(
        self,
        blocks: nn.ModuleList,
        x: Tensor,
        lengths: Tensor,
        chunk_size: int | None,
        left_context: int,
    ) -> Tensor:
        frames = x.size(1)
        if frames == 0:
            return x
        mask: Tensor | None = None
        padded = bool((lengths < frames).any())
        if chunk_size is not None or padded:
            mask = self._masks.mask(frames, chunk_size, left_context, x.device)[None, None]
        exists: Tensor | None = None
        if mask is not None and padded:
            inside = torch.arange(frames, device=x.device) < lengths[:, None]
            exists = inside[..., None]
            # A padding frame sees itself, so that no row of the softmax is empty.
            own = torch.eye(frames, dtype=torch.bool, device=x.device)
            mask = mask & inside[:, None, None, :] | own
        for block in blocks:
            x = block(x, mask, exists)
        return x

    def _enter(self, x: Tensor, offsets: tuple[int, ...]) -> Tensor:
        x = wide(x)
        if self._scale != 1.0:
            x = x * self._scale
        if not self._absolute:
            return x
        rows = [self._positions.rows(each, each + x.size(1), x) for each in offsets]
        return x + (rows[0] if len(rows) == 1 else torch.stack(rows))

    def _lower_blocks(self) -> list[ConformerBlock]:
        return [block for block in self.blocks if isinstance(block, ConformerBlock)]

    def _upper_blocks(self) -> list[ConformerBlock]:
        if self.config.upper is None:
            return []
        return [block for block in self.upper if isinstance(block, ConformerBlock)]

    def _all_blocks(self) -> list[ConformerBlock]:
        return self._lower_blocks() + self._upper_blocks()


def _through(
    blocks: list[ConformerBlock],
    x: Tensor,
    states: tuple[BlockState, ...],
    keep: int,
    offsets: tuple[int, ...],
) -> tuple[Tensor, tuple[BlockState, ...]]:
    """Map a chunk x (B, C, D) through blocks; `keep` frames stay in their caches (< 0: all)."""
    mask = states[0].attention.present() if states else None
    if mask is not None:
        mask = F.pad(mask, (0, x.size(1)), value=True)
    after = []
    for block, state in zip(blocks, states, strict=True):
        x, state = block.step(x, state, keep, offsets, mask)
        after.append(state)
    return x, tuple(after)


def _half(chunk_size: int) -> int:
    if chunk_size % 2:
        raise ValueError(f"chunk_size {chunk_size} must be even: the upper blocks see pairs")
    return chunk_size // 2


def _joined(
    memories: list[Tensor], tops: list[Tensor], like: Tensor, top_width: int
) -> EncoderOutput:
    batch = like.size(0)
    memory = torch.cat(memories, dim=1) if memories else like[:, :0]
    top = torch.cat(tops, dim=1) if tops else like.new_zeros(batch, 0, top_width)
    sizes = (memory.size(1), top.size(1))
    lengths = [torch.full((batch,), size, device=like.device) for size in sizes]
    return EncoderOutput(memory, lengths[0], top, lengths[1])
