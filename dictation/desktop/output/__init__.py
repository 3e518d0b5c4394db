"""The way of a text into a window: which route works here, and why."""

import shutil
from dataclasses import dataclass
from typing import Literal

from dictation.checks import Check
from dictation.desktop.environment import Environment
from dictation.desktop.output.base import (
    DeliveryError,
    FocusMovedError,
    Output,
    OutputSettings,
    Receipt,
)
from dictation.errors import DictationError

__all__ = [
    "DeliveryError",
    "FocusMovedError",
    "Output",
    "OutputSettings",
    "Receipt",
    "check_output",
    "choose_output",
    "open_output",
]


@dataclass(frozen=True, slots=True)
class OutputChoice:
    """Which route to use, and why."""

    kind: Literal["x11", "clipboard"]
    reason: str


def choose_output(env: Environment, settings: OutputSettings) -> OutputChoice:
    """The route that a session allows and the settings ask for."""
    if settings.route != "auto":
        return OutputChoice(settings.route, "set in the configuration")
    if env.x11:
        return OutputChoice("x11", f"paste on the X display {env.display}")
    if env.wayland:
        return OutputChoice("clipboard", "Wayland: the text is copied, you paste it")
    return OutputChoice("clipboard", "no way into windows here: the text is copied, you paste it")


def open_output(env: Environment, settings: OutputSettings) -> Output:
    """The output of this session. Raises DisplayError when its display cannot be opened."""
    if choose_output(env, settings).kind == "x11":
        from dictation.desktop.output.x11 import X11Paste

        return X11Paste(env.display, settings)
    from dictation.desktop.output.clipboard import ClipboardCopy

    return ClipboardCopy()


def check_output(env: Environment, settings: OutputSettings) -> Check:
    """Whether texts can be delivered here, and what to install where they cannot."""
    choice = choose_output(env, settings)
    if choice.kind == "x11":
        return _check_x11(env, choice)
    if env.platform != "linux":
        return Check("output", "ok", choice.reason)
    tool = "wl-copy" if env.wayland else "xclip"
    package = "wl-clipboard" if env.wayland else "xclip"
    if not env.wayland and env.display is None:
        return Check("output", "failed", "there is no display", "start it in a desktop session")
    if shutil.which(tool) is None:
        return Check("output", "failed", f"{tool} is missing", f"sudo apt install {package}")
    return Check("output", "warning", choice.reason)


def _check_x11(env: Environment, choice: OutputChoice) -> Check:
    from dictation.desktop.x11 import open_display

    try:
        display = open_display(env.display)
    except DictationError as error:
        return Check("output", "failed", str(error), "start it in a desktop session")
    has_xtest = display.has_extension("XTEST")
    display.close()
    if not has_xtest:
        return Check(
            "output",
            "failed",
            "the X server has no XTEST extension",
            "start it with +extension XTEST",
        )
    return Check("output", "ok", choice.reason)
