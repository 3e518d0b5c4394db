"""A published WeNet U2 or U2++ Conformer: its folder read as it is, its weights by our names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from dictation.checkpoints.own import Checkpoint, build_model
from dictation.checkpoints.weights import ModelError
from dictation.checkpoints.wenet_config import TokenSettings, WenetConfig, read_wenet_config
from dictation.checkpoints.wenet_names import is_never_used, our_name, our_shape
from dictation.model.config import (
    Activation,
    BlockConfig,
    ConvolutionNorm,
    DecoderConfig,
    EncoderConfig,
    FeatureConfig,
    ModelConfig,
    ModelConfigError,
    Norm,
    Position,
    Subsampling,
)
from dictation.text.tokenizer import TokenizerError
from dictation.text.wenet import WenetOptions, WenetTokenizer, read_units

_T = TypeVar("_T")

_SUBSAMPLING: dict[str, Subsampling] = {
    "conv1d2": "conv1d2",
    "conv2d": "conv2d4",
    "conv2d6": "conv2d6",
    "conv2d8": "conv2d8",
}
_ACTIVATIONS: dict[str, Activation] = {
    "gelu": "gelu",
    "hardtanh": "hardtanh",
    "relu": "relu",
    "selu": "selu",
    "swish": "silu",
    "tanh": "tanh",
}
_CONVOLUTION_NORMS: dict[str, ConvolutionNorm] = {
    "batch_norm": "batch",
    "layer_norm": "layer",
    "rms_norm": "rms",
}
_NORMS: dict[str, Norm] = {"layer_norm": "layer", "rms_norm": "rms"}
_DIGITS = 9
_ATTENTIONS = {"rel_selfattn": True, "selfattn": False}
# Positions added to frames, where attention itself has none.
_ADDED: dict[str, Position] = {
    "abs_pos": "absolute_interleaved",
    "abs_pos_whisper": "absolute",
    "no_pos": "none",
    "rel_pos": "none",
}


def load_wenet(folder: Path) -> Checkpoint:
    """Read a WeNet model folder: train.yaml, final.pt, units.txt and what they name.

    Every weight must be wanted, there and of the right shape; where shapes and train.yaml differ,
    shapes are right. Raises ModelError or TokenizerError.
    """
    config = read_wenet_config(folder / "train.yaml")
    theirs = _read_weights(folder / "final.pt")
    _add_normalization(folder, config, theirs)
    shape = _Shape(folder / "train.yaml", config, theirs)
    try:
        model_config = shape.model_config()
    except ModelConfigError as error:
        raise ModelError(f"{folder}: {error}") from error
    weights = {
        our_name(name): our_shape(name, weight)
        for name, weight in theirs.items()
        if not shape.is_unused(name)
    }
    model = build_model(model_config, weights, folder / "final.pt")
    units = _units_file(folder, config.tokens)
    tokenizer = _tokenizer(folder, units, config.tokens)
    if len(tokenizer) != model_config.vocabulary:
        raise ModelError(f"{units} has {len(tokenizer)} units, the model {model_config.vocabulary}")
    return Checkpoint(folder.resolve().name, model, tokenizer)


def read_normalization(path: Path, *, is_json: bool) -> tuple[Tensor, Tensor]:
    """Read a global_cmvn file: the mean of each mel bin and one over its standard deviation.

    JSON of WeNet's tools, or Kaldi's text form of the same sums. Raises ModelError.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if is_json:
            values = json.loads(text)
            sums, squares, count = values["mean_stat"], values["var_stat"], values["frame_num"]
        else:
            fields = text.split()
            if (fields[0], fields[-1]) != ("[", "]"):
                raise ValueError("no matrix in brackets")
            numbers = [float(field) for field in fields[1:-1]]
            half = len(numbers) // 2
            sums, squares, count = numbers[: half - 1], numbers[half:-1], numbers[half - 1]
        mean = torch.tensor(sums, dtype=torch.double) / count
        variance = torch.tensor(squares, dtype=torch.double) / count - mean.square()
        if not (mean.isfinite().all() and variance.isfinite().all()):
            raise ValueError("a mean or variance that is no number")
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError, RuntimeError) as error:
        raise ModelError(f"{path}: not feature statistics that can be read ({error})") from error
    return mean.float(), variance.clamp(min=1e-20).rsqrt().float()


class _Shape:
    """What the weights say of a model, and train.yaml where they cannot."""

    def __init__(self, path: Path, config: WenetConfig, weights: Mapping[str, Tensor]) -> None:
        self._path = path
        self._config = config
        self._weights = weights
        both = any(name.startswith("decoder.left_decoder.") for name in weights)
        self._left = "decoder.left_decoder." if both else "decoder."
        self._right = "decoder.right_decoder."
        self._reverse_blocks = self._count(f"{self._right}decoders.")
        self._block = "encoder.encoders.0."
        self._normalize_before = bool(config.encoder.get("normalize_before", True))
        self._final_norm = self._normalize_before and bool(config.encoder.get("final_norm", True))

    def model_config(self) -> ModelConfig:
        vocabulary, width = self._wanted("ctc.ctc_lo.weight", 2).shape
        mean = self._weights.get("encoder.global_cmvn.mean")
        return ModelConfig(
            vocabulary=vocabulary,
            features=FeatureConfig(
                frontend="kaldi",
                mel_bins=self._config.mel_bins if mean is None else mean.numel(),
                normalized=mean is not None,
            ),
            encoder=self._encoder(width),
            decoder=self._decoder(vocabulary, width),
            languages=(),
        )

    def is_unused(self, name: str) -> bool:
        """Tell whether a weight takes no part in what is computed."""
        if is_never_used(name):
            return True
        if name.startswith(self._right) and not self._reverse_blocks:
            return True
        if name.startswith("encoder.after_norm.") and not self._final_norm:
            return True
        return "after_norm." in name and name.startswith("decoder.") and not self._decoder_pre_norm

    @property
    def _decoder_pre_norm(self) -> bool:
        return bool(self._config.decoder.get("normalize_before", True))

    def _encoder(self, width: int) -> EncoderConfig:
        values = self._config.encoder
        positions = values.get("pos_enc_layer_type", "rel_pos")
        block = self._encoder_block(width, positions)
        input_layer = values.get("input_layer", "conv2d")
        return EncoderConfig(
            block=block,
            subsampling=self._choice("encoder_conf.input_layer", input_layer, _SUBSAMPLING),
            blocks=self._count("encoder.encoders."),
            scaled=positions in ("abs_pos", "rel_pos"),
            final_norm=self._final_norm,
        )

    def _encoder_block(self, width: int, positions: object) -> BlockConfig:
        values = self._config.encoder
        added = self._choice("encoder_conf.pos_enc_layer_type", positions, _ADDED)
        attention = values.get("selfattention_layer_type", "rel_selfattn")
        self._choice("encoder_conf.selfattention_layer_type", attention, _ATTENTIONS)
        relative = self._has("self_attn.pos_bias_u")
        if relative and positions != "rel_pos":
            raise ModelError(f"{self._path}: relative attention with {positions} is not supported")
        convolution = self._has("conv_module.depthwise_conv.weight")
        causal = bool(values.get("causal", False))
        macaron = self._has("norm_ff_macaron.weight")
        kernel_size = 1
        if convolution:
            kernel_size = self._of_block("conv_module.depthwise_conv.weight", 3).shape[2]
            if not causal and kernel_size % 2 == 0:
                raise ModelError(f"{self._path}: a centred convolution of {kernel_size} frames")
        norm = values.get("layer_norm_type", "layer_norm")
        convolution_norm = values.get("cnn_module_norm", "batch_norm")
        if self._has("conv_module.norm.running_mean"):
            convolution_norm = "batch_norm"
        return BlockConfig(
            width=width,
            heads=self._heads(width),
            ffn_width=self._of_block("feed_forward.w_1.weight", 2).shape[0],
            kernel_size=kernel_size,
            macaron=macaron,
            ffn_scale=0.5 if macaron else 1.0,
            closing_norm=self._has("norm_final.weight"),
            activation=self._activation("encoder_conf", values, "swish"),
            position="relative" if relative else added,
            query_bias=self._has("self_attn.linear_q.bias"),
            key_bias=self._has("self_attn.linear_k.bias"),
            value_bias=self._has("self_attn.linear_v.bias"),
            out_bias=self._has("self_attn.linear_out.bias"),
            ffn_bias=self._has("feed_forward.w_1.bias"),
            normalize_before=self._normalize_before,
            norm=self._choice("encoder_conf.layer_norm_type", norm, _NORMS),
            norm_eps=self._eps("encoder_conf", values, "norm_eps"),
            convolution=("causal" if causal else "centred") if convolution else "none",
            convolution_bias=self._has("conv_module.pointwise_conv1.bias"),
            convolution_norm=self._choice(
                "encoder_conf.cnn_module_norm", convolution_norm, _CONVOLUTION_NORMS
            ),
            convolution_norm_eps=self._eps("encoder_conf", values, "conv_norm_eps"),
            pads_input=convolution and not causal,
        )

    def _decoder(self, vocabulary: int, width: int) -> DecoderConfig | None:
        blocks = self._count(f"{self._left}decoders.")
        if blocks == 0:
            return None
        values, tokens = self._config.decoder, self._config.tokens
        first = f"{self._left}decoders.0."
        norm = values.get("layer_norm_type", "layer_norm")
        return DecoderConfig(
            vocabulary=self._wanted(f"{self._left}embed.0.weight", 2).shape[0],
            width=width,
            heads=self._heads_that_fit("decoder_conf", values, width),
            ffn_width=self._wanted(f"{first}feed_forward.w_1.weight", 2).shape[0],
            blocks=blocks,
            reverse_blocks=self._reverse_blocks,
            start=self._token("<sos>", tokens.start, vocabulary),
            end=self._token("<eos>", tokens.end, vocabulary),
            positions="sinusoid",
            scaled=True,
            tied=False,
            activation=self._activation("decoder_conf", values, "relu"),
            query_bias=f"{first}self_attn.linear_q.bias" in self._weights,
            key_bias=f"{first}self_attn.linear_k.bias" in self._weights,
            value_bias=f"{first}self_attn.linear_v.bias" in self._weights,
            out_bias=f"{first}self_attn.linear_out.bias" in self._weights,
            ffn_bias=f"{first}feed_forward.w_1.bias" in self._weights,
            normalize_before=self._decoder_pre_norm,
            norm=self._choice("decoder_conf.layer_norm_type", norm, _NORMS),
            norm_eps=self._eps("decoder_conf", values, "norm_eps"),
        )

    def _heads(self, width: int) -> int:
        if not self._has("self_attn.pos_bias_u"):
            return self._heads_that_fit("encoder_conf", self._config.encoder, width)
        return self._of_block("self_attn.pos_bias_u", 2).shape[0]

    def _heads_that_fit(self, section: str, values: Mapping[str, Any], width: int) -> int:
        heads = values.get("attention_heads", 4)
        if not isinstance(heads, int) or heads < 1 or width % heads:
            raise ModelError(f"{self._path}: {section}.attention_heads {heads!r} for width {width}")
        return heads

    def _eps(self, section: str, values: Mapping[str, Any], key: str) -> float:
        value = values.get(key, 1e-5)
        try:
            eps = float(value)  # YAML takes 1e-5 for a word.
        except (TypeError, ValueError) as error:
            raise ModelError(f"{self._path}: {section}.{key} {value!r} is no number") from error
        if not 0.0 <= eps < 1.0:
            raise ModelError(f"{self._path}: {section}.{key} {value!r} is no small number")
        return eps

    def _token(self, name: str, index: object, vocabulary: int) -> int:
        if index is None:
            return vocabulary - 1
        if not isinstance(index, int) or not 0 <= index < vocabulary:
            raise ModelError(f"{self._path}: {name} {index!r} is none of {vocabulary} units")
        return index

    def _activation(self, section: str, values: Mapping[str, Any], default: str) -> Activation:
        name = values.get("activation_type", default)
        return self._choice(f"{section}.activation_type", name, _ACTIVATIONS)

    def _choice(self, key: str, value: object, choices: Mapping[str, _T]) -> _T:
        if not isinstance(value, str) or value not in choices:
            allowed = ", ".join(choices)
            raise ModelError(f"{self._path}: {key} {value} is not supported, only {allowed}")
        return choices[value]

    def _has(self, name: str) -> bool:
        return f"{self._block}{name}" in self._weights

    def _of_block(self, name: str, dimensions: int) -> Tensor:
        return self._wanted(f"{self._block}{name}", dimensions)

    def _wanted(self, name: str, dimensions: int) -> Tensor:
        file = self._path.with_name("final.pt")
        if name not in self._weights:
            raise ModelError(f"{file}: weight missing: {name}")
        weight = self._weights[name]
        if weight.dim() != dimensions:
            raise ModelError(f"{file}: {name} has {weight.dim()} dimensions, not {dimensions}")
        return weight

    def _count(self, prefix: str) -> int:
        return 1 + max(_indices(self._weights, prefix), default=-1)


def _indices(weights: Mapping[str, Tensor], prefix: str) -> list[int]:
    found = (name.removeprefix(prefix) for name in weights if name.startswith(prefix))
    numbers = (name.split(".")[0] for name in found)
    # What has no number here is no block's, and refused with all that nobody knows.
    return [int(number) for number in numbers if number.isdecimal() and len(number) <= _DIGITS]


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    except Exception as error:  # a damaged pickle breaks its reader in any way there is
        reason = str(error).split("\n")[0]
        raise ModelError(f"{path}: not weights that can be read safely ({reason})") from error
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and _is_plain(value) for name, value in weights.items()
    ):
        raise ModelError(f"{path}: not a table of weights")
    return weights


def _is_plain(value: object) -> bool:
    """Whether it is a tensor whose every number is in the file: a view with steps of 0 could
    stand for more numbers than there is memory."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and not (value.is_quantized or value.is_nested or value.is_complex())
        and value.nbytes <= value.untyped_storage().nbytes()
    )


def _add_normalization(folder: Path, config: WenetConfig, weights: dict[str, Tensor]) -> None:
    if config.cmvn is None or "encoder.global_cmvn.mean" in weights:
        return
    named, usual = folder / config.cmvn, folder / "global_cmvn"
    path = named if named.exists() else usual
    mean, inverse = read_normalization(path, is_json=config.cmvn_is_json)
    if mean.shape != (config.mel_bins,):
        raise ModelError(f"{path}: statistics of {mean.numel()} bins, not of {config.mel_bins}")
    weights["encoder.global_cmvn.mean"] = mean
    weights["encoder.global_cmvn.istd"] = inverse


def _read_tags(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").split())
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: not UTF-8 ({error})") from error


def _units_file(folder: Path, settings: TokenSettings) -> Path:
    # Recipes have called it by many names; what stands in train.yaml is its path at home.
    names = ("units.txt", settings.units, "words.txt", "lang_char.txt", "dict.txt")
    usual = [folder / name for name in names if name is not None]
    return next(filter(Path.is_file, (*usual, *sorted(folder.glob("*_units.txt")))), usual[0])


def _tokenizer(folder: Path, units: Path, settings: TokenSettings) -> WenetTokenizer:
    found = sorted(folder.glob("*.model"))
    # The older forms do not name a tokenizer: one with pieces comes with its sentencepiece model.
    kind = settings.kind or ("bpe" if found else "char")
    pieces = None
    if kind == "bpe":
        named = folder / (settings.pieces or "bpe.model")
        path = named if named.exists() or not found else found[0]
        try:
            pieces = path.read_bytes()
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; texts cannot be cut without") from error
    tags: tuple[str, ...] = ()
    if settings.tags is not None and (folder / settings.tags).exists():
        tags = _read_tags(folder / settings.tags)
    options = WenetOptions(settings.split_with_space, tags)
    listed = read_units(units)
    try:
        return WenetTokenizer(listed, pieces, options)
    except TokenizerError as error:
        raise TokenizerError(f"{folder}: {error}") from error
