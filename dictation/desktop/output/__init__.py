"""The way of a text into a window: which routes work here, and why."""

from dictation.desktop.output.base import (
    CLIPBOARD_ROUTE,
    DeliveryError,
    FocusMovedError,
    Output,
    OutputSettings,
    Receipt,
    UndoError,
)
from dictation.desktop.output.opening import check_output, open_output

__all__ = [
    "CLIPBOARD_ROUTE",
    "DeliveryError",
    "FocusMovedError",
    "Output",
    "OutputSettings",
    "Receipt",
    "UndoError",
    "check_output",
    "open_output",
]
