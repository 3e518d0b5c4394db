"""All that was measured at one time, as one JSON file."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dictation.bench.figures import Figure
from dictation.bench.machine import Machine
from dictation.errors import DictationError

FORMAT = 2


@dataclass(frozen=True)
class Model:
    """What was measured. `sha256`: of the names and contents of the files of its folder."""

    description: str
    sha256: str
    threads: int


@dataclass(frozen=True)
class Effort:
    """How much was measured: see `dictation bench all --help`."""

    repetitions: int
    utterances: int
    seconds: float
    chunk_ms: int
    limit: int | None
    silence: float


@dataclass(frozen=True)
class ErrorRate:
    """Errors as a share of the `reference` words or characters."""

    rate: float | None
    reference: int


@dataclass(frozen=True)
class SetRates:
    """A set's error rates in one language or in all: of the last captions by size of chunk in ms,
    of CTC with the whole utterance, and of the finished text."""

    name: str
    spoken: str
    measure: str
    utterances: int
    captions: dict[int, ErrorRate]
    words: ErrorRate
    text: ErrorRate


Languages = dict[str, dict[str, int]]
"""How often each spoken language was taken for which."""


@dataclass(frozen=True)
class SetFacts:
    """The rest about a set: what languages were taken for, seconds of computing a second of sound,
    of captions by size of chunk, and for recordings in which nobody speaks the words that were made
    up, in final texts and in the last captions."""

    name: str
    utterances: int
    minutes: float
    languages: Languages
    final_factor: float
    captions_factors: dict[int, float]
    silent: int
    words_made_up: int
    words_captioned: dict[int, int]


@dataclass(frozen=True)
class LanguagesAt:
    """What languages the first `seconds` of recordings that are as long were taken for."""

    seconds: float
    languages: Languages


@dataclass(frozen=True)
class Choice:
    """A set's error rate where a setting of [recognition], "final" or "captions", is `choice`: of
    the final text, or of the last captions; seconds of computing a second of sound, and the mean
    runs of the decoder for a final text."""

    name: str
    setting: str
    choice: str
    utterances: int
    rate: ErrorRate
    factor: float
    decoder_passes: float


@dataclass(frozen=True)
class Names:
    """What a list of so many `names` changes in so many utterances: names said, written, and
    written where nobody said them."""

    listed: bool
    names: int
    utterances: int
    said: int
    written: int
    inserted: int
    error_rate: float | None


@dataclass(frozen=True)
class PrecisionChange:
    """A set's error rates in one precision, of CTC's words and of the finished text, and by how
    many points they differ from fp32's."""

    name: str
    precision: str
    words: ErrorRate
    text: ErrorRate
    words_change: float | None
    text_change: float | None


@dataclass(frozen=True)
class Record:
    """One run of `dictation bench all`; `date` is YYYY-MM-DD, UTC."""

    format: int
    date: str
    machine: Machine
    model: Model
    effort: Effort
    figures: tuple[Figure, ...]
    rates: tuple[SetRates, ...] = ()
    sets: tuple[SetFacts, ...] = ()
    names: tuple[Names, ...] = ()
    precisions: tuple[PrecisionChange, ...] = ()
    choices: tuple[Choice, ...] = ()
    languages_by_length: tuple[LanguagesAt, ...] = ()

    def figure(self, name: str) -> Figure | None:
        """Find a figure by name."""
        return next((each for each in self.figures if each.name == name), None)


_RECORDS = TypeAdapter(Record)


def read_record(path: Path) -> Record:
    """Read a file of `write_record`. Raises DictationError."""
    try:
        record = _RECORDS.validate_json(path.read_bytes())
    except OSError as error:
        raise DictationError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise DictationError(
            f"{path} is not of `dictation bench all`: {place}: {first['msg']}"
        ) from error
    if record.format != FORMAT:
        raise DictationError(f"{path} is of format {record.format}, not {FORMAT}: measure again")
    return record


def write_record(record: Record, path: Path) -> None:
    """Write a record. Raises DictationError."""
    try:
        path.write_bytes(_RECORDS.dump_json(record, indent=1) + b"\n")
    except OSError as error:
        raise DictationError(f"{path} cannot be written: {error.strerror}") from error


def folder_hash(folder: Path) -> str:
    """Hash the files of a model's folder but for its card, which quotes figures; or one file."""
    files: Sequence[Path] = [folder]
    if folder.is_dir():
        found = (each for each in folder.rglob("*") if each.is_file())
        files = sorted(each for each in found if each.suffix != ".md")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        digest.update(f"{file.name} {content}\n".encode())
    return digest.hexdigest()
