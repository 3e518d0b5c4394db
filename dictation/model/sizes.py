"""How large a model is, from its configuration alone: no weights are read or made."""

from dataclasses import dataclass, fields, is_dataclass

import torch
from torch import Tensor, nn

from dictation.model.cache import AttentionState
from dictation.model.config import ModelConfig
from dictation.model.encoder import Encoder
from dictation.model.joint import JointModel

_FEATURE_RATE = 100
# Feature frames that one subsampled frame may look at beyond its own.
_WINDOW = 16


@dataclass(frozen=True)
class ModelSize:
    """Parameters of each part; bytes of the weights in fp32, in fp16 and with the matrices of
    linear layers in int8; frames a second that the decoder and that CTC see; bytes of one stream's
    fp32 state where four chunks of 640 ms are remembered, and where 10 s are."""

    parts: tuple[tuple[str, int], ...]
    fp32_bytes: int
    fp16_bytes: int
    int8_bytes: int
    memory_rate: float
    ctc_rate: float
    bounded_state_bytes: int
    whole_state_bytes: int

    @property
    def parameters(self) -> int:
        """Of all parts together."""
        return sum(count for _, count in self.parts)


def model_size(config: ModelConfig) -> ModelSize:
    """Measure a model that is built without memory (on torch's meta device)."""
    with torch.device("meta"):
        model = JointModel(config)
    counts = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in model.named_children()
    }
    total = sum(counts.values())
    matrices = [layer.weight for layer in model.modules() if isinstance(layer, nn.Linear)]
    in_matrices = sum(matrix.numel() for matrix in matrices)
    scales = sum(matrix.size(0) for matrix in matrices)
    encoder = model.encoder
    return ModelSize(
        parts=tuple((name, count) for name, count in counts.items() if count),
        fp32_bytes=4 * total,
        fp16_bytes=2 * total,
        int8_bytes=4 * (total - in_matrices + scales) + in_matrices,
        memory_rate=_FEATURE_RATE / encoder.factor,
        ctc_rate=_FEATURE_RATE / encoder.top_factor,
        bounded_state_bytes=_state_bytes(encoder, config, 4 * 0.64),
        whole_state_bytes=_state_bytes(encoder, config, 10.0),
    )


def _state_bytes(encoder: Encoder, config: ModelConfig, seconds: float) -> int:
    # What is remembered of so much speech is the same whether it came in one chunk or in many.
    chunk_size = 2 * round(seconds * _FEATURE_RATE / encoder.factor / 2)
    frames = chunk_size * encoder.factor + _WINDOW
    features = torch.zeros(1, frames, config.features.mel_bins, device="meta")
    with torch.inference_mode():
        _, state = encoder.step(features, encoder.initial_state(), chunk_size)
    return _bytes_in(state)


def _bytes_in(value: object) -> int:
    if isinstance(value, Tensor | AttentionState):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(_bytes_in(each) for each in value)
    if is_dataclass(value):
        return sum(_bytes_in(getattr(value, field.name)) for field in fields(value))
    return 0
