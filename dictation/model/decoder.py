"""The attention decoder of the second pass: how likely a token sequence is, given the audio."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.config import DecoderConfig


@dataclass(frozen=True)
class DecoderState:
    """What a decoder remembers: keys and values (B, H, U, D / H) of each block, of the tokens so
    far and of the memory."""

    own: tuple[tuple[Tensor, Tensor], ...]
    memory: tuple[tuple[Tensor, Tensor], ...]

    @property
    def length(self) -> int:
        """Tokens taken so far."""
        return self.own[0][0].size(2)


class DecoderAttention(nn.Module):
    """Attention of token queries to keys and values, those of the tokens or of the memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values (B, H, T, D / H) of memory (B, T, D)."""
        return self._split(self.key(memory)), self._split(self.value(memory))

    def forward(
        self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """Attend from x (B, U, D); `mask` (B, 1, 1, T) bool marks the frames that exist."""
        queries = self._split(self.query(x)).to(keys.dtype)
        attended = F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=mask, is_causal=causal
        )
        output: Tensor = self.out(attended.transpose(1, 2).flatten(2).to(x.dtype))
        return output

    def _split(self, x: Tensor) -> Tensor:
        width = x.size(2) // self.heads
        return x.view(x.size(0), x.size(1), self.heads, width).transpose(1, 2)


class DecoderBlock(nn.Module):
    """Causal self-attention, cross-attention, feed-forward; pre-norm."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.self_norm = nn.LayerNorm(width)
        self.self_attention = DecoderAttention(width, config.heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_attention = DecoderAttention(width, config.heads)
        self.ffn_norm = nn.LayerNorm(width)
        self.ffn = nn.Sequential(
            nn.Linear(width, config.ffn_width), nn.GELU(), nn.Linear(config.ffn_width, width)
        )
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """Map token states x (B, U, D), given memory (B or 1, T, D)."""
        normed = self.self_norm(x)
        own = self.self_attention.project(normed)
        x = x + self.dropout(self.self_attention(normed, *own, None, True))
        keys, values = self.cross_attention.project(memory)
        if keys.size(0) != x.size(0):  # one memory, many hypotheses
            keys = keys.expand(x.size(0), -1, -1, -1)
            values = values.expand(x.size(0), -1, -1, -1)
        x = x + self.dropout(self.cross_attention(self.cross_norm(x), keys, values, mask, False))
        output: Tensor = x + self.dropout(self.ffn(self.ffn_norm(x)))
        return output

    def step(
        self, x: Tensor, own: tuple[Tensor, Tensor], memory: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Map the states x (B, U, D) of the next tokens, given the keys and values of those before.

        Only the first call of a sequence may bring more than one token.
        """
        normed = self.self_norm(x)
        keys, values = _cached(self.self_attention.project(normed))
        alone = own[0].size(2) == 0
        joined = (torch.cat([own[0], keys], dim=2), torch.cat([own[1], values], dim=2))
        x = x + self.self_attention(normed, *joined, None, alone)
        x = x + self.cross_attention(self.cross_norm(x), *memory, None, False)
        return x + self.ffn(self.ffn_norm(x)), joined


class AttentionDecoder(nn.Module):
    """Whisper's text decoder (Radford et al. 2022, section 2.2): learned positions, tied output."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self._head_width = config.width // config.heads
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(torch.zeros(config.max_tokens, config.width))
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, tokens: Tensor, memory: Tensor, memory_lengths: Tensor | None) -> Tensor:
        """Return the state (B, U, D) that predicts the token after each of `tokens` (B, U).

        `memory` (B or 1, T, D) of `memory_lengths` (B,) frames, None: all of them.
        """
        mask = None
        if memory_lengths is not None:
            frames = torch.arange(memory.size(1), device=memory.device)
            mask = (frames < memory_lengths[:, None])[:, None, None, :]
        x = self.embedding(tokens) + self.positions[: tokens.size(1)]
        for block in self.blocks:
            x = block(x, memory, mask)
        states: Tensor = self.norm(x)
        return states

    def initial_state(self, memory: Tensor) -> DecoderState:
        """Return the state before the first token, given memory (B, T, D)."""
        nothing = torch.zeros(
            memory.size(0), self.config.heads, 0, self._head_width, device=memory.device
        )
        return DecoderState(
            own=tuple((nothing, nothing) for _ in self.blocks),
            memory=tuple(
                _cached(block.cross_attention.project(memory))
                for block in self.blocks
                if isinstance(block, DecoderBlock)
            ),
        )

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Return the states (B, U, D) predicting what follows each of the next `tokens` (B, U)."""
        first = state.length
        x = self.embedding(tokens) + self.positions[first : first + tokens.size(1)]
        own = []
        for block, before, memory in zip(self.blocks, state.own, state.memory, strict=True):
            assert isinstance(block, DecoderBlock)
            x, after = block.step(x, before, memory)
            own.append(after)
        states: Tensor = self.norm(x)
        return states, DecoderState(tuple(own), state.memory)

    def logits(self, states: Tensor) -> Tensor:
        """Map decoder states (..., D) to logits (..., V)."""
        return F.linear(states, self.embedding.weight)


def _cached(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    # A single query against bf16 keys is ten times as slow on a CPU as against float32 ones.
    keys, values = pair
    return keys.float().contiguous(), values.float().contiguous()
