"""The root of every error that a user can cause or cure."""

import re
from collections.abc import Callable

_LONGEST = 1000
# C0 and C1 controls, line separators, and halves of characters.
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


class DictationError(Exception):
    """Something that a person can set right; the message names the cause and the way out.

    The command line prints the message as one line, without a traceback. It may quote a file that
    somebody made to deceive: it stays one line, of at most 1000 characters, and moves no cursor.
    """

    def __init__(self, message: str) -> None:
        if len(message) > _LONGEST:
            half = _LONGEST // 2
            message = f"{message[:half]} … {message[3 - half :]}"
        super().__init__(_UNPRINTABLE.sub(_escaped, message))

    def translated(self, translate: Callable[[str], str]) -> str:
        """The message in the user's language, where there is a translation of it."""
        return translate(str(self))


def _escaped(found: re.Match[str]) -> str:
    return " " if found[0] == "\n" else ascii(found[0])[1:-1]
