"""The caption window on X11 (and Windows, macOS), drawn with Tk; for the main thread only.

It has no frame, stays on top, lets clicks through and never gets the focus: the window manager
does not manage it (override-redirect), and its input shape is empty on every window up to the root.
"""

import tkinter
from collections.abc import Callable
from tkinter import font as tkfont
from types import TracebackType

from dictation.desktop.captions.base import CaptionSettings, CaptionView, Stage
from dictation.desktop.captions.layout import (
    Box,
    displayable,
    last_lines,
    monitor_at,
    place,
    wrap,
)
from dictation.desktop.captions.look import DARK, LIGHT, Card, draw_card
from dictation.desktop.captions.overlay import Overlay, open_overlay
from dictation.desktop.environment import Environment
from dictation.errors import DictationError
from dictation.messages import LANGUAGE_NAMES, message, translator

_FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei UI",
    "PingFang SC",
    "Droid Sans Fallback",
)
_SPEAK = message("Speak now")
_STAGES: dict[Stage, str] = {
    "listening": message("Listening"),
    "partial": message("Hearing you"),
    "finishing": message("Finishing"),
    "final": message("Done"),
    "error": message("Something is wrong"),
}
_WIDEST = 760
_PADDING = 22
_HEADER = 22
_GAP = 10
_RADIUS = 16
_MARGIN = 64


class CaptionsError(DictationError):
    """The caption window cannot be opened."""


class CaptionWindow:
    """A card with the words so far. Raises CaptionsError when there is no display for it."""

    def __init__(self, env: Environment, settings: CaptionSettings, *, dark: bool) -> None:
        try:
            self._root = tkinter.Tk(screenName=env.display, className="Dictation")
        except tkinter.TclError as error:
            raise CaptionsError(f"captions cannot be shown: {error}") from error
        self._settings = settings
        self._palette = DARK if dark else LIGHT
        self._root.withdraw()
        self._root.overrideredirect(True)
        self._root.attributes("-topmost", True)
        self._root.report_callback_exception = self._failed
        self._canvas = tkinter.Canvas(
            self._root, highlightthickness=0, borderwidth=0, background=self._palette.card
        )
        self._canvas.pack(fill="both", expand=True)
        # Tk measures in points of the screen's resolution; a card is laid out in its pixels.
        self._scale = max(1.0, self._root.winfo_fpixels("1i") / 96)
        families = set(tkfont.families(self._root))
        family = next((name for name in _FAMILIES if name in families), "TkDefaultFont")
        self._font = tkfont.Font(self._root, family=family, size=-self._px(settings.font_size))
        self._small = tkfont.Font(self._root, family=family, size=-self._px(14))
        self._pill_font = tkfont.Font(self._root, family=family, size=-self._px(13), weight="bold")
        self._picture: tkinter.PhotoImage | None = None
        self._drawn: CaptionView | None = None
        self._visible = False
        self._monitor: Box | None = None
        self._card: Card | None = None
        self._error: BaseException | None = None
        self._overlay: Overlay | None = open_overlay(env, self._root.winfo_id())

    def show(self, view: CaptionView) -> None:
        """Show a view on the monitor where the user works."""
        if not self._visible:
            self._monitor = self._find_monitor()
        changed = view != self._drawn or not self._visible
        if changed:
            self._draw(view)
            self._drawn = view
        if not self._visible:
            self._root.deiconify()
            self._visible = True
        self._root.lift()
        self._root.update_idletasks()
        if changed and self._overlay is not None and self._card is not None:
            # Asking for something makes Tk send what it has held back; the shape comes after it.
            self._root.winfo_pointerx()
            self._overlay.shape(self._card.width, self._card.height, self._card.radius)

    def hide(self) -> None:
        """Take the caption off the screen."""
        if self._visible:
            self._root.withdraw()
            self._root.update_idletasks()
            self._visible = False

    def run(self, poll: Callable[[], None], interval_ms: int) -> None:
        """Run Tk's main loop and call `poll` in it until `stop`; what it raises goes on."""

        def again() -> None:
            poll()
            self._timer = self._root.after(interval_ms, again)

        self._error = None
        self._timer = self._root.after(0, again)
        self._root.mainloop()
        self._root.after_cancel(self._timer)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End `run`; may be called from `poll`."""
        self._root.quit()

    def close(self) -> None:
        """Free the window."""
        if self._overlay is not None:
            self._overlay.close()
        self._root.destroy()

    def _failed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._error = error
        self._root.quit()

    def _px(self, value: float) -> int:
        return round(value * self._scale)

    def _draw(self, view: CaptionView) -> None:
        monitor = self._monitor or self._screen()
        width = min(self._px(_WIDEST), monitor.width - self._px(32))
        padding, header = self._px(_PADDING), self._px(_HEADER)
        room = width - 2 * padding
        waiting = not view.text and view.stage == "listening"
        words = translator(view.interface_language)(_SPEAK) if waiting else displayable(view.text)
        lines = wrap(words, self._font.measure, room)
        shown, cut = last_lines(lines, self._settings.lines)
        step = round(self._font.metrics("linespace") * 1.04)
        # The card does not jump when the first word comes: one line is always there.
        height = padding + header + self._px(_GAP) + step * max(1, len(shown)) + padding
        middle = padding + header // 2
        name = self._language_name(view)
        pill = self._pill(name, width - padding, middle) if name else None
        card = Card(
            width, height, self._px(_RADIUS), (padding + self._px(5), middle, self._px(5)), pill
        )
        self._paint(card, view)
        self._write_header(card, view, name)
        top = padding + header + self._px(_GAP)
        colour = self._palette.error if view.stage == "error" else self._palette.text
        for number, line in enumerate(shown):
            # What has scrolled away is hinted at by the paler first line.
            pale = waiting or (cut and number == 0)
            self._canvas.create_text(
                padding, top + number * step, anchor="nw", text=line, font=self._font,
                fill=self._palette.quiet if pale else colour,
            )  # fmt: skip
        self._place(card, monitor)

    def _paint(self, card: Card, view: CaptionView) -> None:
        self._canvas.delete("all")
        self._picture = tkinter.PhotoImage(
            master=self._root, data=draw_card(card, self._palette, view.stage, view.language)
        )
        self._canvas.create_image(0, 0, anchor="nw", image=self._picture)

    def _write_header(self, card: Card, view: CaptionView, name: str) -> None:
        x, middle, radius = card.dot
        status = self._canvas.create_text(
            x + radius + self._px(10), middle, anchor="w", font=self._small,
            text=_status(view), fill=self._palette.quiet,
        )  # fmt: skip
        if view.hint:
            _, _, right, _ = self._canvas.bbox(status)
            self._canvas.create_text(
                right, middle, anchor="w", font=self._small, text=f"  ·  {view.hint}",
                fill=self._palette.quiet,
            )  # fmt: skip
        if card.pill is not None:
            left, _, right, _ = card.pill
            self._canvas.create_text(
                (left + right) // 2, middle, anchor="center", font=self._pill_font, text=name,
                fill=self._palette.pill_text,
            )  # fmt: skip

    def _pill(self, name: str, right: int, middle: int) -> tuple[int, int, int, int]:
        width, half = self._pill_font.measure(name) + 2 * self._px(12), self._px(12)
        return right - width, middle - half, right, middle + half

    def _language_name(self, view: CaptionView) -> str:
        if view.language is None:
            return ""
        translate = translator(view.interface_language)
        return translate(LANGUAGE_NAMES[view.language])

    def _place(self, card: Card, monitor: Box) -> None:
        x, y = place(
            (card.width, card.height),
            monitor,
            top=self._settings.position == "top",
            margin=self._px(_MARGIN),
        )
        self._canvas.configure(width=card.width, height=card.height)
        self._root.geometry(f"{card.width}x{card.height}+{x}+{y}")
        self._card = card

    def _screen(self) -> Box:
        return Box(0, 0, self._root.winfo_screenwidth(), self._root.winfo_screenheight())

    def _find_monitor(self) -> Box:
        if self._overlay is None:
            return self._screen()
        point = self._overlay.focus_point() or self._root.winfo_pointerxy()
        return monitor_at(self._overlay.monitors(), point, self._screen())


def _status(view: CaptionView) -> str:
    return translator(view.interface_language)(_STAGES[view.stage])
