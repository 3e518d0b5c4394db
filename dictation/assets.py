"""Where the files that come with Dictation are: models and samples."""

from pathlib import Path

from dictation.errors import DictationError

_PACKAGE = Path(__file__).parent


class AssetError(DictationError):
    """A file that should have come with Dictation is not there."""


def assets_folder() -> Path:
    """The folder of models and samples: inside the installed package, else beside it."""
    installed = _PACKAGE / "assets"
    return installed if installed.is_dir() else _PACKAGE.parent / "assets"


def model_folder(name: str) -> Path:
    """The folder of a model: one that comes with Dictation, or any by its path.

    Raises AssetError, which lists the models there are, for neither.
    """
    own = assets_folder() / "models"
    for folder in (own / name, Path(name).expanduser()):
        if any((folder / name).is_file() for name in ("config.json", "train.yaml")):
            return folder
    known = sorted(found.parent.name for found in own.glob("*/config.json"))
    there_are = f"there are: {', '.join(known)}" if known else f"there is none in {own}"
    raise AssetError(
        f"there is no model '{name}' (a folder with config.json or train.yaml); {there_are}"
    )


def samples_folder() -> Path:
    """The folder of the bundled recordings. Raises AssetError without them."""
    folder = assets_folder() / "samples"
    if not (folder / "samples.json").is_file():
        raise AssetError(f"the bundled recordings are missing: {folder / 'samples.json'}")
    return folder
