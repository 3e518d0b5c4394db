"""What the caption window is to the rest of the program."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from dictation.events import Language
from dictation.messages import InterfaceLanguage

Stage = Literal["listening", "partial", "finishing", "final", "error"]
Theme = Literal["auto", "dark", "light"]
Position = Literal["bottom", "top"]


@dataclass(frozen=True, slots=True)
class CaptionView:
    """What the caption shows: the words so far, their language, and how far along they are.

    `unstable` is the end of `text` that may still change.
    """

    text: str = ""
    unstable: str = ""
    language: Language | None = None
    stage: Stage = "listening"
    interface_language: InterfaceLanguage = "en"


@dataclass(frozen=True, slots=True)
class CaptionSettings:
    """How captions look; `font_size` and `width` are in pixels at 96 dots an inch.

    `monitor`: "focus" (the one of the focused window), "pointer", "primary", or a monitor's name;
    `lines`: as many of the newest are shown.
    """

    theme: Theme = "auto"
    position: Position = "bottom"
    monitor: str = "focus"
    font_size: int = 22
    width: int = 760
    lines: int = 3


class Captions(Protocol):
    """The caption window and the main loop that comes with it; for the main thread only."""

    kind: str
    """What the caption is, for people."""

    @property
    def moving(self) -> bool:
        """Whether the main loop must go on although nothing is to be shown: a card fades."""
        ...

    def meter(self, level: float, seconds: float) -> None:
        """Show how loud it is (dBFS) and how long it has been listened (seconds)."""
        ...

    def show(self, view: CaptionView) -> None:
        """Show a view, or replace the one that is shown."""
        ...

    def hide(self) -> None:
        """Take the caption off the screen, fading where the screen can."""
        ...

    def run(self, poll: Callable[[], None], interval_ms: int) -> None:
        """Call `poll` again and again until `stop`; what it raises ends the loop and goes on."""
        ...

    def stop(self) -> None:
        """End `run`; may be called from `poll`."""
        ...

    def close(self) -> None:
        """Free the window."""
        ...


class NoCaptions:
    """The main loop alone, where captions are off or there is nothing to show them on."""

    kind = "none"
    moving = False

    def __init__(self) -> None:
        self._stopped = Event()

    def meter(self, level: float, seconds: float) -> None:
        """Show nothing."""

    def show(self, view: CaptionView) -> None:
        """Show nothing."""

    def hide(self) -> None:
        """Nothing is shown."""

    def run(self, poll: Callable[[], None], interval_ms: int) -> None:
        """Call `poll` again and again until `stop`."""
        self._stopped.clear()
        while not self._stopped.is_set():
            poll()
            self._stopped.wait(interval_ms / 1000)

    def stop(self) -> None:
        """End `run`; may be called from any thread."""
        self._stopped.set()

    def close(self) -> None:
        """Nothing to free."""
