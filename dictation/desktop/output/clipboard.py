"""Texts into the clipboard only, where windows cannot be reached: the user pastes by hand."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

from dictation.desktop.focus import Window
from dictation.desktop.output.base import (
    CLIPBOARD_ROUTE,
    Capabilities,
    DeliveryError,
    Receipt,
    UndoError,
)

_PATIENCE_SECONDS = 5.0


class ClipboardCopy:
    """Leaves each text in the clipboard; `copy` raises DeliveryError where there is none."""

    name = CLIPBOARD_ROUTE
    capabilities = Capabilities()

    def __init__(
        self, copy: Callable[[str], None], close: Callable[[], None] | None = None
    ) -> None:
        self.copy = copy
        self._close = close

    def show_partial(self, text: str, target: Window | None) -> None:
        """A clipboard shows nothing."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Copy the text; the target is not touched."""
        started = time.monotonic()
        self.copy(text)
        return Receipt(self.name, time.monotonic() - started)

    def undo_last(self) -> None:
        """What the user has pasted is the user's. Raises UndoError."""
        raise UndoError("the text was copied, and where it was pasted is not known")

    def close(self) -> None:
        """The last text stays in the clipboard."""
        if self._close is not None:
            self._close()


def copy_with_program(text: str) -> None:
    """Copy by the program or the system call of the platform. Raises DeliveryError."""
    try:
        if sys.platform == "linux":
            _run(_program(os.environ), text)
        else:
            _call_platform(text)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeliveryError(
            "the text could not be put into the clipboard; install wl-clipboard (Wayland) "
            f"or xclip (X11): {error}"
        ) from error


def _program(variables: Mapping[str, str]) -> list[str]:
    if variables.get("WAYLAND_DISPLAY"):
        return ["wl-copy"]
    return ["xclip", "-selection", "clipboard"]


def _run(command: list[str], text: str) -> None:
    # The program lives on while it owns the clipboard: a pipe it inherited would stay open, and
    # whoever reads that would wait for its end.
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=said,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise OSError(lines[0] if lines else f"{command[0]} ended with {done.returncode}")


def _call_platform(text: str) -> None:
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException as error:
        raise OSError(str(error).strip().splitlines()[0]) from error
