"""Any model folder: our own, or WeNet's as it was published."""

from pathlib import Path

import torch

from dictation.checkpoints.own import (
    Checkpoint,
    load_checkpoint,
    read_config,
    save_checkpoint,
)
from dictation.checkpoints.wenet import load_wenet
from dictation.model.config import ModelConfig


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


def _is_wenet(folder: Path) -> bool:
    return (folder / "train.yaml").is_file() and not (folder / "config.json").exists()
