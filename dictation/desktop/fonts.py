"""The font of our own windows: one that has both Chinese and Latin letters."""

import tkinter
from tkinter import font as tkfont

_FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei UI",
    "PingFang SC",
    "Droid Sans Fallback",
)


def font_family(root: tkinter.Tk) -> str:
    """The first of the fitting fonts that is installed; Tk's own where none is."""
    families = set(tkfont.families(root))
    return next((name for name in _FAMILIES if name in families), "TkDefaultFont")
