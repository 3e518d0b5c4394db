"""The folder of downloaded models, and how a model gets into it: whole or not at all."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from dictation.catalogue.archive import ArchiveError, unpack
from dictation.catalogue.download import DownloadError, Progress, begun_from, discard, download
from dictation.catalogue.entries import Entry
from dictation.errors import DictationError

_IMPORTED = "config.json"
_NEEDED = ("train.yaml", "final.pt")


class StoreError(DictationError):
    """A model cannot be put into the folder of models, or taken out of it."""


@dataclass(frozen=True)
class Pin:
    """What an archive was when it was first seen."""

    sha256: str
    size: int
    url: str


@dataclass(frozen=True)
class ModelStore:
    """Downloaded models, a folder each by the catalogue's name, and `pins.json` beside them."""

    root: Path

    def folder(self, name: str) -> Path | None:
        """Return where a model is, as it was published or imported, None where it is not."""
        found = self.root / name
        return found if any((found / one).is_file() for one in (_NEEDED[0], _IMPORTED)) else None

    def install(
        self, entry: Entry, progress: Progress, addresses: Sequence[str] | None = None
    ) -> tuple[Path, Pin]:
        """Download and unpack a model, from its own `addresses` or those given, tried in turn.

        Nothing of it is seen under its name before all of it is there. Raises StoreError,
        DownloadError or ArchiveError.
        """
        if (there := self.folder(entry.name)) is not None:
            raise StoreError(f"{entry.name} is there already: {there}")
        work = self.root / ".partial"
        try:
            work.mkdir(parents=True, exist_ok=True)
            with FileLock(work / f"{entry.name}.lock", timeout=0):
                return self._install(entry, progress, addresses or entry.addresses, work)
        except Timeout as error:
            raise StoreError(f"{entry.name} is being downloaded by another process") from error
        except OSError as error:
            raise StoreError(f"{error.filename or self.root}: {error.strerror}") from error

    def remove(self, name: str) -> None:
        """Delete a downloaded model and what is left of a broken off download of it.

        The pin stays. Raises StoreError when there is neither.
        """
        part = self._part(name)
        folder = self.root / name
        if self.folder(name) is None and not part.exists():
            raise StoreError(f"{name} is not among the downloaded models in {self.root}")
        discard(part)
        try:
            if folder.exists():
                # Out of sight in one step, so that no half of it is ever taken for a model.
                gone = self.root / ".partial" / f"{name}.removed"
                shutil.rmtree(gone, ignore_errors=True)
                gone.parent.mkdir(exist_ok=True)
                folder.rename(gone)
                shutil.rmtree(gone)
        except OSError as error:
            raise StoreError(f"{error.filename or folder}: {error.strerror}") from error

    def pins(self) -> dict[str, Pin]:
        """Return what archives were when they were first seen; raises StoreError."""
        path = self._pins_file
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return {name: Pin(**value) for name, value in values.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(f"{path}: not a table of checksums ({error}); remove it") from error

    @property
    def _pins_file(self) -> Path:
        return self.root / "pins.json"

    def _part(self, name: str) -> Path:
        return self.root / ".partial" / f"{name}.tar.gz"

    def _install(
        self, entry: Entry, progress: Progress, addresses: Sequence[str], work: Path
    ) -> tuple[Path, Pin]:
        pins = self.pins()
        part, unpacked = self._part(entry.name), work / entry.name
        url = _first_that_answers(addresses, part, progress)
        pin = Pin(_sha256(part), part.stat().st_size, url)
        wanted = entry.sha256 or (pins[entry.name].sha256 if entry.name in pins else None)
        if wanted not in (None, pin.sha256):
            discard(part)
            source = "published is" if entry.sha256 else f"{self._pins_file} has"
            raise StoreError(f"{url}: its SHA-256 is {pin.sha256}, {source} {wanted}")
        shutil.rmtree(unpacked, ignore_errors=True)
        try:
            unpack(part, unpacked)
            model = _model_in(unpacked, url)
        except ArchiveError:
            discard(part)  # It would be refused again.
            shutil.rmtree(unpacked, ignore_errors=True)
            raise
        self._write_pins(pins | {entry.name: pin})
        target = self.root / entry.name
        shutil.rmtree(target, ignore_errors=True)
        model.rename(target)
        discard(part)
        shutil.rmtree(unpacked, ignore_errors=True)
        return target, pin

    def _write_pins(self, pins: dict[str, Pin]) -> None:
        text = json.dumps({name: asdict(pin) for name, pin in pins.items()}, indent=2)
        fresh = self._pins_file.with_suffix(".new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(self._pins_file)


def _first_that_answers(addresses: Sequence[str], part: Path, progress: Progress) -> str:
    reasons = []
    begun = begun_from(part)
    for url in sorted(addresses, key=lambda url: url != begun):
        try:
            download(url, part, progress)
        except DownloadError as error:
            if begun_from(part) == url or len(addresses) == 1:
                raise  # Another address would throw away what came from this one.
            reasons.append(str(error))
        else:
            return url
    raise DownloadError(
        f"{'; '.join(reasons)}; name another address with --url, or unpack the archive yourself and"
        " use its folder"
    )


def _model_in(folder: Path, url: str) -> Path:
    inside = [each for each in sorted(folder.iterdir()) if each.is_dir()]
    for candidate in (folder, *inside):
        if all((candidate / name).is_file() for name in _NEEDED):
            return candidate
    raise ArchiveError(f"{url}: no WeNet model in it (a folder with {' and '.join(_NEEDED)})")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
