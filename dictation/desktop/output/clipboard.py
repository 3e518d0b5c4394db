"""Texts into the clipboard only, where windows cannot be reached: the user pastes by hand."""

import time
from collections.abc import Callable

from dictation.desktop.focus import Window
from dictation.desktop.output.base import (
    CLIPBOARD_ROUTE,
    Capabilities,
    DeliveryError,
    Receipt,
    UndoError,
)


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


def copy_with_pyperclip(text: str) -> None:
    """Copy by the program or the system call of the platform. Raises DeliveryError."""
    import pyperclip

    try:
        pyperclip.copy(text)
    except (pyperclip.PyperclipException, OSError) as error:
        raise DeliveryError(
            "the text could not be put into the clipboard; install wl-clipboard (Wayland) "
            f"or xclip (X11): {str(error).strip().splitlines()[0]}"
        ) from error
