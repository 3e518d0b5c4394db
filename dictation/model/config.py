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

# Beyond these a file is damaged, and building the model would fill the memory.
_MOST_BLOCKS = 1000
_MOST_TOKENS = 10_000_000
_WIDEST = 1 << 16


class ModelConfigError(DictationError):
    """A model's configuration has a key or a value this program does not know."""


@dataclass(frozen=True)
class FeatureConfig:
    """Log-mel front end.

    `whisper`: 25 ms Hann windows every 10 ms, slaney mel scale, log10 with a fixed floor (Radford
    et al. 2022, section 2.2; its floor follows the loudest frame of the clip, which a stream
    cannot know), raised where it is quiet. `kaldi`: Povey windows, HTK mel scale, natural logarithm
    (Kaldi's compute-fbank-feats). `normalized`: every bin is shifted and scaled by the mean and
    deviation of the training data, which are stored with the weights (global CMVN).
    """

    frontend: Frontend = "kaldi"
    mel_bins: int = 80
    sample_rate: int = 16_000
    normalized: bool = False

    def __post_init__(self) -> None:
        _expect("features", 1 <= self.mel_bins <= 512, f"mel_bins {self.mel_bins}")
        _expect("features", self.sample_rate == 16_000, f"sample_rate {self.sample_rate}")


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

    def __post_init__(self) -> None:
        fits = self.kernel_size >= 1 and (
            self.convolution != "centred" or self.kernel_size % 2 == 1
        )
        _expect("block", fits, f"a {self.convolution} convolution of {self.kernel_size} frames")
        _expect("block", 0.0 <= self.dropout <= 1.0, f"dropout {self.dropout}")
        _expect_heads("block", self.width, self.heads, self.ffn_width)


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

    def __post_init__(self) -> None:
        _expect("encoder", 1 <= self.blocks <= _MOST_BLOCKS, f"blocks {self.blocks}")
        fits = self.upper_blocks >= 1 if self.upper is not None else self.upper_blocks == 0
        fits = fits and self.upper_blocks <= _MOST_BLOCKS
        _expect("encoder", fits, f"upper_blocks {self.upper_blocks}")


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

    def __post_init__(self) -> None:
        fits = 2 <= self.vocabulary <= _MOST_TOKENS
        _expect("decoder", fits, f"vocabulary {self.vocabulary}")
        fits = 1 <= self.max_tokens <= _MOST_TOKENS
        _expect("decoder", fits, f"max_tokens {self.max_tokens}")
        _expect("decoder", 0.0 <= self.dropout <= 1.0, f"dropout {self.dropout}")
        _expect("decoder", 1 <= self.blocks <= _MOST_BLOCKS, f"blocks {self.blocks}")
        fits = 0 <= self.reverse_blocks <= _MOST_BLOCKS
        _expect("decoder", fits, f"reverse_blocks {self.reverse_blocks}")
        for token in (self.start, self.end):
            fits = token is None or 0 <= token < self.vocabulary
            _expect("decoder", fits, f"start {self.start} and end {self.end}")
        _expect_heads("decoder", self.width, self.heads, self.ffn_width)


@dataclass(frozen=True)
class ModelConfig:
    """A whole joint CTC/attention model; without `languages` it has no language head. `mixed`: it
    has a second encoder, with heads, for utterances in two languages."""

    vocabulary: int
    features: FeatureConfig
    encoder: EncoderConfig
    decoder: DecoderConfig | None = None
    languages: tuple[str, ...] = ("zh", "en", "mix")
    mixed: bool = False

    def __post_init__(self) -> None:
        fits = 2 <= self.vocabulary <= _MOST_TOKENS
        _expect("model", fits, f"vocabulary {self.vocabulary}")
        both = not self.mixed or "mix" in self.languages
        _expect("model", both, f"a second encoder for mixed speech and languages {self.languages}")

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Build from `to_dict`'s values; raises ModelConfigError on an unknown or missing key."""
        built: ModelConfig = _build(cls, values, "model")
        return built


def _expect(where: str, fits: bool, value: str) -> None:
    if not fits:
        raise ModelConfigError(f"{where}: there is no model with {value}")


def _expect_heads(where: str, width: int, heads: int, ffn_width: int) -> None:
    fits = 1 <= width <= _WIDEST and heads >= 1 and width % heads == 0
    _expect(where, fits, f"width {width} and {heads} heads")
    _expect(where, 1 <= ffn_width <= _WIDEST, f"ffn_width {ffn_width}")


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
        try:
            return float(value)
        except OverflowError as error:
            raise ModelConfigError(f"{where}: too large a number") from error
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ModelConfigError(f"{where}: {value!r} is not of type {hint.__name__}")
    return value
