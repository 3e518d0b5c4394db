"""Where the model runs and in what precision."""

import time
from dataclasses import dataclass

import torch

from dictation.errors import DictationError
from dictation.model.joint import JointModel

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Placement:
    """A device and the type of the weights on it."""

    device: str
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        """The torch type of weights and features."""
        return _TYPES[self.precision]


class PlacementError(DictationError):
    """The device or precision asked for is not to be had here."""


def place(model: JointModel, device: str, precision: str) -> Placement:
    """Move a model to its device and precision, in place, and return them.

    `auto` means CUDA where there is one, with fp16, else the CPU with the faster of fp32 and bf16
    (which wins where the processor multiplies it itself). Raises PlacementError for a device that
    is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device != "cpu" and not torch.cuda.is_available():
        raise PlacementError(f"no {device} on this machine; set model.device to auto or cpu")
    if precision == "auto":
        precision = "fp16" if device != "cpu" else _faster_on_cpu(model)
    if precision not in _TYPES:
        raise PlacementError(f"precision {precision!r} is none of auto, {', '.join(_TYPES)}")
    placement = Placement(device, precision)
    _convert(model, placement)
    return placement


def _convert(model: JointModel, placement: Placement) -> None:
    model.to(placement.device)
    parts = (model.encoder, model.ctc, model.language, model.decoder, model.reverse_decoder)
    for part in parts:
        if part is not None:
            part.to(placement.dtype)


def _faster_on_cpu(model: JointModel) -> str:
    block = model.encoder.blocks[0]
    x = torch.randn(1, 16, model.config.encoder.block.width)
    slow = _time(block, x)
    block.to(torch.bfloat16)
    fast = _time(block, x.bfloat16())
    block.to(torch.float32)
    return "bf16" if fast < slow else "fp32"


def _time(block: torch.nn.Module, x: torch.Tensor) -> float:
    with torch.inference_mode():
        block(x, None)
        began = time.perf_counter()
        for _ in range(5):
            block(x, None)
    return time.perf_counter() - began
