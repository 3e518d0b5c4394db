"""Texts typed into X11 windows, for programs that take no paste."""

import time

from dictation.desktop.focus import Window
from dictation.desktop.output.base import Capabilities, Receipt
from dictation.desktop.output.desk import Tools, X11Desk


class XtestTyping:
    """The route that types. What it does happens in the desk's thread."""

    name = "xtest"
    capabilities = Capabilities(undo=True)

    def __init__(self, desk: X11Desk) -> None:
        self._desk = desk

    def show_partial(self, text: str, target: Window | None) -> None:
        """What is typed cannot be taken back, so partials are not."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Type a text into the target, which must have the focus. Raises DeliveryError."""
        started = time.monotonic()

        def type_(tools: Tools) -> None:
            tools.eraser.forget()
            window = tools.typist.type(text, target)
            tools.eraser.remember(text, window)

        self._desk.do(type_)
        return Receipt(self.name, time.monotonic() - started)

    def undo_last(self) -> None:
        """Take the last text away again. Raises UndoError."""
        self._desk.do(lambda tools: tools.eraser.erase())

    def close(self) -> None:
        """Finish what is under way."""
        self._desk.close()
