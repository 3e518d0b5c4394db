"""What can go wrong with sound and be set right by a person."""

from collections.abc import Callable

from dictation.errors import DictationError


class AudioFileError(DictationError):
    """A file that no sound can be had from; the message names the file and the way out.

    `message` has {0}, {1}, ... where `values` go, the name of the file first.
    """

    def __init__(self, message: str, *values: str) -> None:
        super().__init__(message.format(*values))
        self._message, self._values = message, values

    def __reduce__(self) -> tuple[type["AudioFileError"], tuple[str, ...]]:
        return type(self), (self._message, *self._values)

    def translated(self, translate: Callable[[str], str]) -> str:
        """The message in the user's language; values are as they were."""
        return str(DictationError(translate(self._message).format(*self._values)))


class AudioDeviceError(DictationError):
    """A microphone that cannot be used; the message names devices or what to install."""
