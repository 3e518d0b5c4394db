"""What is done of a file that is not finished, so that the same command goes on from there."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

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

    Goes on after what an earlier run has kept of the same origin; one without a segment is not
    left behind. Raises OutputError.
    """

    def __init__(self, path: Path, origin: Origin) -> None:
        self._path = path
        self.segments, kept = _kept(path, origin)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer: what a full disk refuses is not tried again when it is closed.
            self._file = path.open("ab", buffering=0)
            self._file.truncate(kept)
        except OSError as error:
            raise cannot_write(path, error) from error
        if not kept:
            self._write(asdict(origin))

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
        if not self.segments:
            self._path.unlink(missing_ok=True)

    def add(self, segment: Segment) -> None:
        """Keep a segment. Raises OutputError."""
        self._write(asdict(segment))
        self.segments.append(segment)

    def _write(self, line: dict[str, object]) -> None:
        rest = (json.dumps(line, ensure_ascii=False) + "\n").encode()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise cannot_write(self._path, error) from error


def _kept(path: Path, origin: Origin) -> tuple[list[Segment], int]:
    """What an earlier run has found, up to the first line that is not whole, and its bytes."""
    segments: list[Segment] = []
    size = 0
    try:
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or (not size and json.loads(line) != asdict(origin)):
                break
            if size:
                segments.append(_SEGMENT.validate_json(line))
            size += len(line)
    except (OSError, ValueError):  # ValidationError too
        pass
    return segments, size
