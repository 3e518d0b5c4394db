"""The caption window: whether it can be shown here, and how."""

import importlib.util
import logging
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
_LAYER_SHELL = "sudo apt install python3-gi python3-gi-cairo gir1.2-gtklayershell-0.1"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptionsChoice:
    """Whether there is a caption, of which kind, and why."""

    kind: Literal["tk", "wayland", "none"]
    reason: str
    remedy: str | None = None


def choose_captions(env: Environment, *, has_tkinter: bool) -> CaptionsChoice:
    """The kind of captions that a session allows."""
    if env.wayland:
        return CaptionsChoice("wayland", "a layer of the compositor, else a notification")
    if env.platform == "linux" and env.display is None:
        return CaptionsChoice("none", "there is no display", "start it in a desktop session")
    if not has_tkinter:
        return CaptionsChoice("none", "Python's tkinter is missing", _TKINTER)
    return CaptionsChoice("tk", "a window above the others")


def open_captions(env: Environment, settings: CaptionSettings) -> Captions:
    """The caption of this session; the main loop alone where there is none.

    Raises CaptionsError when an X display refuses a window.
    """
    choice = choose_captions(env, has_tkinter=_has_tkinter())
    if choice.kind == "none":
        return NoCaptions()
    dark = settings.theme == "dark" or (settings.theme == "auto" and prefers_dark(env))
    if choice.kind == "wayland":
        try:
            return _open_on_wayland(env, settings, dark=dark)
        except DictationError as error:
            _log.warning("no captions: %s", error)
            return NoCaptions()
    from dictation.desktop.captions.tk import CaptionWindow

    return CaptionWindow(env, settings, dark=dark)


def _open_on_wayland(env: Environment, settings: CaptionSettings, *, dark: bool) -> Captions:
    """A layer of the compositor, or else a notification. Raises DictationError without both."""
    from dictation.desktop.captions.layer_shell import LayerShellCaptions, LayerShellError
    from dictation.desktop.captions.notification import NotificationCaptions, NotificationError

    try:
        return LayerShellCaptions(env, settings, dark=dark)
    except LayerShellError as error:
        if env.session_bus is None:
            raise
        try:
            return NotificationCaptions(env.session_bus)
        except NotificationError as other:
            raise LayerShellError(f"{error}; {other}") from other


def check_captions(env: Environment) -> Check:
    """Whether captions can be shown here; opens them for a moment to find out."""
    choice = choose_captions(env, has_tkinter=_has_tkinter())
    if choice.kind == "none":
        return Check("captions", "warning", choice.reason, choice.remedy)
    settings = CaptionSettings(theme="dark")
    try:
        if choice.kind == "wayland":
            captions = _open_on_wayland(env, settings, dark=True)
        else:
            captions = open_captions(env, settings)
    except DictationError as error:
        remedy = _LAYER_SHELL if choice.kind == "wayland" else "start it in a desktop session"
        return Check("captions", "warning", str(error), remedy)
    captions.close()
    kinds = {
        "LayerShellCaptions": "a layer of the compositor",
        "NotificationCaptions": "a notification",
    }
    return Check("captions", "ok", kinds.get(type(captions).__name__, choice.reason))


def _has_tkinter() -> bool:
    return importlib.util.find_spec("_tkinter") is not None
