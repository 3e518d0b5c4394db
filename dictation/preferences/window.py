"""`dictation settings`: every setting of config.toml in a window, and a page to try them on."""

import tkinter
from collections.abc import Callable, Mapping
from pathlib import Path
from tkinter import ttk

from dictation.config import ConfigError, Settings
from dictation.desktop.captions.appearance import prefers_dark
from dictation.desktop.environment import Environment
from dictation.errors import DictationError
from dictation.messages import interface_language, translator
from dictation.preferences.about import about_page
from dictation.preferences.file import save_settings
from dictation.preferences.form import FieldError, fields, value_of
from dictation.preferences.labels import SECTIONS
from dictation.preferences.pages import Page
from dictation.preferences.rows import Row, Suggest
from dictation.preferences.theme import DARK, LIGHT, Theme
from dictation.preferences.trial import Trial

TRIAL = "trial"
ABOUT = "about"
_SIZE = (880, 640)


class WindowError(DictationError):
    """The settings window cannot be opened."""


class SettingsWindow:
    """The window; `saved` is called with the new settings after they have been written.

    `suggest` offers values by key, such as the microphones. Raises WindowError without a display.
    """

    def __init__(
        self,
        env: Environment,
        path: Path,
        settings: Settings,
        suggest: Mapping[str, Suggest],
        saved: Callable[[Settings], str],
    ) -> None:
        try:
            self.root = tkinter.Tk(screenName=env.display, className="Dictation-settings")
        except tkinter.TclError as error:
            raise WindowError(f"the settings window cannot be opened: {error}") from error
        self._path = path
        self._settings = settings
        self._saved = saved
        self._translate = translator(interface_language(settings.interface.language, env.locale))
        wanted = settings.captions.theme
        dark = wanted == "dark" or (wanted == "auto" and prefers_dark(env))
        self.theme = Theme(self.root, DARK if dark else LIGHT, _scale(self.root, env))
        self.rows: dict[str, Row] = {}
        self._pages: dict[str, ttk.Frame] = {}
        self._shown = ""
        self._build(suggest)
        self.open(TRIAL)

    def run(self) -> None:
        """Show the window until it is closed."""
        self.root.mainloop()

    def open(self, page: str) -> None:
        """Show the page of a section, TRIAL or ABOUT. Raises WindowError when there is none."""
        if self._shown == page:
            return
        if page not in self._pages:
            raise WindowError(f"there is no page '{page}'; there are {', '.join(self._pages)}")
        if self._shown == TRIAL:
            self.trial.close()
        if self._shown:
            self._pages[self._shown].grid_remove()
        self._shown = page
        self._pages[page].grid()
        if self.side.selection() != (page,):
            self.side.selection_set(page)
            self.side.focus(page)
        if page == TRIAL:
            self.trial.open()

    def save(self) -> bool:
        """Write what was changed; says at the field what cannot be, and shows its page."""
        self._tell("")
        changes: dict[str, object] = {}
        wrong: list[Row] = []
        for key, row in self.rows.items():
            try:
                value = row.value()
            except FieldError:
                wrong.append(row)
                continue
            if value != value_of(self._settings, row.field):
                changes[key] = value
        if wrong:
            self._show_wrong(wrong[0])
            return False
        try:
            self._settings = save_settings(self._path, changes)
        except ConfigError as error:
            self._refused(error)
            return False
        self._tell(self._saved(self._settings) if changes else self._translate("Nothing to save"))
        return True

    def revert(self) -> None:
        """Put back what is in the file."""
        for row in self.rows.values():
            row.show(value_of(self._settings, row.field))
        self._tell("")

    def close(self) -> None:
        """Close the window."""
        if self._shown == TRIAL:
            self.trial.close()
        self.root.destroy()

    def _build(self, suggest: Mapping[str, Suggest]) -> None:
        root, theme = self.root, self.theme
        root.title(self._translate("Settings of Dictation"))
        width, height = (theme.px(each) for each in _SIZE)
        root.geometry(f"{min(width, root.winfo_screenwidth())}x"
                      f"{min(height, root.winfo_screenheight())}")  # fmt: skip
        root.minsize(theme.px(640), theme.px(420))
        root.columnconfigure(1, weight=1)
        root.rowconfigure(0, weight=1)
        root.protocol("WM_DELETE_WINDOW", self.close)
        root.bind("<Control-s>", lambda event: self.save())
        root.bind("<Escape>", lambda event: self.close())
        self._build_side()
        body = ttk.Frame(root, padding=(theme.px(28), theme.px(22), theme.px(12), 0))
        body.grid(row=0, column=1, sticky="nsew")
        body.columnconfigure(0, weight=1)
        body.rowconfigure(0, weight=1)
        self._build_pages(body, suggest)
        self._build_buttons()

    def _build_side(self) -> None:
        theme = self.theme
        frame = ttk.Frame(self.root, style="Side.TFrame")
        frame.grid(row=0, column=0, rowspan=2, sticky="ns")
        frame.rowconfigure(0, weight=1)
        self.side = ttk.Treeview(frame, show="tree", selectmode="browse", style="Side.Treeview")
        self.side.column("#0", width=theme.px(200))
        self.side.grid(sticky="ns", pady=theme.px(16))
        self.side.bind("<<TreeviewSelect>>", self._chosen)

    def _chosen(self, event: object) -> None:
        if selection := self.side.selection():
            self.open(selection[0])

    def _build_pages(self, body: ttk.Frame, suggest: Mapping[str, Suggest]) -> None:
        self._add_page(TRIAL, self._translate("Try it"))
        page = Page(body, self.theme, self._translate("Try it"))
        self.trial = Trial(
            page.inside, self.theme, self._translate, lambda: self.rows["audio.device"].text
        )
        self.trial.grid(sticky="ew")
        page.inside.columnconfigure(0, weight=1)
        page.inside.columnconfigure(1, weight=0)
        self._pages[TRIAL] = page
        pages: dict[str, Page] = {}
        for field in fields():
            if field.section not in pages:
                name = SECTIONS.get(field.section, field.section.capitalize())
                title = self._translate(name)
                self._add_page(field.section, title)
                pages[field.section] = Page(body, self.theme, title)
                self._pages[field.section] = pages[field.section]
            self.rows[field.key] = Row(
                pages[field.section].inside,
                field,
                value_of(self._settings, field),
                self.theme,
                self._translate,
                suggest.get(field.key),
            )
        self._add_page(ABOUT, self._translate("About Dictation"))
        self._pages[ABOUT] = about_page(body, self.theme, self._translate, self._path)
        for each in self._pages.values():
            each.grid(row=0, column=0, sticky="nsew")
            each.grid_remove()

    def _add_page(self, key: str, title: str) -> None:
        self.side.insert("", "end", iid=key, text=title)

    def _build_buttons(self) -> None:
        theme = self.theme
        bar = ttk.Frame(self.root, padding=(theme.px(28), theme.px(12), theme.px(28), theme.px(18)))
        bar.grid(row=1, column=1, sticky="ew")
        bar.columnconfigure(0, weight=1)
        self.message = ttk.Label(bar, style="Done.TLabel", wraplength=theme.px(360))
        self.message.grid(row=0, column=0, sticky="w")
        ttk.Button(bar, text=self._translate("Revert"), command=self.revert).grid(
            row=0, column=1, padx=theme.px(10)
        )
        ttk.Button(
            bar, text=self._translate("Save"), command=self.save, style="Accent.TButton"
        ).grid(row=0, column=2)

    def _show_wrong(self, row: Row) -> None:
        self.open(row.field.section)
        row.focus()
        self._tell(self._translate("Not saved"), failed=True)

    def _refused(self, error: ConfigError) -> None:
        row = self.rows.get(error.key or "")
        if row is None:
            self._tell(str(error), failed=True)
            return
        self._show_wrong(row)
        row.wrong(str(error).removeprefix(f"{self._path}: "))

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self.message.configure(text=text, style="Error.TLabel" if failed else "Done.TLabel")


def _scale(root: tkinter.Tk, env: Environment) -> float:
    """Pixels of this screen to one at 96 dots an inch, as the desktop has it set."""
    chosen = None
    if env.platform == "linux":
        from dictation.desktop.x11 import close_display, desktop_scale, open_display

        display = open_display(env.display)
        chosen = desktop_scale(display)
        close_display(display)
    return max(1.0, chosen or root.winfo_fpixels("1i") / 96)
