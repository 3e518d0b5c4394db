"""`dictation models`: what there is, and getting, removing and converting it."""

import json
import shutil
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from dictation.assets import bundled_models, imported_models, model_folder
from dictation.catalogue.entries import CATALOGUE, Entry, find_entry
from dictation.catalogue.place import models_folder
from dictation.catalogue.store import ModelStore, StoreError
from dictation.errors import DictationError


class ImportTargetError(DictationError):
    """The folder to write a model to holds something already."""


def show_models(*, as_json: bool) -> None:
    """Print every model that has a name, with what is published of it and whether it is here."""
    store = ModelStore(models_folder())
    bundled = sorted(file.parent for file in bundled_models().glob("*/config.json"))
    if as_json:
        print(json.dumps(_as_values(bundled, store), ensure_ascii=False, indent=2))
        return
    for folder in bundled:
        megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        print(f"{folder.name}: zh, en; {megabytes:.0f} MB; Apache-2.0; comes with Dictation")
        print(f"  error rates: {folder / 'MODEL_CARD.md'}")
    for entry in CATALOGUE:
        here = "" if store.folder(entry.name) is None else "; downloaded"
        about = f"{entry.language}, {entry.units}; {entry.megabytes} MB; licence {entry.licence}"
        print(f"{entry.name}: {about}{here}")
        for rate in rates_of(entry):
            print(f"  {rate}")
    for name in _others():
        print(f"{name}: imported; {store.folder(name)}")
    print("rates: attention rescoring, whole utterances / chunks of 640 ms (GigaSpeech: 480 ms)")


def download_model(name: str, url: str | None) -> None:
    """Download a model of the catalogue and unpack it, with a bar on a terminal.

    Raises StoreError, DownloadError or ArchiveError.
    """
    entry = _entry(name)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)
        addresses = None if url is None else (url,)
        folder, pin = ModelStore(models_folder()).install(
            entry, lambda done, total: bar.update(task, completed=done, total=total), addresses
        )
    print(f"{pin.size / 1e6:.1f} MB from {pin.url}")
    print(f"SHA-256 {pin.sha256}{'' if entry.sha256 else ' (none is published: held to from now)'}")
    print(f'{folder}; use it with model.name = "{name}" or --model {name}')


def remove_model(name: str) -> None:
    """Delete a downloaded or imported model; raises StoreError."""
    ModelStore(models_folder()).remove(name if name in _others() else _entry(name).name)
    print(f"{name} is removed")


def show_path(name: str | None) -> None:
    """Print the folder of a model, or of all downloaded ones; raises AssetError."""
    print(models_folder() if name is None else model_folder(name))


def import_model(source: Path, target: Path | None = None) -> None:
    """Read any model folder this program knows and write it in our own format; without a `target`
    among the downloaded models, to be known by the name of its folder.

    Raises ModelError or TokenizerError for the source, ImportTargetError for the target.
    """
    name = None
    if target is None:
        name = source.resolve().name
        if (bundled_models() / name).exists():
            raise ImportTargetError(f"{name} comes with Dictation; name another folder to write to")
        target = models_folder() / name
    _refuse_to_overwrite(target)
    from dictation.checkpoints.folders import convert_folder

    try:
        checkpoint = convert_folder(source, target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    count = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    print(f"{checkpoint.name}: {count / 1e6:.1f} M parameters, {len(checkpoint.tokenizer)} units")
    print(f'written to {target}; use it with model.name = "{name or target.resolve()}"')


def average_models(
    first: str, second: str, weight: float, target: Path, part: str | None = None
) -> None:
    """Write a model that lies between two, named or given as folders, in half precision; with a
    `part`, only that of it.

    Raises AssetError, ModelError or TokenizerError for these, ImportTargetError for the target.
    """
    _refuse_to_overwrite(target)
    from dictation.checkpoints.folders import average_folders

    try:
        average_folders(model_folder(first), model_folder(second), weight, target, part)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    what = f" ({part})" if part else ""
    print(f"{1 - weight:.0%} of {first} and {weight:.0%} of {second}{what}, written to {target}")


def compress_model(source: str, target: Path) -> None:
    """Write a model, named or given as a folder, with a byte a weight.

    Raises AssetError, ModelError or TokenizerError for it, ImportTargetError for the target.
    """
    _refuse_to_overwrite(target)
    from dictation.checkpoints.folders import compress_folder

    try:
        compress_folder(model_folder(source), target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    print(f"{source} with a byte a weight, written to {target}")


def grow_model(source: str, target: Path) -> None:
    """Write a model, named or given as a folder, with the common characters that it lacks, in half
    precision.

    Raises AssetError, ModelError or TokenizerError for it, ImportTargetError for the target.
    """
    _refuse_to_overwrite(target)
    from dictation.checkpoints.growing import grow_folder
    from dictation.training.vocabulary import common_characters

    try:
        more = grow_folder(model_folder(source), target, common_characters())
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    print(f"{source} with {more} characters more, written to {target}")


def add_ngrams(
    model: str, source: Path, target: Path, script: Literal["zh", "en"], order: int
) -> None:
    """Write a model, named or given as a folder, with the n-grams of one script of an ARPA file, in
    half precision.

    Raises AssetError, ModelError or TokenizerError for it, LanguageModelError for the file,
    ImportTargetError for the target.
    """
    _refuse_to_overwrite(target)
    from dictation.checkpoints.folders import add_ngrams_to_folder
    from dictation.language_model.arpa import read_arpa

    found = read_arpa(source, script, order)
    try:
        add_ngrams_to_folder(model_folder(model), target, script, found)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    print(f"{model} with {len(found)} words and what follows them, written to {target}")


def add_mixed(model: str, tuned: str, target: Path) -> None:
    """Write a model, named or given as a folder, with the encoder of another for mixed speech, in
    full precision.

    Raises AssetError, ModelError or TokenizerError for these, ImportTargetError for the target.
    """
    _refuse_to_overwrite(target)
    from dictation.checkpoints.folders import add_mixed_to_folder

    try:
        add_mixed_to_folder(model_folder(model), model_folder(tuned), target)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ImportTargetError(f"{error.filename or target}: {error.strerror}") from error
    print(f"{model} with the encoder of {tuned} for mixed speech, written to {target}")


def _refuse_to_overwrite(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ImportTargetError(f"{target}: is there already; name a folder that is not")


def rates_of(entry: Entry) -> list[str]:
    """The published error rates, one a line."""
    return [
        f"{rate.test}: {entry.measure} {rate.whole:.2f} / {rate.chunks:.2f} %"
        for rate in entry.rates
    ]


def _as_values(bundled: list[Path], store: ModelStore) -> list[dict[str, object]]:
    own: list[dict[str, object]] = [{"name": each.name, "folder": str(each)} for each in bundled]
    published: list[dict[str, object]] = [
        {
            "name": entry.name,
            "language": entry.language,
            "units": entry.units,
            "megabytes": entry.megabytes,
            "measure": entry.measure,
            "rates": {rate.test: [rate.whole, rate.chunks] for rate in entry.rates},
            "licence": entry.licence,
            "addresses": list(entry.addresses),
            "folder": None if (folder := store.folder(entry.name)) is None else str(folder),
        }
        for entry in CATALOGUE
    ]
    imported: list[dict[str, object]] = [
        {"name": name, "folder": str(store.folder(name))} for name in _others()
    ]
    return own + published + imported


def _others() -> list[str]:
    """The names of the models here that nobody lists but whoever imported them."""
    return [name for name in imported_models() if find_entry(name) is None]


def _entry(name: str) -> Entry:
    entry = find_entry(name)
    if entry is None:
        if (bundled_models() / name).is_dir():
            raise StoreError(f"{name} comes with Dictation")
        known = ", ".join(each.name for each in CATALOGUE)
        raise StoreError(f"there is no '{name}' in the catalogue; there are: {known}")
    return entry
