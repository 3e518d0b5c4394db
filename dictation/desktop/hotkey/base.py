"""What global keys are to the rest of the program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from dictation.errors import DictationError

Binding = Literal["dictate", "cancel", "undo", "language"]
"""What a key is for: cancel is taken from the other programs only while there is something to
cancel, the others always."""

Bindings = dict[Binding, str]
"""The chord of each binding that has one."""


class HotkeyUnknown(DictationError):  # noqa: N818 (named for what is the matter)
    """The configuration names a key that does not exist, or that this keyboard lacks."""


class HotkeyBusy(DictationError):  # noqa: N818 (named for what is the matter)
    """Another program has the key."""


class HotkeyUnavailable(DictationError):  # noqa: N818 (named for what is the matter)
    """This session offers no global keys."""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A binding's key goes down or up; each down is followed by one up.

    spoiled: before it came up, another key was pressed with a modifier that stands alone.
    """

    binding: Binding
    change: Literal["down", "up", "spoiled"]


Emit = Callable[[KeyEvent], None]


class Hotkeys(Protocol):
    """Keys that work whichever window has the focus; `emit` is called from a thread of theirs."""

    def start(self, emit: Emit) -> None:
        """Take the keys. Raises HotkeyUnknown, HotkeyBusy or HotkeyUnavailable."""
        ...

    def watch_cancel(self, watch: bool) -> None:
        """Take the key that cancels, or give it back; from any thread, does not wait."""
        ...

    def stop(self) -> None:
        """Give the keys back; one still held is reported as released."""
        ...


class NoHotkeys:
    """For a session that offers no global keys."""

    def start(self, emit: Emit) -> None:
        """Take nothing."""

    def watch_cancel(self, watch: bool) -> None:
        """Take nothing."""

    def stop(self) -> None:
        """Nothing to give back."""
