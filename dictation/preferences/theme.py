"""How the settings window looks: ttk's clam theme in our colours, with switches of our own."""

import base64
import io
import tkinter
from dataclasses import dataclass
from tkinter import font as tkfont
from tkinter import ttk

from PIL import Image, ImageDraw

from dictation.desktop.fonts import font_family

_SMOOTH = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a theme; contrast of text to its ground is at least 4.5 (WCAG AA)."""

    window: str
    side: str
    field: str
    edge: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    error: str
    off: str
    live: str


LIGHT = Palette(
    window="#ffffff", side="#f1f3f6", field="#ffffff", edge="#c5ccd6", text="#171a21",
    quiet="#56606f", accent="#2a64c9", on_accent="#ffffff", error="#b3261e", off="#b4bcc8",
    live="#23804a",
)  # fmt: skip
DARK = Palette(
    window="#1d2129", side="#16191f", field="#272c36", edge="#454d5b", text="#f0f2f6",
    quiet="#a3adbd", accent="#3f74d4", on_accent="#ffffff", error="#ff9a8f", off="#59616f",
    live="#4cc38a",
)  # fmt: skip


class Theme:
    """The styles of one window; keeps what Tk would forget: fonts and pictures."""

    def __init__(self, root: tkinter.Tk, palette: Palette, scale: float) -> None:
        self.palette = palette
        self._scale = scale
        family = font_family(root)
        self.body = tkfont.Font(root, family=family, size=-self.px(14))
        self.small = tkfont.Font(root, family=family, size=-self.px(12))
        self.title = tkfont.Font(root, family=family, size=-self.px(20), weight="bold")
        self._switches = {on: self._switch(root, on=on) for on in (False, True)}
        root.configure(background=palette.window)
        root.option_add("*TCombobox*Listbox.font", self.body)
        root.option_add("*TCombobox*Listbox.background", palette.field)
        root.option_add("*TCombobox*Listbox.foreground", palette.text)
        root.option_add("*TCombobox*Listbox.selectBackground", palette.accent)
        root.option_add("*TCombobox*Listbox.selectForeground", palette.on_accent)
        self._define(ttk.Style(root))

    def px(self, value: float) -> int:
        """Pixels of this screen for pixels at 96 dots an inch."""
        return round(value * self._scale)

    def _define(self, style: ttk.Style) -> None:
        colours = self.palette
        style.theme_use("clam")
        style.configure(
            ".", background=colours.window, foreground=colours.text, font=self.body,
            bordercolor=colours.edge, lightcolor=colours.field, darkcolor=colours.field,
            troughcolor=colours.side, focuscolor=colours.accent, insertcolor=colours.text,
            selectbackground=colours.accent, selectforeground=colours.on_accent,
        )  # fmt: skip
        style.configure("Side.TFrame", background=colours.side)
        style.configure("Title.TLabel", font=self.title)
        style.configure("Help.TLabel", foreground=colours.quiet, font=self.small)
        style.configure("Error.TLabel", foreground=colours.error, font=self.small)
        style.configure("Partial.TLabel", foreground=colours.quiet)
        style.configure("Done.TLabel", foreground=colours.live)
        for kind in ("TEntry", "TCombobox", "TSpinbox"):
            style.configure(
                kind, fieldbackground=colours.field, background=colours.field,
                foreground=colours.text, arrowcolor=colours.text, padding=self.px(6),
                arrowsize=self.px(13),
            )  # fmt: skip
            style.map(
                kind,
                bordercolor=[("focus", colours.accent)],
                lightcolor=[("focus", colours.accent)],
                fieldbackground=[("readonly", colours.field)],
                foreground=[("readonly", colours.text)],
                background=[("active", colours.side)],
                selectbackground=[("readonly", colours.field)],
                selectforeground=[("readonly", colours.text)],
            )
            wrong = f"Wrong.{kind}"
            style.configure(wrong, bordercolor=colours.error, lightcolor=colours.error)
            style.map(wrong, bordercolor=[], lightcolor=[])
        padding = (self.px(16), self.px(7))
        style.configure("TButton", padding=padding, background=colours.side, relief="flat")
        style.map("TButton", background=[("active", colours.edge)])
        style.configure(
            "Accent.TButton", background=colours.accent, foreground=colours.on_accent,
            bordercolor=colours.accent, lightcolor=colours.accent, darkcolor=colours.accent,
        )  # fmt: skip
        style.map(
            "Accent.TButton",
            background=[("disabled", colours.off), ("active", colours.text)],
            foreground=[("active", colours.window)],
        )
        style.configure(
            "Side.Treeview", background=colours.side, fieldbackground=colours.side,
            foreground=colours.text, borderwidth=0, rowheight=self.px(32), font=self.body,
            bordercolor=colours.side, lightcolor=colours.side,
        )  # fmt: skip
        style.layout("Side.Treeview", [("Treeview.treearea", {"sticky": "nswe"})])
        style.layout(
            "Side.Treeview.Item",
            [("Treeitem.padding", {"children": [("Treeitem.text", {})], "sticky": "nswe"})],
        )
        style.configure("Side.Treeview.Item", padding=(self.px(14), 0))
        style.map(
            "Side.Treeview",
            background=[("selected", colours.accent)],
            foreground=[("selected", colours.on_accent)],
        )
        style.configure(
            "Vertical.TScrollbar", background=colours.edge, bordercolor=colours.window,
            troughcolor=colours.window, lightcolor=colours.edge, darkcolor=colours.edge,
            arrowsize=self.px(10), gripcount=0,
        )  # fmt: skip
        thumb = ("Vertical.Scrollbar.thumb", {"expand": True})
        trough = ("Vertical.Scrollbar.trough", {"children": [thumb], "sticky": "ns"})
        style.layout("Vertical.TScrollbar", [trough])  # type: ignore[list-item]
        self._define_switch(style)

    def _define_switch(self, style: ttk.Style) -> None:
        if "Switch.indicator" not in style.element_names():
            style.element_create(
                "Switch.indicator", "image", str(self._switches[False]),
                ("selected", str(self._switches[True])), sticky="w",
            )  # fmt: skip
        indicator = ("Switch.indicator", {"side": "left"})
        focus = ("Checkbutton.focus", {"children": [indicator]})
        style.layout("Switch.TCheckbutton", [("Checkbutton.padding", {"children": [focus]})])  # type: ignore[list-item]
        style.configure("Switch.TCheckbutton", padding=self.px(2))
        style.map("Switch.TCheckbutton", background=[("active", self.palette.window)])

    def _switch(self, root: tkinter.Tk, *, on: bool) -> tkinter.PhotoImage:
        """A switch's picture; the place of its knob says the same as its colour."""
        width, height = self.px(40) * _SMOOTH, self.px(22) * _SMOOTH
        ground = self.palette.accent if on else self.palette.off
        picture = Image.new("RGB", (width, height), self.palette.window)
        draw = ImageDraw.Draw(picture)
        draw.rounded_rectangle((0, 0, width - 1, height - 1), height / 2, fill=ground)
        inset = self.px(3) * _SMOOTH
        left = width - height + inset if on else inset
        draw.ellipse((left, inset, left + height - 2 * inset, height - inset), fill="#ffffff")
        small = picture.resize((self.px(40), self.px(22)), Image.Resampling.LANCZOS)
        written = io.BytesIO()
        small.save(written, "PNG")
        return tkinter.PhotoImage(master=root, data=base64.b64encode(written.getvalue()))
