"""Texts typed into Windows programs by SendInput, as Unicode characters: no layout is involved.

Source: winuser.h and the documentation of SendInput and KEYBDINPUT. Never run on a real Windows.
"""

import ctypes
import time
from collections.abc import Sequence
from typing import Protocol

from dictation.desktop.focus import Window
from dictation.desktop.output.base import Capabilities, DeliveryError, Receipt, UndoError

_KEYBOARD_INPUT = 1
_KEY_UP, _UNICODE = 0x0002, 0x0004
_RETURN = 0x0D
_HELD_SECONDS = 10.0
_POLL_SECONDS = 0.02
_BATCH = 200
"""Events a call; some programs drop what comes faster than they read."""


class KeyboardInput(ctypes.Structure):
    """KEYBDINPUT."""

    _fields_ = (
        ("wVk", ctypes.c_uint16),
        ("wScan", ctypes.c_uint16),
        ("dwFlags", ctypes.c_uint32),
        ("time", ctypes.c_uint32),
        ("dwExtraInfo", ctypes.c_size_t),
    )


class Input(ctypes.Structure):
    """INPUT with a keyboard event; padded to the size of its largest member, MOUSEINPUT."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("ki", KeyboardInput),
        ("padding", ctypes.c_uint8 * 8),
    )


class User32(Protocol):
    """What is called of user32.dll."""

    def send(self, events: Sequence[Input]) -> int:
        """SendInput: how many events were taken."""
        ...

    def held(self, key: int) -> bool:
        """GetAsyncKeyState: whether a key is down."""
        ...


_MODIFIERS = (0x10, 0x11, 0x12, 0x5B, 0x5C)
"""VK_SHIFT, VK_CONTROL, VK_MENU, VK_LWIN, VK_RWIN."""


def events_for(text: str) -> list[Input]:
    """The presses and releases that give a text: a pair for each UTF-16 unit, Enter for a line."""
    events = []
    units = text.replace("\r\n", "\n").encode("utf-16-le")
    for at in range(0, len(units), 2):
        unit = int.from_bytes(units[at : at + 2], "little")
        enter = unit == 0x0A
        for up in (0, _KEY_UP):
            key = KeyboardInput(
                wVk=_RETURN if enter else 0,
                wScan=0 if enter else unit,
                dwFlags=up | (0 if enter else _UNICODE),
            )
            events.append(Input(type=_KEYBOARD_INPUT, ki=key))
    return events


class SendInputTyping:
    """The route that types on Windows."""

    name = "windows"
    capabilities = Capabilities()

    def __init__(self, user32: User32) -> None:
        self._user32 = user32

    def show_partial(self, text: str, target: Window | None) -> None:
        """What is typed cannot be taken back, so partials are not."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Type a text into whatever has the focus. Raises DeliveryError."""
        started = time.monotonic()
        while any(map(self._user32.held, _MODIFIERS)):
            if time.monotonic() - started > _HELD_SECONDS:
                raise DeliveryError("Ctrl, Alt, Shift or Win was held for too long")
            time.sleep(_POLL_SECONDS)
        events = events_for(text)
        for at in range(0, len(events), _BATCH):
            batch = events[at : at + _BATCH]
            if self._user32.send(batch) != len(batch):
                raise DeliveryError(
                    "Windows let only a part of the text through: a program that runs as "
                    "administrator takes keys from its like only"
                )
        return Receipt(self.name, time.monotonic() - started)

    def undo_last(self) -> None:
        """Windows does not tell what was typed since. Raises UndoError."""
        raise UndoError("on Windows it cannot be seen whether something was typed since")

    def close(self) -> None:
        """Nothing is open."""


class RealUser32:
    """user32.dll itself. Raises OSError where there is none."""

    def __init__(self) -> None:
        library = getattr(ctypes, "WinDLL", None)
        if library is None:
            raise OSError("this is not Windows")
        self._dll: ctypes.CDLL = library("user32", use_last_error=True)

    def send(self, events: Sequence[Input]) -> int:
        """SendInput."""
        block = (Input * len(events))(*events)
        return int(self._dll.SendInput(len(events), block, ctypes.sizeof(Input)))

    def held(self, key: int) -> bool:
        """GetAsyncKeyState."""
        return bool(self._dll.GetAsyncKeyState(key) & 0x8000)
