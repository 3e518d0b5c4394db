"""Opens what audio is read from: a path, or a binary stream such as standard input."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from dictation.audio.errors import AudioFileError

_HEAD = 12


def named(source: Path | BinaryIO) -> str:
    """Return the words that stand for the source in a message."""
    if isinstance(source, Path):
        return str(source)
    name = getattr(source, "name", None)
    if not isinstance(name, str):
        return "The audio"
    return "Standard input" if name == "<stdin>" else name


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source that is open: its name in messages, its bytes, and whether they begin as MP4."""

    name: str
    stream: IO[bytes]
    is_mp4: bool


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[OpenSource]:
    """Open the source for reading; a stream that was passed in stays open afterwards.

    MP4 keeps its index at the end, so an MP4 on a pipe goes through a temporary file (deleted
    when done); all else is decoded as it arrives. Raises AudioFileError for what cannot be opened
    or is empty.
    """
    name = named(source)
    if not isinstance(source, Path):
        with _readable(source, name) as stream:
            yield stream
        return
    try:
        file = source.open("rb")
    except FileNotFoundError as cause:
        raise AudioFileError("{0} does not exist: check the path", name) from cause
    except IsADirectoryError as cause:
        raise AudioFileError("{0} is a folder without audio or video files", name) from cause
    except PermissionError as cause:
        raise AudioFileError(
            "{0} may not be read: 'chmod u+r' lets its owner read it", name
        ) from cause
    except OSError as cause:
        raise AudioFileError(
            "{0} cannot be opened: {1}; check the path", name, cause.strerror or ""
        ) from cause
    with file, _readable(file, name) as stream:
        yield stream


@contextmanager
def _readable(stream: BinaryIO, name: str) -> Iterator[OpenSource]:
    start = stream.tell() if stream.seekable() else None
    head = stream.read(_HEAD)
    if not head:
        raise AudioFileError("{0} is empty: record or copy it again", name)
    is_mp4 = head[4:8] == b"ftyp"
    if start is not None:
        stream.seek(start)
        yield OpenSource(name, stream, is_mp4)
    elif is_mp4:
        with tempfile.TemporaryFile() as copy:
            copy.write(head)
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield OpenSource(name, copy, is_mp4)
    else:
        yield OpenSource(name, io.BufferedReader(_Rejoined(head, stream)), is_mp4)


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes were read already, whole again."""

    def __init__(self, head: bytes, tail: BinaryIO) -> None:
        self._head = head
        self._tail = tail

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        data = self._head[: len(buffer)] or self._tail.read(len(buffer))
        self._head = self._head[len(data) :] if self._head else b""
        buffer[: len(data)] = data
        return len(data)
