"""The caption window on X11 (and Windows, macOS), drawn with Tk; for the main thread only.

It has no frame, stays on top, lets clicks through and never gets the focus: the window manager
does not manage it (override-redirect), and its input shape is empty on every window up to the root.
"""

import tkinter
from collections import deque
from collections.abc import Callable
from tkinter import font as tkfont
from types import TracebackType

from dictation.desktop.captions.base import CaptionSettings, CaptionView
from dictation.desktop.captions.layout import (
    Box,
    choose_monitor,
    clock_face,
    displayable,
    last_lines,
    loudness,
    place,
    split_lines,
    wrap,
)
from dictation.desktop.captions.look import DARK, LIGHT, Card, draw_card
from dictation.desktop.captions.overlay import Overlay, open_overlay
from dictation.desktop.captions.words import pill_text, split_text, status_text
from dictation.desktop.environment import Environment
from dictation.desktop.fonts import font_family
from dictation.errors import DictationError

_PADDING = 22
_HEADER = 22
_GAP = 10
_RADIUS = 16
_MARGIN = 64
_BARS = 20
_BAR = 3
_BAR_GAP = 2
_METER_HEIGHT = 14
_FADE_SECONDS = 0.24
_FADE_STEPS = 8


class CaptionsError(DictationError):
    """The caption window cannot be opened."""


class CaptionWindow:
    """A card with the words so far. Raises CaptionsError when there is no display for it."""

    kind = "a window above the others"

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
        self._overlay: Overlay | None = open_overlay(env, self._root.winfo_id())
        self._scale = self._find_scale()
        family = font_family(self._root)
        self._font = tkfont.Font(self._root, family=family, size=-self._px(settings.font_size))
        self._small = tkfont.Font(self._root, family=family, size=-self._px(14))
        self._pill_font = tkfont.Font(self._root, family=family, size=-self._px(13), weight="bold")
        self._picture: tkinter.PhotoImage | None = None
        self._drawn: CaptionView | None = None
        self._visible = False
        self._monitor: Box | None = None
        self._card: Card | None = None
        self._error: BaseException | None = None
        self._fading: str | None = None
        self._levels: deque[float] = deque([0.0] * _BARS, _BARS)
        self._bars: list[int] = []
        self._clock: int | None = None
        self._seconds = 0.0

    @property
    def moving(self) -> bool:
        """Whether the card fades."""
        return self._fading is not None

    def show(self, view: CaptionView) -> None:
        """Show a view on the monitor where the user works."""
        self._stop_fading()
        if not self._visible:
            self._monitor = self._find_monitor()
            self._levels.extend([0.0] * _BARS)
            self._seconds = 0.0
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

    def meter(self, level: float, seconds: float) -> None:
        """Move the meter on by one bar, and the clock."""
        self._levels.append(loudness(level))
        for bar, share in zip(self._bars, self._levels, strict=False):
            left, _, right, _ = self._canvas.coords(bar)
            middle, half = self._bar_span(share)
            self._canvas.coords(bar, left, middle - half, right, middle + half)
        if self._clock is not None and int(seconds) != int(self._seconds):
            self._canvas.itemconfigure(self._clock, text=clock_face(seconds))
        self._seconds = seconds

    def hide(self) -> None:
        """Take the caption off the screen, fading where windows are blended."""
        if not self._visible or self.moving:
            return
        if self._overlay is not None and self._overlay.composited():
            self._fade(_FADE_STEPS - 1)
        else:
            self._withdraw()

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

    def _withdraw(self) -> None:
        self._root.withdraw()
        self._root.update_idletasks()
        self._visible = False

    def _fade(self, step: int) -> None:
        self._root.attributes("-alpha", step / _FADE_STEPS)
        if step > 0:
            pause = round(1000 * _FADE_SECONDS / _FADE_STEPS)
            self._fading = self._root.after(pause, self._fade, step - 1)
            return
        self._fading = None
        self._withdraw()
        self._root.attributes("-alpha", 1.0)

    def _stop_fading(self) -> None:
        if self._fading is not None:
            self._root.after_cancel(self._fading)
            self._fading = None
            self._root.attributes("-alpha", 1.0)

    def _failed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._error = error
        self._root.quit()

    def _px(self, value: float) -> int:
        return round(value * self._scale)

    def _draw(self, view: CaptionView) -> None:
        monitor = self._monitor or self._screen()
        width = min(self._px(self._settings.width), monitor.width - self._px(32))
        padding, header = self._px(_PADDING), self._px(_HEADER)
        room = width - 2 * padding
        stable, unstable, waiting = split_text(view)
        stable = displayable(stable)
        words = stable + displayable(unstable)
        lines = wrap(words, self._font.measure, room)
        shown, cut = last_lines(lines, self._settings.lines)
        step = round(self._font.metrics("linespace") * 1.04)
        # The card does not jump when the first word comes: one line is always there.
        height = padding + header + self._px(_GAP) + step * max(1, len(shown)) + padding
        middle = padding + header // 2
        name = pill_text(view)
        pill = self._pill(name, width - padding, middle) if name else None
        card = Card(
            width, height, self._px(_RADIUS), (padding + self._px(5), middle, self._px(5)), pill
        )
        self._paint(card, view)
        self._write_header(card, view, name)
        self._draw_meter(card, view)
        top = padding + header + self._px(_GAP)
        colour = self._palette.error if view.stage == "error" else self._palette.text
        halves = split_lines(lines, stable)[-len(shown) :]
        for number, (before, after) in enumerate(halves):
            # What has scrolled away is hinted at by the paler first line.
            pale = waiting or (cut and number == 0)
            y = top + number * step
            self._write(padding, y, before, self._palette.quiet if pale else colour)
            if after:
                left = padding + self._font.measure(before)
                self._write(left, y, after, self._palette.unstable)
                self._underline(left, y + step - self._px(1), self._font.measure(after.rstrip()))
        self._place(card, monitor)

    def _write(self, x: int, y: int, text: str, colour: str) -> None:
        self._canvas.create_text(x, y, anchor="nw", text=text, font=self._font, fill=colour)

    def _underline(self, x: int, y: int, width: int) -> None:
        """The mark of text that is not settled yet, as input methods have it."""
        dots = (self._px(2), self._px(3))
        self._canvas.create_line(
            x, y, x + width, y, fill=self._palette.unstable, width=self._px(1), dash=dots
        )

    def _draw_meter(self, card: Card, view: CaptionView) -> None:
        self._bars = []
        if view.stage not in ("listening", "partial"):
            return
        right = card.width - self._px(_PADDING) if card.pill is None else card.pill[0]
        step = self._px(_BAR + _BAR_GAP)
        left = right - _BARS * step - (0 if card.pill is None else self._px(10))
        colour = self._palette.stages[view.stage]
        for number, share in enumerate(self._levels):
            middle, half = self._bar_span(share)
            x = left + number * step
            self._bars.append(
                self._canvas.create_rectangle(
                    x, middle - half, x + self._px(_BAR), middle + half, fill=colour, width=0
                )
            )

    def _bar_span(self, share: float) -> tuple[float, float]:
        """The middle of a bar of the meter and half its height."""
        middle = self._px(_PADDING) + self._px(_HEADER) // 2
        return middle, max(self._px(1), share * self._px(_METER_HEIGHT) / 2)

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
            text=status_text(view), fill=self._palette.quiet,
        )  # fmt: skip
        _, _, right, _ = self._canvas.bbox(status)
        self._clock = None
        if view.stage in ("listening", "partial"):
            self._clock = self._canvas.create_text(
                right + self._px(10), middle, anchor="w", font=self._small,
                text=clock_face(self._seconds), fill=self._palette.quiet,
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

    def _find_scale(self) -> float:
        """Pixels of this screen to one at 96 dots an inch, as the desktop has it set."""
        chosen = self._overlay.scale() if self._overlay is not None else None
        return max(1.0, chosen or self._root.winfo_fpixels("1i") / 96)

    def _find_monitor(self) -> Box:
        if self._overlay is None:
            return self._screen()
        return choose_monitor(
            self._overlay.monitors(),
            self._settings.monitor,
            self._overlay.focus_point(),
            self._root.winfo_pointerxy(),
            self._screen(),
        )
