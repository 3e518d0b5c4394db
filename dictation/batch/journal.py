"""What is done of a file that is not finished, so that the same command goes on from there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter, ValidationError

from dictation.batch.outputs import cannot_write
from dictation.transcription import Segment

_SEGMENT = TypeAdapter(Segment)


@dataclass(frozen=True, slots=True)
class Origin:
    """What the segments were made of and how; another one makes them worthless."""

    source: str
    size: int
    modified: int
    settings: str


def origin_of(source: Path, settings: str) -> Origin:
    """The origin of a file as it is now. Raises OSError."""
    status = source.stat()
    return Origin(str(source.absolute()), status.st_size, status.st_mtime_ns, settings)


class Journal:
    """A file of JSON lines: the origin, then the segments as they are found.

    Begins with what an earlier run has kept of the same origin. Raises OutputError.
    """

    def __init__(self, path: Path, origin: Origin) -> None:
        self._path = path
        self.segments = _segments(path, origin)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer: what a full disk refuses is not tried again when it is closed.
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise cannot_write(path, error) from error
        self._write(asdict(origin), *map(asdict, self.segments))

    def __enter__(self) -> Self:
        """Is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what is in it stays for the next time."""
        self._file.close()

    def add(self, segment: Segment) -> None:
        """Keep a segment. Raises OutputError."""
        self.segments.append(segment)
        self._write(asdict(segment))

    def _write(self, *lines: dict[str, object]) -> None:
        try:
            for line in lines:
                rest = (json.dumps(line, ensure_ascii=False) + "\n").encode()
                while rest:
                    rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise cannot_write(self._path, error) from error


def _segments(path: Path, origin: Origin) -> list[Segment]:
    """What an earlier run has found, up to the first line that is not whole."""
    segments: list[Segment] = []
    try:
        first, *lines = path.read_text(encoding="utf-8").splitlines()
        if json.loads(first) != asdict(origin):
            return []
        for line in lines:
            segments.append(_SEGMENT.validate_json(line))
    except (OSError, ValueError, ValidationError):
        return segments
    return segments
