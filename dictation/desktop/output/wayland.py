"""Texts into Wayland windows by pasting: the clipboard is ours, so a text is seen to be fetched."""

import threading
import time
from collections.abc import Mapping

from dictation.desktop.applications import rule_for
from dictation.desktop.focus import Window
from dictation.desktop.keys import KeySpec
from dictation.desktop.output.base import (
    Capabilities,
    DeliveryError,
    OutputSettings,
    Receipt,
    UndoError,
)
from dictation.desktop.output.chords import paste_rule
from dictation.desktop.output.wayland_desk import WaylandDesk
from dictation.desktop.output.wayland_keys import stroke
from dictation.desktop.output.wayland_wire import WaylandError

_TEXT_TYPES = (
    "text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "TEXT", "STRING",
)  # fmt: skip
_WATCHERS_SECONDS = 0.04
"""Clipboard managers read at once; what is read after that is read because of the chord."""

_SETTLE_AT_MOST_SECONDS = 3.0


class WaylandPaste:
    """The route that pastes; for compositors that let us own the clipboard and press keys."""

    name = "wayland"
    capabilities = Capabilities(verified=True)

    def __init__(self, desk: WaylandDesk, settings: OutputSettings) -> None:
        self._desk = desk
        self._settings = settings
        self._restoring: threading.Thread | None = None

    def show_partial(self, text: str, target: Window | None) -> None:
        """A paste shows nothing beforehand."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Paste a text into whatever has the focus. Raises DeliveryError when nobody fetches it."""
        if not text:
            return Receipt(self.name, 0.0)
        started = time.monotonic()
        self._await_restored()
        name = target.wm_class if target else ""
        own = rule_for(self._settings.applications, name).paste_keys
        try:
            self._paste(text, paste_rule(name, own).chord)
        except WaylandError as error:
            raise DeliveryError(str(error)) from error
        return Receipt(self.name, time.monotonic() - started)

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard. Raises DeliveryError."""
        self._await_restored()
        try:
            self._desk.own(_contents(text))
        except WaylandError as error:
            raise DeliveryError(str(error)) from error

    def undo_last(self) -> None:
        """A compositor does not tell what was typed since. Raises UndoError."""
        raise UndoError("on Wayland it cannot be seen whether something was typed since")

    def close(self) -> None:
        """Give the clipboard back and leave."""
        self._await_restored()
        self._desk.close()

    def _paste(self, text: str, chord: KeySpec) -> None:
        saved = self._desk.save()
        self._desk.own(_contents(text))
        self._desk.wait(lambda: False, _WATCHERS_SECONDS)
        pressed = time.monotonic()
        self._desk.press([stroke(chord)])
        fetched = self._desk.wait(
            lambda: any(at >= pressed for at in self._desk.readings()), self._settings.fetch_seconds
        )
        if not fetched:
            raise DeliveryError(
                "the window did not take the text; it is in the clipboard: paste it where you "
                "want it"
            )
        self._restoring = threading.Thread(target=self._restore, args=(saved,), name="clipboard")
        self._restoring.start()

    def _restore(self, saved: Mapping[str, bytes] | None) -> None:
        """Give the clipboard back once the window has stopped reading it."""
        settle = self._settings.settle_seconds
        enough = time.monotonic() + _SETTLE_AT_MOST_SECONDS
        while (now := time.monotonic()) < enough:
            last = max(self._desk.readings(), default=0.0)
            if now - last >= settle:
                break
            self._desk.wait(lambda: False, settle - (now - last))
        try:
            if not self._desk.owns():
                return  # somebody has copied something else meanwhile
            if saved is None:
                self._desk.release()
            else:
                self._desk.own(saved)
        except WaylandError:
            return  # the compositor has gone, and the clipboard with it

    def _await_restored(self) -> None:
        if self._restoring is not None:
            self._restoring.join()
            self._restoring = None


def _contents(text: str) -> dict[str, bytes]:
    return dict.fromkeys(_TEXT_TYPES, text.encode())
