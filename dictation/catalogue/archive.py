"""Unpacking an archive nobody vouches for."""

import gzip
import io
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from dictation.errors import DictationError

_MEMBERS = 1000
_BLOCK = 1 << 18
# Weights hardly shrink: what grows to more than this was made to fill a disk.
_GROWTH = 3
_ALLOWANCE = 16 << 20


class ArchiveError(DictationError):
    """An archive is damaged or holds what no model needs; the message names both."""


class _Counted(io.RawIOBase):
    """An unpacked stream that ends in an error beyond `limit` bytes."""

    def __init__(self, path: Path, stream: gzip.GzipFile, limit: int) -> None:
        self._path = path
        self._stream = stream
        self._limit = limit
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(_BLOCK if size < 0 else size)
        self._left -= len(block)
        if self._left < 0:
            raise ArchiveError(f"{self._path}: unpacks to more than {self._limit / 1e6:.0f} MB")
        return block

    def readable(self) -> bool:
        return True


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz of plain files and folders into `folder`, which must not be there yet.

    Links, devices, sparse files, paths that are absolute or lead out of the folder, more than 1000
    entries, and what grows to more than three times the archive are refused, before anything of
    that entry is written. Raises ArchiveError; `folder` is then to be thrown away.
    """
    limit = _GROWTH * archive.stat().st_size + _ALLOWANCE
    folder.mkdir(parents=True)
    try:
        with gzip.open(archive) as stream:
            counted = _Counted(archive, stream, limit)
            with tarfile.open(fileobj=counted, mode="r|") as tar:
                for number, member in enumerate(tar, start=1):
                    if number > _MEMBERS:
                        raise ArchiveError(f"{archive}: more than {_MEMBERS} entries")
                    _unpack_member(archive, tar, member, folder, limit)
            while counted.read(_BLOCK):
                pass  # To the end, where the checksum is.
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        # ValueError: a name or a number that is none, in a header of some dialect of tar.
        reason = str(error) or type(error).__name__
        raise ArchiveError(f"{archive}: a damaged archive, or none ({reason})") from error


def _unpack_member(
    archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, limit: int
) -> None:
    name = PurePosixPath(member.name)
    shown = ascii(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name or ":" in member.name:
        raise ArchiveError(f"{archive}: {shown} leads out of its folder")
    path = folder.joinpath(*name.parts)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    if not member.isreg() or member.issparse():
        raise ArchiveError(f"{archive}: {shown} is a {_kind(member)}, no file")
    if member.size > limit:
        raise ArchiveError(f"{archive}: {shown} unpacks to more than {limit / 1e6:.0f} MB")
    if member.size > (free := shutil.disk_usage(folder).free):
        raise ArchiveError(
            f"{archive}: {shown} needs {member.size / 1e6:.0f} MB, {free / 1e6:.0f} MB are free"
        )
    source = tar.extractfile(member)
    assert source is not None  # It is for links and devices only.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with source, path.open("xb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())
    except (FileExistsError, NotADirectoryError) as error:
        raise ArchiveError(f"{archive}: {shown} is there twice") from error


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym():
        return "symbolic link"
    if member.islnk():
        return "hard link"
    return "sparse file" if member.issparse() else "device"
