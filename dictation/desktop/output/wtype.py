"""Texts typed into Wayland windows by the wtype program.

Right in terminals; Chromium loses the first character and cuts emoji to 16 bits.
"""

import subprocess
import time
from collections.abc import Callable, Mapping

from dictation.desktop.focus import Window
from dictation.desktop.output.base import (
    Capabilities,
    DeliveryError,
    Receipt,
    RouteUnfitError,
    UndoError,
)
from dictation.desktop.output.chords import is_terminal

_SECONDS = 30.0


class WtypeTyping:
    """The route that types on Wayland.

    `trusts` says whether the settings name it for a window; others than terminals get nothing else.
    `variables` is the environment it runs in.
    """

    name = "wtype"
    capabilities = Capabilities()

    def __init__(
        self, trusts: Callable[[Window | None], bool], variables: Mapping[str, str]
    ) -> None:
        self._trusts = trusts
        self._variables = variables

    def show_partial(self, text: str, target: Window | None) -> None:
        """What is typed cannot be taken back, so partials are not."""

    def commit(self, text: str, target: Window | None) -> Receipt:
        """Type a text into whatever has the focus. Raises DeliveryError."""
        if not self._trusts(target) and not (target and is_terminal(target.wm_class)):
            raise RouteUnfitError("wtype is right for terminals only")
        started = time.monotonic()
        try:
            subprocess.run(
                ["wtype", "--", text],
                env=dict(self._variables),
                check=True,
                capture_output=True,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DeliveryError(f"wtype could not type the text: {error}") from error
        return Receipt(self.name, time.monotonic() - started)

    def undo_last(self) -> None:
        """A compositor does not tell what was typed since. Raises UndoError."""
        raise UndoError("on Wayland it cannot be seen whether something was typed since")

    def close(self) -> None:
        """Nothing is open."""
