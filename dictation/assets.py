"""Where models and samples are: those that come with Dictation and those that were downloaded."""

from pathlib import Path

from dictation.catalogue.entries import find_entry
from dictation.catalogue.place import models_folder
from dictation.errors import DictationError

_PACKAGE = Path(__file__).parent


class AssetError(DictationError):
    """A model or a recording is not there."""


def assets_folder() -> Path:
    """The folder of models and samples: inside the installed package, else beside it."""
    installed = _PACKAGE / "assets"
    return installed if installed.is_dir() else _PACKAGE.parent / "assets"


def model_folder(name: str) -> Path:
    """The folder of a model: one that comes with Dictation or was downloaded, by its name, or any
    by its path.

    Raises AssetError, which says how to get it or which ones there are, for neither.
    """
    for place in (bundled_models(), models_folder(), Path()):
        if (folder := _model_in(place, name)) is not None:
            return folder
    if find_entry(name) is not None:
        raise AssetError(f"'{name}' is not here yet: dictation models download {name}")
    known = installed_models()
    there_are = (
        f"there are: {', '.join(known)}" if known else f"there is none in {bundled_models()}"
    )
    raise AssetError(
        f"there is no model '{name}' (a folder with config.json or train.yaml); {there_are};"
        " more: dictation models list"
    )


def _model_in(place: Path, name: str) -> Path | None:
    try:
        folder = place / Path(name).expanduser()
        if any((folder / file).is_file() for file in ("config.json", "train.yaml")):
            return folder
    except (OSError, RuntimeError):
        pass  # too long for a name, behind a closed door, or in the home of nobody
    return None


def bundled_models() -> Path:
    """The folder of the models that come with Dictation."""
    return assets_folder() / "models"


def samples_folder() -> Path:
    """The folder of the bundled recordings. Raises AssetError without them."""
    folder = assets_folder() / "samples"
    if not (folder / "samples.json").is_file():
        raise AssetError(f"the bundled recordings are missing: {folder / 'samples.json'}")
    return folder


def sounds_folder() -> Path:
    """The folder of the sounds at start, stop and error."""
    return assets_folder() / "sounds"


def installed_models() -> list[str]:
    """The names of the models that are on this machine, in the order of the alphabet."""
    found = (*bundled_models().glob("*/config.json"), *models_folder().glob("*/train.yaml"))
    return sorted({*(file.parent.name for file in found), *imported_models()})


def imported_models() -> list[str]:
    """The names of the models that were imported among the downloaded ones."""
    return sorted(file.parent.name for file in models_folder().glob("*/config.json"))
