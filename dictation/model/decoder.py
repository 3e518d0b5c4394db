"""The attention decoder of the second pass: how likely a token sequence is, given the audio."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dictation.model.attention import PositionTable
from dictation.model.config import DecoderConfig
from dictation.model.layers import activation, norm
from dictation.model.linear import Form, Int8Linear, JointLinear, feed_forward, single
from dictation.model.mixed import unmixed, wide


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

    def until(self, length: int) -> "DecoderState":
        """Return the state as it was after the first `length` tokens."""
        own = tuple((keys[:, :, :length], values[:, :, :length]) for keys, values in self.own)
        return DecoderState(own, self.memory)

    def hearing(self, more: "DecoderState", after: int) -> "DecoderState":
        """Return the state with the memory of `more`, of the same decoder, after the first frames
        of its own.

        The tokens taken so far have not seen it: exact from the first token on only.
        """
        memory = tuple(
            (
                torch.cat([keys[:, :, :after], more_keys], dim=2),
                torch.cat([values[:, :, :after], more_values], dim=2),
            )
            for (keys, values), (more_keys, more_values) in zip(
                self.memory, more.memory, strict=True
            )
        )
        return DecoderState(self.own, memory)

    def to(self, device: torch.device) -> "DecoderState":
        """Return the state on a device."""
        own, memory = (
            tuple((keys.to(device), values.to(device)) for keys, values in pairs)
            for pairs in (self.own, self.memory)
        )
        return DecoderState(own, memory)

    def rows(self, numbers: Tensor) -> "DecoderState":
        """Return the state of texts about the same memory (B = 1) that go on from these rows (N,),
        one of which may be there more than once."""
        own = tuple(
            (keys.index_select(0, numbers), values.index_select(0, numbers))
            for keys, values in self.own
        )
        return DecoderState(own, self.memory)


class DecoderAttention(nn.Module):
    """Attention of token queries to keys and values, those of the tokens or of the memory."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.query: nn.Module = nn.Linear(width, width, bias=config.query_bias)
        self.key: nn.Module = nn.Linear(width, width, bias=config.key_bias)
        self.value: nn.Module = nn.Linear(width, width, bias=config.value_bias)
        self.out: nn.Module = nn.Linear(width, width, bias=config.out_bias)
        self.joint: JointLinear | None = None

    def project(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values (B, H, T, D / H) of memory (B, T, D)."""
        return self._split(wide(self.key(memory))), self._split(wide(self.value(memory)))

    def queries(self, x: Tensor) -> Tensor:
        """Return queries (B, H, U, D / H) of x (B, U, D)."""
        return self._split(self.query(x))

    def within(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return queries, and keys and values, all of x (B, U, D)."""
        if self.joint is None:
            return self.queries(x), self.project(x)
        queries, keys, values = (self._split(part) for part in self.joint(x))
        return queries, (keys, values)

    def forward(
        self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """Attend from queries (B, H, U, D / H); `mask`, broadcast to (B, H, U, T), is true where it
        may. Keys and values with B = 1 are those of every query, which see all of them alike."""
        batch, _, count, _ = queries.shape
        kind, queries = queries.dtype, queries.to(keys.dtype)
        shared = keys.size(0) < batch
        if shared:
            # As one text that is B times as long: keys and values are read once.
            queries = queries.transpose(0, 1).flatten(1, 2)[None]
        with unmixed(queries):
            attended = F.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, is_causal=causal
            )
        if shared:
            attended = attended.reshape(self.heads, batch, count, -1).transpose(0, 1)
        output: Tensor = self.out(attended.transpose(1, 2).flatten(2).to(kind))
        return output

    def take_form(self, form: Form, *, within: bool) -> None:
        """Become what computes fastest there; the weights are fixed from now on. `within`: queries
        are of the same x as keys and values, and come of one product."""
        parts = [self.query, self.key, self.value]
        if within:
            self.joint = JointLinear.of([_plain(part) for part in parts], form)
            del self.query, self.key, self.value
        else:
            self.query, self.key, self.value = (single(_plain(part), form) for part in parts)
        self.out = single(_plain(self.out), form)

    def _split(self, x: Tensor) -> Tensor:
        width = x.size(2) // self.heads
        return x.view(x.size(0), x.size(1), self.heads, width).transpose(1, 2)


class DecoderBlock(nn.Module):
    """Causal self-attention, cross-attention, feed-forward; each added to its input."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.normalize_before = config.normalize_before
        self.self_norm = norm(config.norm, width, config.norm_eps)
        self.self_attention = DecoderAttention(config)
        self.cross_norm = norm(config.norm, width, config.norm_eps)
        self.cross_attention = DecoderAttention(config)
        self.ffn_norm = norm(config.norm, width, config.norm_eps)
        self.ffn: nn.Module = nn.Sequential(
            nn.Linear(width, config.ffn_width, bias=config.ffn_bias),
            activation(config.activation),
            nn.Linear(config.ffn_width, width, bias=config.ffn_bias),
        )
        self.dropout = nn.Dropout(config.dropout)

    def take_form(self, form: Form) -> None:
        """Become what computes fastest there; the weights are fixed from now on."""
        self.self_attention.take_form(form, within=True)
        self.cross_attention.take_form(form, within=False)
        inner, active, outer = self.ffn.children()
        self.ffn = feed_forward(_plain(inner), active, _plain(outer), form)

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None, seen: Tensor | None = None
    ) -> Tensor:
        """Map token states x (B, U, D), given memory (B or 1, T, D); `seen` (U, U) bool: which
        tokens each sees, None: itself and those before."""
        heard = self.cross_attention.project(memory)
        queries, own = self.self_attention.within(self._entering(x, self.self_norm))
        return self._run(x, queries, (own, seen, seen is None), heard, mask)

    def step(
        self,
        x: Tensor,
        own: tuple[Tensor, Tensor],
        mask: Tensor | None,
        memory: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Map the states x (B, U, D) of the next tokens, given the keys and values of those before.

        `mask` (U, U' + U) is true for the tokens each of them may see, None: for all.
        """
        queries, new = self.self_attention.within(self._entering(x, self.self_norm))
        keys, values = (torch.cat(pair, dim=2) for pair in zip(own, _cached(new), strict=True))
        return self._run(x, queries, ((keys, values), mask, False), memory, None), (keys, values)

    def _run(
        self,
        x: Tensor,
        queries: Tensor,
        own: tuple[tuple[Tensor, Tensor], Tensor | None, bool],
        memory: tuple[Tensor, Tensor],
        mask: Tensor | None,
    ) -> Tensor:
        (keys, values), seen_tokens, causal = own
        attended = self.self_attention(queries, keys, values, seen_tokens, causal)
        x = self._joined(x, attended, self.self_norm)
        queries = self.cross_attention.queries(self._entering(x, self.cross_norm))
        seen = self.cross_attention(queries, *memory, mask, False)
        x = self._joined(x, seen, self.cross_norm)
        return self._joined(x, self.ffn(self._entering(x, self.ffn_norm)), self.ffn_norm)

    def _entering(self, x: Tensor, layer_norm: nn.Module) -> Tensor:
        entering: Tensor = layer_norm(x) if self.normalize_before else x
        return entering

    def _joined(self, x: Tensor, change: Tensor, layer_norm: nn.Module) -> Tensor:
        x = x + self.dropout(change)
        joined: Tensor = x if self.normalize_before else layer_norm(x)
        return joined


class AttentionDecoder(nn.Module):
    """A Transformer over tokens and the encoder's memory.

    Vaswani et al. 2017, with sinusoid positions (WeNet) or, as in Whisper (Radford et al. 2022,
    section 2.2), learned ones and an output tied to the embedding.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self._head_width = config.width // config.heads
        self._scale = math.sqrt(config.width) if config.scaled else 1.0
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self._sinusoids = PositionTable(config.width, interleaved=True)
        if config.positions == "learned":
            self.positions = nn.Parameter(torch.zeros(config.max_tokens, config.width))
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.blocks))
        self.norm = (
            norm(config.norm, config.width, config.norm_eps)
            if config.normalize_before
            else nn.Identity()
        )
        self.output: nn.Module | None = None
        if not config.tied:
            self.output = nn.Linear(config.width, config.vocabulary)

    def forward(self, tokens: Tensor, memory: Tensor, memory_lengths: Tensor | None) -> Tensor:
        """Return the state (B, U, D) that predicts the token after each of `tokens` (B, U).

        `memory` (B or 1, T, D) of `memory_lengths` (B,) frames, None: all of them.
        """
        mask = None
        if memory_lengths is not None:
            frames = torch.arange(memory.size(1), device=memory.device)
            mask = (frames < memory_lengths[:, None])[:, None, None, :]
        x = self._embed(tokens, 0)
        for block in self.blocks:
            x = block(x, memory, mask)
        states: Tensor = self.norm(x)
        return states

    def over_tree(self, tokens: Tensor, depths: Tensor, seen: Tensor, memory: Tensor) -> Tensor:
        """Return the state (1, N, D) that predicts what follows each of `tokens` (1, N).

        `depths` (N,): how many tokens come before each; `seen` (N, N) bool: which of them, and
        itself, it sees. `memory` (1, T, D).
        """
        x = self._scaled(tokens)
        x = x + self._position_rows(0, int(depths.max()) + 1, x)[depths]
        for block in self.blocks:
            x = block(x, memory, None, seen)
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
        x = self._embed(tokens, state.length)
        mask = None
        if tokens.size(1) > 1:
            count = state.length + tokens.size(1)
            mask = torch.ones(tokens.size(1), count, dtype=torch.bool, device=x.device)
            mask = mask.tril(state.length)
        own = []
        for block, before, memory in zip(self.blocks, state.own, state.memory, strict=True):
            assert isinstance(block, DecoderBlock)
            x, after = block.step(x, before, mask, memory)
            own.append(after)
        states: Tensor = self.norm(x)
        return states, DecoderState(tuple(own), state.memory)

    def take_form(self, form: Form) -> None:
        """Become what computes fastest there; the weights are fixed from now on. In fp32 a decoder
        stays as it is."""
        if form != "int8":
            return
        if self.output is None:
            self.output = Int8Linear(self.embedding.weight, None, fine=True)
        else:
            assert isinstance(self.output, nn.Linear)
            self.output = single(self.output, form, fine=True)
        for block in self.blocks:
            assert isinstance(block, DecoderBlock)
            block.take_form(form)

    def logits(self, states: Tensor) -> Tensor:
        """Map decoder states (..., D) to logits (..., V)."""
        if self.output is None:
            return F.linear(states, self.embedding.weight)
        logits: Tensor = self.output(states)
        return logits

    def _embed(self, tokens: Tensor, first: int) -> Tensor:
        x = self._scaled(tokens)
        return x + self._position_rows(first, first + tokens.size(1), x)

    def _scaled(self, tokens: Tensor) -> Tensor:
        embedded = wide(self.embedding(tokens))
        return embedded if self._scale == 1.0 else embedded * self._scale

    def _position_rows(self, first: int, last: int, like: Tensor) -> Tensor:
        if self.config.positions == "learned":
            return self.positions[first:last]
        return self._sinusoids.rows(first, last, like)


def _plain(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear), "a form was taken already"
    return layer


def _cached(pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    # A single query against bf16 keys is ten times as slow on a CPU as against float32 ones.
    keys, values = pair
    return keys.float().contiguous(), values.float().contiguous()
