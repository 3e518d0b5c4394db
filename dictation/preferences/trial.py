"""The page to try things on: how loud the microphone is, and a box to dictate into."""

import tkinter
from collections.abc import Callable
from tkinter import ttk

from dictation.audio.level import SILENCE_DBFS, LevelMeter
from dictation.control.client import NotRunning, ask
from dictation.control.protocol import DaemonStatus, Name
from dictation.errors import DictationError
from dictation.messages import LANGUAGE_NAMES, Translate, message
from dictation.preferences.theme import Theme

_LEVEL_MS = 60
_STATUS_MS = 250
_PATIENCE_SECONDS = 1.0
_FLOOR_DBFS = -60.0
_QUIET_DBFS = -50.0
_LOUD_DBFS = -3.0
_BAR_HEIGHT = 14

_STATUSES = {
    "loading": message("Loading the model"),
    "idle": message("Ready"),
    "listening": message("Listening"),
    "speaking": message("Hearing you"),
    "finishing": message("Finishing"),
    "muted": message("Muted"),
    "error": message("Something is wrong"),
}


class Trial(ttk.Frame):
    """A meter of the microphone that is chosen in the form, and the running daemon at work.

    The text comes into the box as into any window: by the daemon's own delivery. `device` gives
    the microphone of the form. While the page is not shown, nothing is heard and nobody is asked.
    """

    def __init__(
        self, parent: ttk.Frame, theme: Theme, translate: Translate, device: Callable[[], str]
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._translate = translate
        self._device = device
        self._close_microphone: Callable[[], None] | None = None
        self._meter = LevelMeter(lambda samples, at: None)
        self._peak = SILENCE_DBFS
        self._timers: list[str] = []
        self._texts: int | None = None
        self.columnconfigure(0, weight=1)
        self._place_meter()
        self._place_box()

    def open(self) -> None:
        """The page is shown: listen, and ask the daemon how it does."""
        self._open_microphone()
        self._watch_level()
        self._watch_daemon()
        self.box.focus_set()

    def close(self) -> None:
        """The page is left."""
        for timer in self._timers:
            self.after_cancel(timer)
        self._timers.clear()
        if self._close_microphone is not None:
            self._close_microphone()
            self._close_microphone = None

    def _place_meter(self) -> None:
        theme, colours = self._theme, self._theme.palette
        ttk.Label(self, text=self._translate("Microphone level")).grid(sticky="w")
        self._bar = tkinter.Canvas(
            self, height=theme.px(_BAR_HEIGHT), background=colours.side, highlightthickness=0
        )
        self._bar.grid(sticky="ew", pady=(theme.px(8), theme.px(4)))
        self._level = self._bar.create_rectangle(0, 0, 0, 0, fill=colours.live, width=0)
        self._mark = self._bar.create_rectangle(0, 0, 0, 0, fill=colours.text, width=0)
        self._hint = ttk.Label(self, style="Help.TLabel", wraplength=theme.px(560))
        self._hint.grid(sticky="w")

    def _place_box(self) -> None:
        theme, colours = self._theme, self._theme.palette
        top = ttk.Frame(self)
        top.grid(sticky="ew", pady=(theme.px(26), theme.px(8)))
        top.columnconfigure(0, weight=1)
        ttk.Label(top, text=self._translate("Try it")).grid(row=0, column=0, sticky="w")
        self.start = ttk.Button(top, style="Accent.TButton", command=self._toggle)
        self.start.grid(row=0, column=1)
        self._name_button(active=False)
        self.box = tkinter.Text(
            self, height=7, wrap="word", font=theme.body, relief="flat", undo=True,
            background=colours.field, foreground=colours.text, insertbackground=colours.text,
            highlightthickness=1, highlightbackground=colours.edge, highlightcolor=colours.accent,
            padx=theme.px(12), pady=theme.px(10),
        )  # fmt: skip
        self.box.grid(sticky="ew")
        self.partial = ttk.Label(self, style="Partial.TLabel", wraplength=theme.px(560))
        self.final = ttk.Label(self, wraplength=theme.px(560))
        self.status = ttk.Label(self, style="Help.TLabel", wraplength=theme.px(560))
        for label in (self.status, self.partial, self.final):
            label.grid(sticky="w", pady=(theme.px(6), 0))

    def _open_microphone(self) -> None:
        from dictation.audio.capture import Microphone

        meter = LevelMeter(lambda samples, at: None)
        microphone = Microphone(self._device() or None, meter.hear, lambda reason: None)
        self._hint.configure(text="")
        try:
            microphone.open()
        except DictationError as error:
            self._hint.configure(text=str(error))
            return
        self._meter = meter
        self._peak = SILENCE_DBFS
        self._close_microphone = microphone.close

    def _watch_level(self) -> None:
        if self._close_microphone is not None:
            self._show_level(self._meter.level)
        self._later(_LEVEL_MS, self._watch_level)

    def _show_level(self, level: float) -> None:
        self._peak = max(level, self._peak - 0.7)
        width, height = self._bar.winfo_width(), self._bar.winfo_height()
        share = max(0.0, min(1.0, 1 - level / _FLOOR_DBFS))
        peak = max(0.0, min(1.0, 1 - self._peak / _FLOOR_DBFS))
        colours = self._theme.palette
        self._bar.itemconfigure(
            self._level, fill=colours.error if level > _LOUD_DBFS else colours.live
        )
        self._bar.coords(self._level, 0, 0, share * width, height)
        self._bar.coords(self._mark, peak * width - self._theme.px(2), 0, peak * width, height)
        self._hint.configure(text=self._translate(level_hint(self._peak)))

    def _watch_daemon(self) -> None:
        status = self._ask("status")
        if status is not None:
            self._show_status(status)
        self._later(_STATUS_MS, self._watch_daemon)

    def _show_status(self, status: DaemonStatus) -> None:
        translate = self._translate
        words = translate(_STATUSES.get(status.status, status.status))
        if status.language in LANGUAGE_NAMES:
            words += f" · {translate(LANGUAGE_NAMES[status.language])}"
        self.status.configure(text=words)
        self._name_button(active=status.status in ("listening", "speaking"))
        self.partial.configure(text=f"{status.caption} …" if status.caption else "")
        if self._texts is not None and status.utterances != self._texts and status.text:
            self.final.configure(text=translate("Finished: {text}").format(text=status.text))
        self._texts = status.utterances

    def _toggle(self) -> None:
        # The daemon delivers into whatever has the focus when it starts.
        self.box.focus_set()
        self.update_idletasks()
        status = self._ask("toggle")
        if status is not None:
            self._show_status(status)

    def _ask(self, command: Name) -> DaemonStatus | None:
        try:
            return ask(command, timeout=_PATIENCE_SECONDS)
        except NotRunning:
            self.status.configure(
                text=self._translate("Dictation is not running: start it with `dictation run`")
            )
            return None
        except DictationError as error:
            self.status.configure(text=str(error))
            return None

    def _name_button(self, *, active: bool) -> None:
        translate = self._translate
        name = translate("Stop dictation") if active else translate("Start dictation")
        self.start.configure(text=name)

    def _later(self, milliseconds: int, work: Callable[[], None]) -> None:
        self._timers = [*self._timers[-1:], self.after(milliseconds, work)]


def level_hint(peak: float) -> str:
    """What to make of the loudest sound of late (dBFS), in English."""
    if peak > _LOUD_DBFS:
        return message("Too loud: turn the microphone down a little")
    if peak < _QUIET_DBFS:
        return message("Hardly anything is heard: speak, or choose another microphone")
    return message("This is loud enough")
