"""`dictation models`: model folders of others made our own."""

from pathlib import Path

from dictation.errors import DictationError


class ImportTargetError(DictationError):
    """The folder to write a model to holds something already."""


def import_model(source: Path, target: Path) -> None:
    """Read any model folder this program knows and write it in our own format.

    Raises ModelError or TokenizerError for the source, ImportTargetError for the target.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ImportTargetError(f"{target}: is there already; name a folder that is not")
    from dictation.checkpoints.folders import convert_folder

    try:
        checkpoint = convert_folder(source, target)
    except OSError as error:
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    count = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    print(f"{checkpoint.name}: {count / 1e6:.1f} M parameters, {len(checkpoint.tokenizer)} units")
    print(f'written to {target}; use it with model.name = "{target.resolve()}"')
