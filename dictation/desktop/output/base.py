"""What the way of a text into a window is to the rest of the program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from dictation.desktop.focus import Window
from dictation.errors import DictationError

Route = Literal["auto", "x11", "clipboard"]


class DeliveryError(DictationError):
    """The text did not arrive; the message says where it is now."""


class FocusMovedError(DeliveryError):
    """Another window than the one spoken to has the focus; nothing was sent to it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A text that has arrived: by which route, and after how many seconds."""

    route: str
    seconds: float


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """How texts are delivered.

    `chords`: window class to the chord that pastes there, for programs we do not know;
    `held_seconds`: how long to wait for the user to let go of Ctrl and the like; `fetch_seconds`:
    how long a window may take to fetch the text; `settle_seconds`: how long it must then leave
    the clipboard alone before the old one is back. (Chromium asks a dozen times for one paste, and
    drops it when the clipboard changes in between.)
    """

    route: Route = "auto"
    chords: Mapping[str, str] = field(default_factory=dict)
    held_seconds: float = 10.0
    fetch_seconds: float = 3.0
    settle_seconds: float = 0.5


class Output(Protocol):
    """A way for texts into windows; used by one thread at a time."""

    @property
    def name(self) -> str:
        """The route, as it is named in receipts."""
        ...

    def deliver(self, text: str, target: Window | None) -> Receipt:
        """Put the text into the window (None: whichever has the focus). Raises DeliveryError."""
        ...

    def close(self) -> None:
        """Finish what is under way and leave the user's clipboard as it was found."""
        ...
