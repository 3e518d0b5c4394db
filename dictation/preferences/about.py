"""The page about the program."""

from importlib.metadata import version
from pathlib import Path
from tkinter import ttk

from dictation.messages import Translate
from dictation.preferences.pages import Page
from dictation.preferences.theme import Theme


def about_page(parent: ttk.Frame, theme: Theme, translate: Translate, settings_file: Path) -> Page:
    """What the program is, which one this is, and where it keeps its settings."""
    page = Page(parent, theme, translate("About Dictation"))
    rows = (
        (translate("Version"), version("dictation")),
        (translate("Licence"), "Apache-2.0"),
        (translate("Your settings"), str(settings_file)),
    )
    wrap = theme.px(560)
    ttk.Label(
        page.inside,
        text=translate(
            "Press a key, speak Mandarin, English or both in one sentence, and find the text in "
            "the window you work in. Everything runs on this computer: nothing leaves it."
        ),
        wraplength=wrap,
    ).grid(columnspan=2, sticky="w", pady=(0, theme.px(18)))
    for label, value in rows:
        row = page.inside.grid_size()[1]
        ttk.Label(page.inside, text=label, style="Help.TLabel").grid(
            row=row, column=0, sticky="nw", pady=theme.px(5)
        )
        ttk.Label(page.inside, text=value, wraplength=theme.px(330)).grid(
            row=row, column=1, sticky="w", pady=theme.px(5)
        )
    return page
