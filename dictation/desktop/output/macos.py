"""Texts into macOS programs: typed as Unicode by CGEvent, pasted into those that want it.

Source: the documentation of CGEvent.h (Quartz Event Services). Never run on a real macOS.
"""

import ctypes
import ctypes.util
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from dictation.desktop.focus import Window
from dictation.desktop.output.base import Capabilities, DeliveryError, Receipt, UndoError

_UNITS = 20
"""UTF-16 units that one event can carry."""

_V_KEY, _RETURN_KEY = 9, 36
_COMMAND = 1 << 20
_PASTING = ("electron", "code", "slack", "discord", "obsidian")
"""Programs that drop events with more than one character."""


class Quartz(Protocol):
    """What is called of ApplicationServices."""

    def type_units(self, units: bytes) -> None:
        """Press and release a key that carries these UTF-16 units."""
        ...

    def press(self, key: int, flags: int) -> None:
        """Press and release a key by its code, with modifiers."""
        ...


def chunks_of(text: str) -> Iterator[bytes]:
    """A text as UTF-16 in pieces that one event can carry; no character is cut in two."""
    piece = b""
    for character in text:
        units = character.encode("utf-16-le")
        if len(piece) + len(units) > 2 * _UNITS:
            yield piece
            piece = b""
        piece += units
    if piece:
        yield piece


class QuartzTyping:
    """The route of macOS; `copy` puts a text into the clipboard."""

    name = "macos"
    capabilities = Capabilities()

    def __init__(self, quartz: Quartz, copy: Callable[[str], None]) -> None:
        self._quartz = quartz
        self._copy = copy

    def show_partial(self, text: str, target: Window | None) -> None:
        """What is typed cannot be taken back, so partials are not."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Type or paste a text into whatever has the focus. Raises DeliveryError."""
        started = time.monotonic()
        name = target.wm_class.lower() if target else ""
        if any(each in name for each in _PASTING):
            self._copy(text)
            self._quartz.press(_V_KEY, _COMMAND)
        else:
            self._type(text)
        return Receipt(self.name, time.monotonic() - started)

    def undo_last(self) -> None:
        """macOS does not tell what was typed since. Raises UndoError."""
        raise UndoError("on macOS it cannot be seen whether something was typed since")

    def close(self) -> None:
        """Nothing is open."""

    def _type(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")):
            if number:
                self._quartz.press(_RETURN_KEY, 0)
            for units in chunks_of(line):
                self._quartz.type_units(units)


class RealQuartz:
    """ApplicationServices itself. Raises OSError where there is none."""

    def __init__(self) -> None:
        found = ctypes.util.find_library("ApplicationServices")
        if found is None:
            raise OSError("this is not macOS")
        self._services = ctypes.CDLL(found)
        self._services.CGEventCreateKeyboardEvent.restype = ctypes.c_void_p

    def type_units(self, units: bytes) -> None:
        """CGEventKeyboardSetUnicodeString on a key without a meaning of its own."""
        block = (ctypes.c_uint16 * (len(units) // 2)).from_buffer_copy(units)
        for down in (True, False):
            event = self._event(0, down=down)
            self._services.CGEventKeyboardSetUnicodeString(event, len(block), block)
            self._post(event)

    def press(self, key: int, flags: int) -> None:
        """A key by its code."""
        for down in (True, False):
            event = self._event(key, down=down)
            self._services.CGEventSetFlags(event, ctypes.c_uint64(flags))
            self._post(event)

    def _event(self, key: int, *, down: bool) -> ctypes.c_void_p:
        event = self._services.CGEventCreateKeyboardEvent(None, ctypes.c_uint16(key), down)
        if not event:
            raise DeliveryError(
                "macOS does not let Dictation press keys: allow it under Privacy & Security, "
                "Accessibility"
            )
        return ctypes.c_void_p(event)

    def _post(self, event: ctypes.c_void_p) -> None:
        self._services.CGEventPost(0, event)
        self._services.CFRelease(event)
