"""Any model folder: our own, or WeNet's as it was published."""

from dataclasses import replace
from pathlib import Path

import torch

from dictation.checkpoints.own import (
    Checkpoint,
    build_model,
    load_checkpoint,
    read_config,
    save_checkpoint,
)
from dictation.checkpoints.weights import ModelError
from dictation.checkpoints.wenet import load_wenet
from dictation.language_model.ngrams import NgramModel
from dictation.language_model.reading import Script
from dictation.model.config import ModelConfig, ModelConfigError
from dictation.model.joint import LISTENING


def load_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Checkpoint:
    """Read a model folder of either kind, ours with weights of `dtype`, WeNet's as it stores them.

    Raises ModelError or TokenizerError.
    """
    return load_wenet(folder) if _is_wenet(folder) else load_checkpoint(folder, dtype)


def read_model_config(folder: Path) -> ModelConfig:
    """Read the shape of the model in a folder of either kind; of WeNet's, the weights say it.

    Raises ModelError or TokenizerError.
    """
    return load_wenet(folder).model.config if _is_wenet(folder) else read_config(folder)


def convert_folder(source: Path, target: Path) -> Checkpoint:
    """Read a model folder of either kind and write it as our own, in full precision.

    Raises ModelError or TokenizerError, or OSError when `target` cannot be written.
    """
    checkpoint = load_folder(source)
    save_checkpoint(checkpoint, target, torch.float32)
    return checkpoint


def compress_folder(source: Path, target: Path) -> None:
    """Read a model folder of either kind and write it with a byte a weight, half of half precision.

    Raises ModelError or TokenizerError, or OSError when `target` cannot be written.
    """
    save_checkpoint(load_folder(source), target, torch.int8)


def average_folders(
    first: Path, second: Path, weight: float, target: Path, part: str | None = None
) -> Checkpoint:
    """Write the model whose weights lie `weight` (0..1) of the way from one model to another of
    the same shape and vocabulary (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").

    `part`: of what is averaged ("decoder", "encoder.blocks"); the rest is the first model's. Raises
    ModelError or TokenizerError, also where the two differ or have no such part, or OSError when
    `target` cannot be written.
    """
    one, other = load_folder(first), load_folder(second)
    if one.model.config != other.model.config or one.tokenizer.units != other.tokenizer.units:
        raise ModelError(f"{second}: its shape or vocabulary is not that of {first}")
    ours, theirs = one.model.state_dict(), other.model.state_dict()
    averaged = [name for name in ours if part is None or name.startswith(part + ".")]
    if not averaged:
        raise ModelError(f"{first}: has no part {part!r}")
    for name in averaged:
        if ours[name].is_floating_point():
            ours[name].lerp_(theirs[name], weight)
    save_checkpoint(one, target, torch.float16)
    return one


def add_mixed_to_folder(source: Path, tuned: Path, target: Path) -> None:
    """Write the model of one folder with the encoder and heads of another, which was trained from
    it on mixed speech with the decoder at rest, as its second listener; in full precision.

    Raises ModelError or TokenizerError, also where the two differ or the model cannot tell mixed
    speech, or OSError when `target` cannot be written.
    """
    one, other = load_folder(source), load_folder(tuned)
    shape, units = replace(one.model.config, mixed=False), one.tokenizer.units
    if replace(other.model.config, mixed=False) != shape or other.tokenizer.units != units:
        raise ModelError(f"{tuned}: its shape or vocabulary is not that of {source}")
    try:
        config = replace(shape, mixed=True)
    except ModelConfigError as error:
        raise ModelError(f"{source}: {error}") from error
    theirs = other.model.state_dict()
    heard = {f"mixed.{name}": theirs[name] for name in theirs if name.startswith(LISTENING)}
    model = build_model(config, one.model.state_dict() | heard, source)
    save_checkpoint(replace(one, model=model), target, torch.float32)


def add_ngrams_to_folder(source: Path, target: Path, script: Script, ngrams: NgramModel) -> None:
    """Read a model folder of either kind and write it with n-grams for the words of one script.

    Raises ModelError or TokenizerError, or OSError when `target` cannot be written.
    """
    checkpoint = load_folder(source)
    with_ngrams = replace(checkpoint, ngrams={**checkpoint.ngrams, script: ngrams})
    save_checkpoint(with_ngrams, target, torch.float16)


def _is_wenet(folder: Path) -> bool:
    return (folder / "train.yaml").is_file() and not (folder / "config.json").exists()
