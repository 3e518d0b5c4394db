"""The caption window: whether it can be shown here, and how."""

import importlib.util
from dataclasses import dataclass
from typing import Literal

from dictation.checks import Check
from dictation.desktop.captions.appearance import prefers_dark
from dictation.desktop.captions.base import (
    Captions,
    CaptionSettings,
    CaptionView,
    NoCaptions,
    Position,
    Stage,
    Theme,
)
from dictation.desktop.environment import Environment
from dictation.errors import DictationError

__all__ = [
    "CaptionSettings",
    "CaptionView",
    "Captions",
    "NoCaptions",
    "Position",
    "Stage",
    "Theme",
    "check_captions",
    "choose_captions",
    "open_captions",
]

_TKINTER = "sudo apt install python3-tk"


@dataclass(frozen=True, slots=True)
class CaptionsChoice:
    """Whether there is a caption window, and why."""

    kind: Literal["tk", "none"]
    reason: str
    remedy: str | None = None


def choose_captions(env: Environment, *, has_tkinter: bool) -> CaptionsChoice:
    """The kind of captions that a session allows."""
    if env.wayland:
        return CaptionsChoice(
            "none",
            "no captions on Wayland yet; the text arrives all the same",
            'bind a key to "dictation toggle" in your compositor, or use an X11 session',
        )
    if env.platform == "linux" and env.display is None:
        return CaptionsChoice("none", "there is no display", "start it in a desktop session")
    if not has_tkinter:
        return CaptionsChoice("none", "Python's tkinter is missing", _TKINTER)
    return CaptionsChoice("tk", "a window near the lower edge of the screen")


def open_captions(env: Environment, settings: CaptionSettings) -> Captions:
    """The caption window of this session; the main loop alone where there is none.

    Raises CaptionsError when the display refuses a window.
    """
    if choose_captions(env, has_tkinter=_has_tkinter()).kind == "none":
        return NoCaptions()
    from dictation.desktop.captions.tk import CaptionWindow

    dark = settings.theme == "dark" or (settings.theme == "auto" and prefers_dark(env))
    return CaptionWindow(env, settings, dark=dark)


def check_captions(env: Environment) -> Check:
    """Whether captions can be shown here; opens their window for a moment to find out."""
    choice = choose_captions(env, has_tkinter=_has_tkinter())
    if choice.kind == "none":
        return Check("captions", "warning", choice.reason, choice.remedy)
    try:
        open_captions(env, CaptionSettings(theme="dark")).close()
    except DictationError as error:
        return Check("captions", "warning", str(error), "start it in a desktop session")
    return Check("captions", "ok", choice.reason)


def _has_tkinter() -> bool:
    return importlib.util.find_spec("_tkinter") is not None
