"""Where the model runs and in what precision."""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from dictation.errors import DictationError
from dictation.model.config import ModelConfig
from dictation.model.encoder import EncoderOutput
from dictation.model.graph import ChunkSteps, capture_for
from dictation.model.joint import JointModel
from dictation.model.linear import Form
from dictation.model.mixed import halve_products, mixing
from dictation.model.stream import StreamState, move_state

T = TypeVar("T")
Precision = Literal["fp32", "bf16", "fp16", "int8"]

# int8 is that of the linear layers' weights: all else stays float32.
_TYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "int8": torch.float32,
}
_log = logging.getLogger(__name__)

# What is tried of a model: blocks of each part, frames heard again for a caption, and the tokens of
# a decoder's pass and how many passes that caption takes.
_BLOCKS, _FRAMES, _TOKENS, _PASSES = 2, 128, 4, 4
_TURNS = 5


@dataclass(frozen=True)
class Placement:
    """A device and the precision of the weights on it."""

    device: str
    precision: Precision

    @property
    def dtype(self) -> torch.dtype:
        """The torch type of features and of what is neither quantised nor mixed in."""
        return _TYPES[self.precision] if self.mixed_dtype is None else torch.float32

    @property
    def kind(self) -> str:
        """The device without its number."""
        return self.device.partition(":")[0]

    @property
    def mixed_dtype(self) -> torch.dtype | None:
        """The half-precision type of products alone; None: everything has the same type."""
        mixed = self.precision == "fp16" or (self.precision == "bf16" and self.kind != "cpu")
        return _TYPES[self.precision] if mixed else None

    def products(self) -> AbstractContextManager[object]:
        """Return the context in which a model that was placed here computes."""
        return mixing(self.kind, self.mixed_dtype)

    @property
    def form(self) -> Form:
        """The form linear layers take there."""
        if self.device != "cpu":
            return "plain"
        forms: dict[Precision, Form] = {"fp32": "blocks", "int8": "int8"}
        return forms.get(self.precision, "plain")


class PlacementError(DictationError):
    """The device or precision asked for is not to be had here."""


def choose_device(device: str) -> str:
    """Return the device to run on; `auto`: CUDA where there is one, then MPS, else the CPU.

    Raises PlacementError for a device that is not there.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    kind = device.partition(":")[0]
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(kind, False):
        raise PlacementError(f"no {device} on this machine; set model.device to auto or cpu")
    return device


def choose_precision(device: str, precision: str, measured: Callable[[], Precision]) -> Precision:
    """Return the precision asked for; `auto`: fp16 on CUDA, fp32 on MPS, and on a CPU what
    `measured` tells.

    Raises PlacementError for one that is not to be had on the device.
    """
    if precision == "auto":
        if device == "cpu":
            return measured()
        return "fp16" if device.startswith("cuda") else "fp32"
    for known in _TYPES:
        if precision == known:
            if known == "int8" and device != "cpu":
                raise PlacementError(f"precision int8 is for the CPU; on {device} take fp16")
            return known
    raise PlacementError(f"precision {precision!r} is none of auto, {', '.join(_TYPES)}")


def precisions_of(device: str) -> list[Precision]:
    """Return the precisions that are of use on a device, fp32 first."""
    if device.startswith("cuda"):
        return ["fp32", "fp16"]
    if device != "cpu":
        return ["fp32"]
    if torch.cpu._is_avx512_bf16_supported():
        return ["fp32", "int8", "bf16"]
    return ["fp32", "int8"]


def fastest_on_cpu(config: ModelConfig) -> Precision:
    """Try what a caption takes of the encoder and of the decoder, with a few of their blocks, in
    each precision and return the fastest; takes a second or two."""
    precisions = precisions_of("cpu")
    runs = {each: _run_of(_shortened(config), each) for each in precisions}
    best = dict.fromkeys(precisions, float("inf"))
    for _ in range(_TURNS):
        for precision, run in runs.items():
            began = time.perf_counter()
            run()
            best[precision] = min(best[precision], time.perf_counter() - began)
    return min(precisions, key=best.__getitem__)


def place(model: JointModel, placement: Placement) -> None:
    """Move a model there, in place, and give its layers the form that is fastest there: it can be
    used within `placement.products()`, but neither trained nor stored, from now on. Features stay
    on the CPU, in float32."""
    for part in _parts(model):
        part.to(placement.device, placement.dtype)
        if placement.mixed_dtype is not None:
            halve_products(part, placement.mixed_dtype)
    if placement.kind == "cuda":
        torch.backends.cudnn.benchmark = True
    model.take_form(placement.form)


class PlacedModel:
    """A model where it runs, which is the CPU from the moment on that its device has no room."""

    def __init__(self, model: JointModel, placement: Placement) -> None:
        place(model, placement)
        self.model = model
        self.placement = placement
        self._steps = ChunkSteps(model.encoder, capture_for(torch.device(placement.device)))

    def step(
        self,
        features: Tensor,
        state: StreamState,
        chunk_size: int,
        left_context: int = -1,
        final: bool = False,
    ) -> tuple[EncoderOutput, StreamState]:
        """Do what `Encoder.step` does, within `run`, as a CUDA graph where one can be had."""
        return self._steps.step(features, state, chunk_size, left_context, final)

    def run(self, work: Callable[[], T]) -> T:
        """Do work that changes nothing; where the device has no room for it, move to the CPU and do
        it there. Raises torch.OutOfMemoryError where the CPU has none either."""
        try:
            with self.placement.products():
                return work()
        except torch.OutOfMemoryError:
            if self.placement.device == "cpu":
                raise
            device = self.placement.device
        # Out of the handler: the error holds on to what filled the memory.
        self._steps = ChunkSteps(self.model.encoder, None)
        for part in _parts(self.model):
            part.to("cpu", torch.float32)
        self.placement = Placement("cpu", "fp32")
        _log.warning("%s has no memory left: recognising on the CPU from now on", device)
        return work()

    def to_model(self, features: Tensor) -> Tensor:
        """Return features where the model is by now, in its type."""
        return features.to(self.placement.device, self.placement.dtype)

    def state_here(self, state: StreamState) -> StreamState:
        """Return a stream's state where the model is by now."""
        device = torch.device(self.placement.device)
        if state.pending.device.type == device.type:
            return state
        return move_state(state, device, self.placement.dtype)


def _parts(model: JointModel) -> list[nn.Module]:
    parts = (
        model.encoder,
        model.ctc,
        model.language,
        model.decoder,
        model.reverse_decoder,
        model.mixed,
    )
    return [part for part in parts if part is not None]


def _shortened(config: ModelConfig) -> ModelConfig:
    blocks = min(_BLOCKS, config.encoder.blocks)
    encoder = replace(config.encoder, blocks=blocks, upper=None, upper_blocks=0)
    decoder = config.decoder
    if decoder is not None:
        decoder = replace(decoder, blocks=min(_BLOCKS, decoder.blocks), reverse_blocks=0)
    return replace(config, encoder=encoder, decoder=decoder, mixed=False)


def _run_of(config: ModelConfig, precision: Precision) -> Callable[[], None]:
    placed = PlacedModel(JointModel(config).eval(), Placement("cpu", precision))
    encoder, decoder = placed.model.encoder, placed.model.decoder
    features = placed.to_model(torch.randn(1, _FRAMES, config.features.mel_bins))
    lengths, tokens = torch.tensor([_FRAMES]), torch.zeros(1, _TOKENS, dtype=torch.long)

    def caption() -> None:
        memory = encoder(features, lengths).memory
        if decoder is None:
            return
        state = decoder.initial_state(memory)
        for _ in range(_PASSES):
            _, state = decoder.step(tokens, state)

    def run() -> None:
        with torch.inference_mode():
            placed.run(caption)

    return run
