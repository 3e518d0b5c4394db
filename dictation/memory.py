"""Memory that was freed and is still held."""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

_PILE_BYTES = 64_000_000
_STATM = Path("/proc/self/statm")


class Tidying:
    """Gives freed memory back to the system each time 64 MB more of it may have piled up.

    Utterances are of all lengths, and so are the pieces of memory that recognising them takes:
    glibc keeps hundreds of megabytes of gaps between them. Giving them back takes milliseconds, but
    to get them anew makes the next text later; so it is not done after each utterance. Does nothing
    where there is no glibc (malloc_trim(3)) or no /proc.
    """

    def __init__(self) -> None:
        self._trim = _malloc_trim()
        self._least: int | None = None

    def tidy(self) -> None:
        """To be called between utterances, by one thread."""
        if self._trim is None or not _STATM.exists():
            return
        if self._least is None or _own() > self._least + _PILE_BYTES:
            self._trim(0)
            self._least = _own()


def _malloc_trim() -> Callable[[int], int] | None:
    if os.name != "posix":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def _own() -> int:
    """Bytes in memory that belong to no file and to no other process (proc(5), statm)."""
    resident, shared = map(int, _STATM.read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")
