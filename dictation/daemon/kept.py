"""Texts that reached no window, where their owner finds them again."""

import os
from collections import deque
from datetime import datetime
from pathlib import Path

import platformdirs

from dictation.actions import Keep

_REMEMBERED = 20


def kept_file() -> Path:
    """The file that undelivered texts are added to."""
    return platformdirs.user_state_path("dictation") / "undelivered.txt"


class KeptTexts:
    """Remembers the newest undelivered texts and adds each to a file that only its owner reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._texts: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def texts(self) -> tuple[str, ...]:
        """The newest texts, oldest first."""
        return tuple(self._texts)

    def add(self, kept: Keep, when: datetime) -> None:
        """Keep a text. Raises OSError when the file cannot be written; it is remembered still."""
        self._texts.append(kept.text)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)  # it may have been there
            file.write(f"{when:%Y-%m-%d %H:%M:%S}  {kept.text}\n")
