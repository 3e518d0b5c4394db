"""What a global dictation key is to the rest of the program."""

from collections.abc import Callable
from typing import Protocol

from dictation.errors import DictationError


class HotkeyUnknown(DictationError):  # noqa: N818 (named for what is the matter)
    """The configuration names a key that does not exist, or that this keyboard lacks."""


class HotkeyBusy(DictationError):  # noqa: N818 (named for what is the matter)
    """Another program has the key."""


class HotkeyUnavailable(DictationError):  # noqa: N818 (named for what is the matter)
    """This session offers no global keys."""


class Hotkey(Protocol):
    """A key that works whichever window has the focus.

    The callbacks come from a thread of the key's own; each press is followed by one release.
    """

    def start(self, on_press: Callable[[], None], on_release: Callable[[], None]) -> None:
        """Take the key. Raises HotkeyUnknown or HotkeyBusy."""
        ...

    def stop(self) -> None:
        """Give the key back; a key still held is reported as released."""
        ...
