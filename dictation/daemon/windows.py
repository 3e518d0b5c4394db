"""Opens the settings window: a process of its own, so that the daemon stays small."""

import subprocess
import sys
from collections.abc import Sequence


class SettingsOpener:
    """One window at a time; `arguments` come after `dictation settings`."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self._arguments = tuple(arguments)
        self._window: subprocess.Popen[bytes] | None = None

    def open(self, page: str) -> None:
        """Open the window at a page, unless it is open already."""
        if self._window is not None and self._window.poll() is None:
            return
        self._window = subprocess.Popen(
            [sys.executable, "-m", "dictation", "settings", "--page", page, *self._arguments],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
