"""Any model folder: our own, or WeNet's as it was published."""

from pathlib import Path

import torch

from dictation.checkpoints.own import Checkpoint, load_checkpoint, save_checkpoint
from dictation.checkpoints.wenet import load_wenet


def load_folder(folder: Path, dtype: torch.dtype = torch.float32) -> Checkpoint:
    """Read a model folder of either kind, ours with weights of `dtype`, WeNet's as it stores them.

    Raises ModelError or TokenizerError.
    """
    if (folder / "train.yaml").is_file() and not (folder / "config.json").exists():
        return load_wenet(folder)
    return load_checkpoint(folder, dtype)


def convert_folder(source: Path, target: Path) -> Checkpoint:
    """Read a model folder of either kind and write it as our own, in full precision.

    Raises ModelError or TokenizerError, or OSError when `target` cannot be written.
    """
    checkpoint = load_folder(source)
    save_checkpoint(checkpoint, target, torch.float32)
    return checkpoint
