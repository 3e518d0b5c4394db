"""A folder that is looked at until a new file in it is complete.

Looking every second works on every system and on network folders, where the kernel tells nothing
of what other computers write; a look costs one `stat` a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dictation.batch.finding import Found, files_below

LOOK_SECONDS = 1.0
SETTLE_SECONDS = 5.0
"""A file is complete when it has not changed for so long."""


@dataclass(frozen=True, slots=True)
class Look:
    """What can be seen of a file without opening it."""

    size: int
    modified: int


@dataclass(slots=True)
class Watch:
    """Remembers since when each file has looked as it does; `now` is a clock in seconds."""

    settle: float = SETTLE_SECONDS
    _since: dict[Path, tuple[Look, float]] = field(default_factory=dict)
    _given: dict[Path, Look] = field(default_factory=dict)

    def complete(self, files: Mapping[Path, Look], now: float) -> list[Path]:
        """The files that have become complete: each once, and again when it was changed later."""
        self._since = {path: seen for path, seen in self._since.items() if path in files}
        ready = []
        for path, look in files.items():
            known, since = self._since.get(path, (None, now))
            if known != look:
                since = now
            self._since[path] = (look, since)
            if look.size > 0 and now - since >= self.settle and self._given.get(path) != look:
                self._given[path] = look
                ready.append(path)
        return ready


def looks(folder: Path) -> dict[Found, Look]:
    """The audio and video files in a folder now, and how they look."""
    seen = {}
    for found in files_below(folder):
        try:
            status = found.path.stat()
        except OSError:
            continue  # taken away since
        seen[found] = Look(status.st_size, status.st_mtime_ns)
    return seen
