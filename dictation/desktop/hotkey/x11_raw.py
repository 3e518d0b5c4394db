"""Every press and release of a display's keys, whoever has the focus, and without autorepeat.

Source: the X Input Extension 2.1, "RawEvent". Autorepeat causes none. While a grab of ours holds,
the server sends us the ordinary events in their place.
"""

import struct
from dataclasses import dataclass

from Xlib import X
from Xlib.display import Display
from Xlib.ext import ge, xinput

from dictation.desktop.x11 import DisplayError

_VERSION = (2, 1)
"""The first that sends raw events although another client has grabbed the keyboard."""
_RAW_HEAD = struct.Struct("=HII")
"""The head of a raw event's data: device, time in ms, keycode."""


@dataclass(frozen=True, slots=True)
class KeyMove:
    """A key went down or came up."""

    code: int
    down: bool


def select_key_moves(display: Display) -> None:
    """Ask for them on this connection. Raises DisplayError where the server is too old."""
    if not _has_raw_events(display):
        raise DisplayError("global keys need an X server with XInput 2.1 (X.Org 1.11 of 2011)")
    mask = xinput.RawKeyPressMask | xinput.RawKeyReleaseMask
    display.screen().root.xinput_select_events([(xinput.AllMasterDevices, mask)])


def read_key_move(event: object) -> KeyMove | None:
    """What an event says of a key; None when it is of another kind."""
    kind = getattr(event, "type", None)
    if kind in (X.KeyPress, X.KeyRelease):
        return KeyMove(getattr(event, "detail", 0), kind == X.KeyPress)
    raw = getattr(event, "evtype", None)
    if kind == ge.GenericEventCode and raw in (xinput.RawKeyPress, xinput.RawKeyRelease):
        _, _, code = _RAW_HEAD.unpack_from(getattr(event, "data", b""))
        return KeyMove(code, raw == xinput.RawKeyPress)
    return None


def is_autorepeat(release: object, following: object) -> bool:
    """Whether a release is not one: autorepeat sends a press of the same time right after it.

    A true press, however soon, comes with a raw event between the two.
    """

    def of(event: object) -> tuple[int, int]:
        return getattr(event, "detail", 0), getattr(event, "time", 0)

    kinds = getattr(release, "type", None), getattr(following, "type", None)
    return kinds == (X.KeyRelease, X.KeyPress) and of(release) == of(following)


def _has_raw_events(display: Display) -> bool:
    if not display.has_extension(xinput.extname):
        return False
    # python-xlib's own query says 2.0, and would get the events of that version.
    reply = xinput.XIQueryVersion(
        display=display.display,
        opcode=display.display.get_extension_major(xinput.extname),
        major_version=_VERSION[0],
        minor_version=_VERSION[1],
    )
    return bool((reply.major_version, reply.minor_version) >= _VERSION)
