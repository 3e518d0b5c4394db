"""Texts into X11 windows by pasting: the selection is ours, so a text is seen to be fetched."""

import time

from dictation.desktop.focus import Window
from dictation.desktop.output.base import Capabilities, Receipt
from dictation.desktop.output.desk import Tools, X11Desk


class X11Paste:
    """The route that pastes. What it does happens in the desk's thread."""

    name = "x11"
    capabilities = Capabilities(verified=True, undo=True)

    def __init__(self, desk: X11Desk) -> None:
        self._desk = desk

    def show_partial(self, text: str, target: Window | None) -> None:
        """A paste shows nothing beforehand."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Paste a text into the target, which must have the focus (None: whatever has it).

        Returns when the target has read the text; the old clipboard is back shortly after. Raises
        DeliveryError, FocusMovedError when another window has the focus, and NotArrivedError when
        the window has seen the chord but does not want the text.
        """
        if not text:
            return Receipt(self.name, 0.0)
        started = time.monotonic()
        pasted: list[Window] = []

        def paste(tools: Tools) -> str:
            tools.eraser.forget()
            route, window = tools.paster.paste(text, target)
            tools.eraser.remember(text, window)
            pasted.append(window)
            return route

        route = self._desk.do(paste, lambda tools: tools.paster.restore_when_settled(pasted[0].id))
        return Receipt(route, time.monotonic() - started)

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard. Raises DeliveryError."""
        self._desk.do(lambda tools: tools.paster.copy(text))

    def undo_last(self) -> None:
        """Take the last text away again. Raises UndoError."""
        self._desk.do(lambda tools: tools.eraser.erase())

    def close(self) -> None:
        """Finish the delivery under way and hand the user's clipboard on."""
        self._desk.close()
