"""Where the model runs and in what precision."""

import time
from dataclasses import dataclass

import torch
from torch import nn

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


def choose_placement(device: str, precision: str) -> Placement:
    """Return where a model runs best.

    `auto` means CUDA where there is one, with fp16, else the CPU with the faster of fp32 and bf16
    (which wins where the processor multiplies it itself), by trying both on one layer. Raises
    PlacementError for a device that is not there.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device != "cpu" and not torch.cuda.is_available():
        raise PlacementError(f"no {device} on this machine; set model.device to auto or cpu")
    if precision == "auto":
        precision = "fp16" if device != "cpu" else _faster_on_cpu()
    if precision not in _TYPES:
        raise PlacementError(f"precision {precision!r} is none of auto, {', '.join(_TYPES)}")
    return Placement(device, precision)


def place(model: JointModel, placement: Placement) -> None:
    """Move a model there, in place; features stay in float32."""
    model.to(placement.device)
    parts = (model.encoder, model.ctc, model.language, model.decoder, model.reverse_decoder)
    for part in parts:
        if part is not None:
            part.to(placement.dtype)


def _faster_on_cpu() -> str:
    layer, x = nn.Linear(512, 2048), torch.randn(16, 512)
    slow = _time(layer, x)
    fast = _time(layer.to(torch.bfloat16), x.bfloat16())
    return "bf16" if fast < slow else "fp32"


def _time(layer: nn.Linear, x: torch.Tensor) -> float:
    with torch.inference_mode():
        layer(x)
        began = time.perf_counter()
        for _ in range(20):
            layer(x)
    return time.perf_counter() - began
