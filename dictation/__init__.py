"""Local, private, streaming dictation for Mandarin, English and both in one sentence.

The public API is `load_model`, `Recognizer` and `RecognitionStream`; torch is imported when one of
them is first asked for.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dictation.recognizer import RecognitionStream, Recognizer

__all__ = ["RecognitionStream", "Recognizer", "load_model"]


def load_model(
    name: str | Path = "starter", *, device: str = "auto", precision: str = "auto"
) -> "Recognizer":
    """Load a model that comes with Dictation, by its name, or any model folder.

    Raises AssetError or ModelError, both DictationError.
    """
    from dictation.assets import model_folder
    from dictation.recognizer import Recognizer

    return Recognizer.load(model_folder(str(name)), device=device, precision=precision)


def __getattr__(name: str) -> object:
    if name in ("RecognitionStream", "Recognizer"):
        from dictation import recognizer

        return getattr(recognizer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
