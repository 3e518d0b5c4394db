"""Texts into the clipboard only, where windows cannot be reached: the user pastes by hand."""

import time

from dictation.desktop.focus import Window
from dictation.desktop.output.base import DeliveryError, Receipt

CLIPBOARD_ROUTE = "clipboard"
"""The receipt's route that means: the user is to paste."""


class ClipboardCopy:
    """Leaves each text in the clipboard through pyperclip. Raises DeliveryError without one."""

    name = CLIPBOARD_ROUTE

    def deliver(self, text: str, target: Window | None) -> Receipt:
        """Copy the text; the target is not touched."""
        import pyperclip

        started = time.monotonic()
        try:
            pyperclip.copy(text)
        except (pyperclip.PyperclipException, OSError) as error:
            raise DeliveryError(
                "the text could not be put into the clipboard; install wl-clipboard (Wayland) "
                f"or xclip (X11): {str(error).strip().splitlines()[0]}"
            ) from error
        return Receipt(self.name, time.monotonic() - started)

    def close(self) -> None:
        """The last text stays in the clipboard."""
