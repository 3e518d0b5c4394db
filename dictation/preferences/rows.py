"""One setting in the window: its label and help, the control that fits it, and what is wrong."""

import tkinter
from collections.abc import Callable, Sequence
from tkinter import ttk

from dictation.messages import Translate
from dictation.preferences.form import Field, FieldError, read, shown
from dictation.preferences.labels import choice_label, label_of
from dictation.preferences.theme import Theme

_CHARACTERS = 34
_MODIFIERS = ((0x4, "Ctrl"), (0x8, "Alt"), (0x1, "Shift"), (0x40, "Super"))
_MODIFIER_KEYS = ("Control_", "Alt_", "Shift_", "Super_", "Meta_", "ISO_Level")

Suggest = Callable[[], Sequence[str]]


class Row:
    """A setting as a row of a grid with two columns; what it holds is text until `value` reads it.

    `suggest` gives what to offer for a text that may also be anything else.
    """

    def __init__(
        self,
        parent: ttk.Frame,
        field: Field,
        value: object,
        theme: Theme,
        translate: Translate,
        suggest: Suggest | None = None,
    ) -> None:
        self.field = field
        self._translate = translate
        self._theme = theme
        self._labels = {
            str(choice): choice_label(field.key, choice, translate) for choice in field.choices
        }
        self._variable = tkinter.StringVar(parent)
        self._place(parent, suggest)
        self.show(value)

    def show(self, value: object) -> None:
        """Put a value into the control; nothing is wrong with it then."""
        text = shown(self.field, value)
        if isinstance(self._control, tkinter.Text):
            self._control.delete("1.0", "end")
            self._control.insert("1.0", text)
        else:
            self._variable.set(self._labels.get(text, text))
        self.wrong("")

    def value(self) -> object:
        """What is set. Raises FieldError, and says so at the control, when it cannot be."""
        try:
            value = read(self.field, self.text, self._translate)
        except FieldError as error:
            self.wrong(str(error))
            raise
        self.wrong("")
        return value

    @property
    def text(self) -> str:
        """What stands in the control, a choice by its value."""
        if isinstance(self._control, tkinter.Text):
            return self._control.get("1.0", "end").strip()
        label = self._variable.get()
        return next((key for key, name in self._labels.items() if name == label), label)

    def wrong(self, what: str) -> None:
        """Say at the control what is wrong with it; nothing when empty."""
        self._error.configure(text=what)
        if what:
            self._error.grid()
        else:
            self._error.grid_remove()
        if self._style:
            self._control["style"] = f"Wrong.{self._style}" if what else self._style

    def focus(self) -> None:
        """Put the cursor into the control."""
        self._control.focus_set()

    def _place(self, parent: ttk.Frame, suggest: Suggest | None) -> None:
        theme = self._theme
        row = parent.grid_size()[1]
        label, note = label_of(self.field.key)
        left = ttk.Frame(parent)
        left.grid(row=row, column=0, sticky="nw", pady=theme.px(9), padx=(0, theme.px(24)))
        wrap = theme.px(230)
        ttk.Label(left, text=self._translate(label), wraplength=wrap).pack(anchor="w")
        if note:
            ttk.Label(left, text=self._translate(note), style="Help.TLabel", wraplength=wrap).pack(
                anchor="w", pady=(theme.px(2), 0)
            )
        right = ttk.Frame(parent)
        right.grid(row=row, column=1, sticky="new", pady=theme.px(6))
        right.columnconfigure(0, weight=1)
        self._style = ""
        self._control = self._make(right, suggest)
        self._control.grid(row=0, column=0, sticky="ew" if self._fills else "w")
        self._error = ttk.Label(right, style="Error.TLabel", wraplength=theme.px(330))
        self._error.grid(row=1, column=0, sticky="w", pady=(theme.px(3), 0))

    @property
    def _fills(self) -> bool:
        return self.field.kind in ("choice", "text", "chord", "toml")

    def _make(self, parent: ttk.Frame, suggest: Suggest | None) -> ttk.Widget | tkinter.Text:
        field = self.field
        if field.kind == "switch":
            return ttk.Checkbutton(
                parent, variable=self._variable, onvalue="True", offvalue="False",
                style="Switch.TCheckbutton",
            )  # fmt: skip
        if field.kind == "toml":
            return self._text_area(parent)
        if field.kind == "choice" or suggest is not None:
            return self._combobox(parent, suggest)
        if field.kind in ("whole", "number") and field.low is not None and field.high is not None:
            self._style = "TSpinbox"
            whole = field.kind == "whole"
            return ttk.Spinbox(
                parent, textvariable=self._variable, from_=field.low, to=field.high, width=9,
                increment=1 if whole else 0.1, format="%.0f" if whole else "%.1f",
                style=self._style, font=self._theme.body,
            )  # fmt: skip
        self._style = "TEntry"
        if field.kind == "chord":
            record = ttk.Button(parent, text=self._translate("Press it"))
            record.configure(command=lambda: self._record(record))
            record.grid(row=0, column=1, padx=(self._theme.px(8), 0))
        return ttk.Entry(
            parent, textvariable=self._variable, width=_CHARACTERS, style=self._style,
            font=self._theme.body,
        )  # fmt: skip

    def _combobox(self, parent: ttk.Frame, suggest: Suggest | None) -> ttk.Combobox:
        self._style = "TCombobox"
        box = ttk.Combobox(
            parent, textvariable=self._variable, width=_CHARACTERS, style=self._style,
            font=self._theme.body, values=list(self._labels.values()),
            state="readonly" if suggest is None else "normal",
        )  # fmt: skip
        if suggest is not None:
            box.configure(postcommand=lambda: box.configure(values=list(suggest())))
        # The wheel is for the page.
        box.bind("<MouseWheel>", lambda event: "break")
        box.bind("<<ComboboxSelected>>", lambda event: box.selection_clear())
        return box

    def _text_area(self, parent: ttk.Frame) -> tkinter.Text:
        colours = self._theme.palette
        area = tkinter.Text(
            parent, height=3, width=_CHARACTERS, font=self._theme.body, wrap="word", relief="flat",
            background=colours.field, foreground=colours.text, insertbackground=colours.text,
            highlightthickness=1, highlightbackground=colours.edge, highlightcolor=colours.accent,
            padx=self._theme.px(6), pady=self._theme.px(6),
        )  # fmt: skip
        area.bind("<Tab>", lambda event: _go(area.tk_focusNext()))
        area.bind("<Shift-Tab>", lambda event: _go(area.tk_focusPrev()))
        return area

    def _record(self, button: ttk.Button) -> None:
        """Take the next keys that are pressed as the chord; Escape leaves it as it was."""
        button.configure(text=self._translate("Press the keys now"))
        button.focus_set()

        def pressed(event: "tkinter.Event[tkinter.Misc]") -> str:
            if event.keysym.startswith(_MODIFIER_KEYS):
                return "break"
            if event.keysym != "Escape":
                self._variable.set(chord_of(event.keysym, int(event.state)))
            finish()
            return "break"

        def finish() -> None:
            button.unbind("<KeyPress>")
            button.unbind("<FocusOut>")
            button.configure(text=self._translate("Press it"))

        button.bind("<KeyPress>", pressed)
        button.bind("<FocusOut>", lambda event: finish())


def chord_of(keysym: str, state: int) -> str:
    """A key event of Tk as the settings write it: "Ctrl+Alt+space"."""
    held = [name for bit, name in _MODIFIERS if state & bit]
    return "+".join((*held, keysym))


def _go(widget: tkinter.Misc | None) -> str:
    if widget is not None:
        widget.focus_set()
    return "break"
