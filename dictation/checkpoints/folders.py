"""Any model folder: our own, or WeNet's as it was published."""

from pathlib import Path

from dictation.checkpoints.own import Checkpoint, load_checkpoint
from dictation.checkpoints.wenet import load_wenet


def load_folder(folder: Path) -> Checkpoint:
    """Read a model folder of either kind; raises ModelError or TokenizerError."""
    if (folder / "train.yaml").is_file() and not (folder / "config.json").exists():
        return load_wenet(folder)
    return load_checkpoint(folder)
