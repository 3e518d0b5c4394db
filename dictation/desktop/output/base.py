"""What the way of a text into a window is to the rest of the program."""

from dataclasses import dataclass
from typing import Literal, Protocol

from dictation.desktop.applications import ApplicationRule
from dictation.desktop.focus import Window
from dictation.desktop.keys import KeySpec
from dictation.errors import DictationError

RouteName = Literal[
    "ibus", "x11", "xtest", "wayland", "wtype", "portal", "windows", "macos", "clipboard"
]
FocusPolicy = Literal["hold", "follow", "clipboard"]

CLIPBOARD_ROUTE: RouteName = "clipboard"
"""The receipt's route that means: the user is to paste."""


class DeliveryError(DictationError):
    """The text did not arrive; the message says where it is now."""


class FocusMovedError(DeliveryError):
    """Another window than the one spoken to has the focus; nothing was sent to it."""


class ProtectedFieldError(DeliveryError):
    """A password field has the focus; nothing was sent to it."""


class RouteUnfitError(DeliveryError):
    """This route cannot serve what has the focus now; nothing was touched, another may try."""


class NotArrivedError(DeliveryError):
    """The route saw that its text is not there; another may try once."""


class UndoError(DictationError):
    """The text was left where it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A text that has arrived: by which route, and after how many seconds."""

    route: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a route can do: show partials at the cursor, see a text arrive, take it back."""

    partials: bool = False
    verified: bool = False
    undo: bool = False


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """How texts are delivered.

    `own_keys`: keys that control dictation itself, which change no text; `held_seconds`: how long
    to wait for the user to let go of Ctrl and the like; `fetch_seconds`: how long a window may take
    to fetch the text; `settle_seconds`: how long it must then leave the clipboard alone before the
    old one is back. (Chromium asks a dozen times for one paste, and drops it when the clipboard
    changes in between.)
    """

    route: str = "auto"
    preedit: bool = True
    trailing_space: bool = False
    on_focus_change: FocusPolicy = "hold"
    terminal_newlines: Literal["space", "keep"] = "space"
    passwords: bool = False
    applications: tuple[ApplicationRule, ...] = ()
    own_keys: tuple[KeySpec, ...] = ()
    held_seconds: float = 10.0
    fetch_seconds: float = 3.0
    settle_seconds: float = 0.5


class Route(Protocol):
    """One way for texts into windows; used by one thread at a time."""

    @property
    def name(self) -> str:
        """The route, as it is named in receipts and in the settings."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do for whatever has the focus now."""
        ...

    def show_partial(self, text: str, target: Window | None) -> None:
        """Show a text at the cursor that is not there yet; "" takes it away. Never raises."""
        ...

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Put the text into the window (None: whichever has the focus). Raises DeliveryError."""
        ...

    def undo_last(self) -> None:
        """Take the text of the last commit away again. Raises UndoError."""
        ...

    def close(self) -> None:
        """Finish what is under way and leave the user's clipboard and input as they were."""
        ...


class Output(Route, Protocol):
    """The routes of a session behind one face, and the clipboard for what the user asks for."""

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard. Raises DeliveryError."""
        ...
