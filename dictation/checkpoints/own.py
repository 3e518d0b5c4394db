"""Our own model folder: config.json, model*.safetensors, the vocabularies and MODEL_CARD.md."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from dictation.checkpoints.weights import ModelError, read_shards, write_shards, write_tensors
from dictation.language_model.ngrams import LanguageModelError, NgramModel
from dictation.language_model.reading import Script
from dictation.model.config import ModelConfig, ModelConfigError
from dictation.model.joint import JointModel
from dictation.text.tokenizer import CtcTokenizer, DecoderTokenizer
from dictation.text.wenet import PIECES, WenetOptions, WenetTokenizer

FORMAT = 2
"""Since 2 weights may be of one byte, with a scale for each row."""
_FORMATS = (1, 2)
_DECODER_TOKENS = "decoder_tokens.json"
_WENET_TOKENS = "wenet_tokens"
_SCRIPTS: tuple[Script, ...] = ("zh", "en")


@dataclass(frozen=True)
class Checkpoint:
    """A model with what is needed to use it: its vocabularies and its name, and the n-grams of its
    languages, where it has any."""

    name: str
    model: JointModel
    tokenizer: CtcTokenizer | WenetTokenizer
    decoder_tokenizer: DecoderTokenizer | None = None
    ngrams: Mapping[Script, NgramModel] = field(default_factory=dict)


def save_checkpoint(checkpoint: Checkpoint, folder: Path, dtype: torch.dtype) -> None:
    """Write a model folder, its weights as `dtype` in shards of at most 80 MB; raises OSError.

    int8: matrices have a byte a weight and a scale a row, the rest half precision.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = checkpoint.model.config
    values = {"format": FORMAT, "name": checkpoint.name, "model": config.to_dict()}
    if isinstance(checkpoint.tokenizer, WenetTokenizer):
        has_pieces = checkpoint.tokenizer.pieces is not None
        values[_WENET_TOKENS] = asdict(checkpoint.tokenizer.options) | {"pieces": has_pieces}
    checkpoint.tokenizer.save(folder)
    if checkpoint.decoder_tokenizer is not None:
        definition = checkpoint.decoder_tokenizer.definition
        (folder / _DECODER_TOKENS).write_text(definition, encoding="utf-8")
    write_shards(checkpoint.model.state_dict(), folder, dtype)
    for script in _SCRIPTS:
        _ngrams(folder, script).unlink(missing_ok=True)
    for script, ngrams in checkpoint.ngrams.items():
        write_tensors(ngrams.tensors, _ngrams(folder, script))
    # Last: without it, what is there of a folder is no model.
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """Read what a model folder of ours says of its model; raises ModelError."""
    return _read_config(folder)[0]


def load_checkpoint(folder: Path, dtype: torch.dtype = torch.float32) -> Checkpoint:
    """Read a model folder; every weight must be there, fit, and be wanted. They become `dtype`.

    Raises ModelError naming the folder and what is wrong with it.
    """
    config, values = _read_config(folder)
    model = build_model(config, read_shards(folder, dtype), folder)
    tokenizer = _read_tokenizer(folder, values)
    if len(tokenizer) != config.vocabulary:
        raise ModelError(
            f"{folder}: units.txt has {len(tokenizer)} units, the model {config.vocabulary}"
        )
    decoder_tokenizer = None
    if config.decoder is not None and config.decoder.start is None:
        decoder_tokenizer = DecoderTokenizer.load(folder / _DECODER_TOKENS)
        if len(decoder_tokenizer) != config.decoder.vocabulary:
            raise ModelError(f"{folder}: {_DECODER_TOKENS} does not fit the decoder")
    return Checkpoint(values["name"], model, tokenizer, decoder_tokenizer, _read_ngrams(folder))


def _ngrams(folder: Path, script: Script) -> Path:
    return folder / f"ngrams-{script}.safetensors"


def _read_ngrams(folder: Path) -> dict[Script, NgramModel]:
    found = [script for script in _SCRIPTS if _ngrams(folder, script).exists()]
    try:
        return {script: NgramModel.load(_ngrams(folder, script)) for script in found}
    except LanguageModelError as error:
        raise ModelError(str(error)) from error


def build_model(config: ModelConfig, weights: dict[str, Tensor], source: Path) -> JointModel:
    """Return a model with the weights given, all of which it must want; none may be missing.

    Raises ModelError naming `source` and the weight.
    """
    with torch.device("meta"), _Uninitialised():
        model = JointModel(config)
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in weights.items()}
    if found != wanted:
        raise ModelError(f"{source}: {_difference(wanted, found)}; fetch the model again")
    model.load_state_dict(weights, assign=True)
    return model.eval()


class _Uninitialised(TorchFunctionMode):
    """Leaves new weights as they are: there are none yet.

    To draw normal values for a tensor without storage PyTorch would import its compiler, sympy and
    Triton: a second and 110 MB.
    """

    def __torch_function__(
        self,
        function: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        values = dict(kwargs or {})
        if getattr(function, "__module__", None) == nn.init.__name__:
            return values.get("tensor", args[0] if args else None)
        return function(*args, **values)


def _read_tokenizer(folder: Path, values: dict[str, Any]) -> CtcTokenizer | WenetTokenizer:
    options = values.get(_WENET_TOKENS)
    if options is None:
        return CtcTokenizer.load(folder)
    try:
        split, tags = bool(options["split_with_space"]), tuple(options["tags"])
        pieces = bool(options.get("pieces", (folder / PIECES).exists()))
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder / 'config.json'}: damaged {_WENET_TOKENS} ({error})") from error
    return WenetTokenizer.load(folder, WenetOptions(split, tags), pieces=pieces)


def _read_config(folder: Path) -> tuple[ModelConfig, dict[str, Any]]:
    path = folder / "config.json"
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["format"] not in _FORMATS:
            raise ModelError(f"{path}: format {values['format']}, this program reads {FORMAT}")
        return ModelConfig.from_dict(values["model"]), values | {"name": str(values["name"])}
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}; the folder holds no model") from error
    except (ValueError, KeyError, TypeError, RecursionError, ModelConfigError) as error:
        raise ModelError(f"{path}: not a model configuration ({error})") from error


def _difference(wanted: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> str:
    for title, names in (
        ("weight missing", set(wanted) - set(found)),
        ("unknown weight", set(found) - set(wanted)),
    ):
        if names:
            return f"{title}: {min(names)}" + (
                f" and {len(names) - 1} more" if len(names) > 1 else ""
            )
    name = min(name for name in wanted if wanted[name] != found[name])
    return f"{name} is {found[name]}, wanted {wanted[name]}"
