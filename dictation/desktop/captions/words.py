"""What a caption says, whatever it is drawn with."""

from dictation.desktop.captions.base import CaptionView, Stage
from dictation.messages import LANGUAGE_NAMES, message, translator

_SPEAK = message("Speak now")
_STAGES: dict[Stage, str] = {
    "listening": message("Listening"),
    "partial": message("Hearing you"),
    "finishing": message("Finishing"),
    "final": message("Done"),
    "error": message("Something is wrong"),
}


def status_text(view: CaptionView) -> str:
    """How far along it is."""
    return translator(view.interface_language)(_STAGES[view.stage])


def pill_text(view: CaptionView) -> str:
    """The name of the language, empty while there is none."""
    if view.language is None:
        return ""
    return translator(view.interface_language)(LANGUAGE_NAMES[view.language])


def split_text(view: CaptionView) -> tuple[str, str, bool]:
    """The settled words, the unsettled ones, and whether they only invite to speak."""
    if not view.text and view.stage == "listening":
        return translator(view.interface_language)(_SPEAK), "", True
    return view.text.removesuffix(view.unstable), view.unstable, False
