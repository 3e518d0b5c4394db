"""Which files are meant, and what the files made of them are called."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dictation.transcripts.kinds import Format

_ENDINGS = (
    ".3gp .aac .ac3 .aif .aiff .amr .au .avi .caf .flac .flv .m4a .m4b .m4v .mka .mkv .mov .mp2 "
    ".mp3 .mp4 .mpeg .mpg .mts .oga .ogg .ogv .opus .spx .ts .wav .webm .wma .wmv"
)
EXTENSIONS = frozenset(_ENDINGS.split())
"""What is taken from a folder; a file that is named itself may be called anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to work on; `place` is where it lies, seen from the folder that was named."""

    path: Path
    place: Path


@dataclass(frozen=True, slots=True)
class Target:
    """Where the files made of one source go: `stem` with a format's ending."""

    folder: Path
    stem: str

    def path(self, form: Format) -> Path:
        """The file of that format."""
        return self.folder / f"{self.stem}.{form}"

    @property
    def journal(self) -> Path:
        """Keeps what is done of a file that is not finished."""
        return self.folder / f".{self.stem}.unfinished"


def find(paths: Iterable[Path]) -> list[Found]:
    """The files named, and those below the folders named, each once and folders in order of name.

    What does not exist is passed on, and so is a folder without any: reading it says so, and stops
    no other file.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        inside = files_below(path) if path.is_dir() else []
        for each in inside or [Found(path, Path(path.absolute().name))]:
            found.setdefault(each.path.absolute(), each)
    return list(found.values())


def files_below(folder: Path) -> list[Found]:
    """Audio and video files in a folder and the folders in it, hidden ones left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in place.parts)
        if path.suffix.lower() in EXTENSIONS and not hidden and path.is_file():
            found.append(Found(path, place))
    return found


def targets(found: Sequence[Found], folder: Path) -> list[Target]:
    """A place of its own in `folder` for each file: folders within folders are kept.

    Two files that would get the same name keep their endings (talk.mp3.srt, talk.wav.srt), and
    where that is not enough the names of the folders they lie in.
    """
    names = [_names(each) for each in found]
    level = [0] * len(found)
    while True:
        chosen = [names[index][level[index]] for index in range(len(found))]
        taken: dict[Path, list[int]] = {}
        for index, name in enumerate(chosen):
            taken.setdefault(Path(str(name).casefold()), []).append(index)
        alike = [index for group in taken.values() if len(group) > 1 for index in group]
        raised = [index for index in alike if level[index] + 1 < len(names[index])]
        if not raised:
            return [Target(folder / name.parent, name.name) for name in chosen]
        for index in raised:
            level[index] += 1


def _names(found: Found) -> list[Path]:
    """Names for the files made of a source, each longer than the one before it."""
    names = [found.place.with_suffix(""), found.place]
    above = found.path.absolute().parents[len(found.place.parts) - 1]
    longer = found.place.name
    for folder in (above, *above.parents):
        if folder.name:
            longer = f"{folder.name}-{longer}"
            names.append(found.place.with_name(longer))
    return names
