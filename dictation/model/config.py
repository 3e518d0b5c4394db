"""The shape of a model, as values: everything the weights alone do not say."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dictation.errors import DictationError

Frontend = Literal["whisper", "kaldi"]
Subsampling = Literal["conv1d2", "conv2d4", "conv2d6", "conv2d8"]
Position = Literal["absolute", "absolute_interleaved", "relative", "relative_shift", "none"]
DecoderPosition = Literal["learned", "sinusoid"]
Activation = Literal["gelu", "hardtanh", "relu", "selu", "silu", "tanh"]
Norm = Literal["layer", "rms"]
Convolution = Literal["causal", "centred", "none"]
ConvolutionNorm = Literal["layer", "batch", "rms"]


class ModelConfigError(DictationError):
    """A model's configuration has a key or a value this program does not know."""


@dataclass(frozen=True)
class FeatureConfig:
    """Log-mel front end.

    `whisper`: 25 ms Hann windows every 10 ms, slaney mel scale, log10 with a fixed floor (Radford
    et al. 2022, section 2.2; its floor follows the loudest frame of the clip, which a stream
    cannot know). `kaldi`: Povey windows, HTK mel scale, natural logarithm (Kaldi's
    compute-fbank-feats). `normalized`: every bin is shifted and scaled by the mean and deviation of
    the training data, which are stored with the weights (global CMVN).
    """

    frontend: Frontend = "kaldi"
    mel_bins: int = 80
    sample_rate: int = 16_000
    normalized: bool = False


@dataclass(frozen=True)
class BlockConfig:
    """One Conformer block (Gulati et al. 2020, section 2).

    `ffn_scale` is 0.5 in the paper's macaron pair and 1 where there is one feed-forward only.
    `closing_norm` is the LayerNorm the paper puts at the end of every block. Without
    `normalize_before` each norm comes after its residual sum. `position`: see the encoder for the
    two absolute ones and `SelfAttention` for the relative ones. A `centred` convolution looks as
    far ahead as back; in a padded batch it sees padding as zeros after its gate or, with
    `pads_input` (WeNet's way), before it.
    """

    width: int = 256
    heads: int = 4
    ffn_width: int = 2048
    kernel_size: int = 15
    macaron: bool = True
    ffn_scale: float = 0.5
    closing_norm: bool = True
    activation: Activation = "silu"
    position: Position = "relative"
    key_bias: bool = True
    dropout: float = 0.1
    query_bias: bool = True
    value_bias: bool = True
    out_bias: bool = True
    ffn_bias: bool = True
    normalize_before: bool = True
    norm: Norm = "layer"
    norm_eps: float = 1e-5
    convolution: Convolution = "causal"
    convolution_bias: bool = True
    convolution_norm: ConvolutionNorm = "layer"
    convolution_norm_eps: float = 1e-5
    pads_input: bool = False


@dataclass(frozen=True)
class EncoderConfig:
    """The streaming encoder: subsampling, `blocks` Conformer blocks and, at half their frame rate,
    `upper_blocks` more (0: none) whose output feeds the CTC and language heads.

    Positions `absolute` are Whisper's sinusoids, `absolute_interleaved` those of Vaswani et al.
    `scaled`: frames are multiplied by the square root of their width before the first block; None:
    after 2-d convolutions only. `final_norm`: a norm after the last block.
    """

    block: BlockConfig
    subsampling: Subsampling = "conv2d4"
    blocks: int = 12
    upper: BlockConfig | None = None
    upper_blocks: int = 0
    scaled: bool | None = None
    final_norm: bool = True


@dataclass(frozen=True)
class DecoderConfig:
    """The attention decoder of the second pass (a Transformer).

    The defaults are Whisper's. WeNet's has `sinusoid` positions, which have no last one, `scaled`
    embeddings (by the square root of the width) and an output layer that is not `tied` to them.
    `start` and `end` open and close a text in a decoder that writes CTC's own units; None: it has
    a vocabulary of its own. `reverse_blocks`: a second decoder of so many blocks reads the text
    from its end (U2++, Wu et al. 2021).
    """

    vocabulary: int
    width: int = 512
    heads: int = 8
    ffn_width: int = 2048
    blocks: int = 6
    max_tokens: int = 448
    dropout: float = 0.1
    reverse_blocks: int = 0
    start: int | None = None
    end: int | None = None
    positions: DecoderPosition = "learned"
    scaled: bool = False
    tied: bool = True
    activation: Activation = "gelu"
    query_bias: bool = True
    key_bias: bool = False
    value_bias: bool = True
    out_bias: bool = True
    ffn_bias: bool = True
    normalize_before: bool = True
    norm: Norm = "layer"
    norm_eps: float = 1e-5


@dataclass(frozen=True)
class ModelConfig:
    """A whole joint CTC/attention model; without `languages` it has no language head."""

    vocabulary: int
    features: FeatureConfig
    encoder: EncoderConfig
    decoder: DecoderConfig | None = None
    languages: tuple[str, ...] = ("zh", "en", "mix")

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Build from `to_dict`'s values; raises ModelConfigError on an unknown or missing key."""
        built: ModelConfig = _build(cls, values, "model")
        return built


def _build(cls: Any, values: Any, where: str) -> Any:  # noqa: ANN401
    if not isinstance(values, dict):
        raise ModelConfigError(f"{where}: expected a table, got {values!r}")
    hints = get_type_hints(cls)
    known = {field.name for field in fields(cls)}
    if unknown := set(values) - known:
        raise ModelConfigError(f"{where}: unknown key {sorted(unknown)[0]!r}")
    arguments = {
        name: _convert(hints[name], value, f"{where}.{name}") for name, value in values.items()
    }
    try:
        return cls(**arguments)
    except TypeError as error:
        raise ModelConfigError(f"{where}: {error}") from error


def _convert(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ModelConfigError(f"{where}: {value!r} is none of {', '.join(get_args(hint))}")
        return value
    if get_origin(hint) is tuple:
        return tuple(value)
    options = [option for option in get_args(hint) if option is not type(None)]
    if options:  # X | None
        return None if value is None else _convert(options[0], value, where)
    if hasattr(hint, "__dataclass_fields__"):
        return _build(hint, value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ModelConfigError(f"{where}: {value!r} is not of type {hint.__name__}")
    return value
