"""A page of the settings window: a title, and what scrolls below it."""

import tkinter
from tkinter import ttk

from dictation.preferences.theme import Theme


class Page(ttk.Frame):
    """Put things into `inside`; where they are higher than the window, the page scrolls.

    It follows the keyboard: what gets the focus comes into sight.
    """

    def __init__(self, parent: ttk.Frame, theme: Theme, title: str) -> None:
        super().__init__(parent)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        ttk.Label(self, text=title, style="Title.TLabel").grid(sticky="w", pady=(0, theme.px(14)))
        self._canvas = tkinter.Canvas(
            self, background=theme.palette.window, highlightthickness=0, borderwidth=0
        )
        self._canvas.grid(row=1, column=0, sticky="nsew")
        self._bar = ttk.Scrollbar(self, command=self._canvas.yview)
        self._bar.grid(row=1, column=1, sticky="ns", padx=(theme.px(6), 0))
        self._canvas.configure(yscrollcommand=self._scrolled)
        self.inside = ttk.Frame(self._canvas, padding=(theme.px(2), 0, theme.px(10), theme.px(10)))
        self.inside.columnconfigure(0, minsize=theme.px(254))
        self.inside.columnconfigure(1, weight=1)
        held = self._canvas.create_window(0, 0, anchor="nw", window=self.inside)
        self._canvas.bind(
            "<Configure>", lambda event: self._canvas.itemconfigure(held, width=event.width)
        )
        self.inside.bind(
            "<Configure>",
            lambda event: self._canvas.configure(scrollregion=self._canvas.bbox("all")),
        )
        top = self.winfo_toplevel()
        top.bind("<Button-4>", lambda event: self._wheel(-1), add=True)
        top.bind("<Button-5>", lambda event: self._wheel(1), add=True)
        top.bind("<FocusIn>", self._follow, add=True)

    def _scrolled(self, first: float | str, last: float | str) -> None:
        self._bar.set(first, last)
        if float(first) <= 0 and float(last) >= 1:
            self._bar.grid_remove()
        else:
            self._bar.grid()

    def _wheel(self, lines: int) -> None:
        if self.winfo_ismapped() and self._canvas.yview() != (0.0, 1.0):
            self._canvas.yview_scroll(3 * lines, "units")

    def _follow(self, event: "tkinter.Event[tkinter.Misc]") -> None:
        if not self.winfo_ismapped() or not str(event.widget).startswith(str(self.inside)):
            return
        top = event.widget.winfo_rooty() - self.inside.winfo_rooty()
        bottom, height = top + event.widget.winfo_height(), self.inside.winfo_height()
        first = self._canvas.canvasy(0)
        shown = self._canvas.winfo_height()
        if top < first:
            self._canvas.yview_moveto(max(0, top - 20) / height)
        elif bottom > first + shown:
            self._canvas.yview_moveto((bottom + 20 - shown) / height)
