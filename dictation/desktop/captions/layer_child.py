"""The caption on compositors with wlr-layer-shell: a program of its own for the system's Python.

PyGObject and gtk-layer-shell come with the system and not from a package index, so this file is run
by /usr/bin/python3 and imports nothing of Dictation. It reads one JSON object a line: first the
look, then {"show": {...}}, {"meter": [...]} or {"hide": true}; it says "ready" or why it cannot.
Source: the protocol wlr-layer-shell-unstable-v1.
"""

import json
import math
import os
import sys
from typing import Any

import cairo
import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GtkLayerShell", "0.1")
gi.require_version("PangoCairo", "1.0")
from gi.repository import Gdk, GLib, Gtk, GtkLayerShell, Pango, PangoCairo  # noqa: E402

PADDING, HEADER, GAP, RADIUS, MARGIN = 22, 22, 10, 16, 64
BAR, BAR_GAP, METER_HEIGHT = 3, 2, 14
FADE_STEPS, FADE_MS = 8, 30


Order = dict[str, Any]


class Card(Gtk.DrawingArea):  # type: ignore[misc]
    """The card; `view` is what it shows, None when it is hidden."""

    def __init__(self, look: Order) -> None:
        super().__init__()
        self.look = look
        self.view: Order | None = None
        self.levels: list[float] = []
        self.clock = ""
        self.alpha = 1.0
        self.connect("draw", self._draw_card)

    def _font(
        self, size: float, weight: Pango.Weight = Pango.Weight.NORMAL
    ) -> Pango.FontDescription:
        font = Pango.FontDescription.from_string(self.look["family"])
        font.set_absolute_size(size * Pango.SCALE)
        font.set_weight(weight)
        return font

    def _words(self, context: cairo.Context) -> Pango.Layout:
        """The text with its unsettled end underlined, broken into lines."""
        layout = PangoCairo.create_layout(context)
        layout.set_font_description(self._font(self.look["font_size"]))
        layout.set_width((self.look["width"] - 2 * PADDING) * Pango.SCALE)
        layout.set_wrap(Pango.WrapMode.WORD_CHAR)
        view = self.view or {"stable": "", "unstable": ""}
        stable, unstable = (GLib.markup_escape_text(view[key]) for key in ("stable", "unstable"))
        colour = self.look["unstable"]
        layout.set_markup(
            f'{stable}<span foreground="{colour}" underline="low">{unstable}</span>'
            if unstable
            else stable,
            -1,
        )
        return layout

    def _shown_lines(self, layout: Pango.Layout) -> tuple[int, int, int]:
        """Where the newest lines begin (pixels), how high they are, and how many are cut off."""
        count = layout.get_line_count()
        cut = max(0, count - self.look["lines"])
        iterator = layout.get_iter()
        for _ in range(cut):
            iterator.next_line()
        top = iterator.get_line_yrange()[0] // Pango.SCALE
        return top, layout.get_pixel_size()[1] - top, cut

    def height(self) -> int:
        """Of the card for its view, in pixels."""
        context = cairo.Context(cairo.ImageSurface(cairo.FORMAT_ARGB32, 1, 1))
        _, height, _ = self._shown_lines(self._words(context))
        return 2 * PADDING + HEADER + GAP + height

    def _draw_card(self, widget: Gtk.Widget, context: cairo.Context) -> bool:
        context.set_operator(cairo.OPERATOR_CLEAR)
        context.paint()
        context.set_operator(cairo.OPERATOR_OVER)
        if self.view is None:
            return True
        width, height = self.look["width"], self.get_allocated_height()
        context.push_group()
        _rounded(context, 0.5, 0.5, width - 1, height - 1, RADIUS)
        _paint(context, self.look["card"], fill=True)
        _paint(context, self.look["edge"], fill=False)
        self._draw_header(context, self.view, width)
        layout = self._words(context)
        top, shown, _ = self._shown_lines(layout)
        context.save()
        context.new_path()
        context.rectangle(0, PADDING + HEADER + GAP, width, shown + PADDING)
        context.clip()
        context.move_to(PADDING, PADDING + HEADER + GAP - top)
        _set_colour(context, self.view["colour"])
        PangoCairo.show_layout(context, layout)
        context.restore()
        context.pop_group_to_source()
        context.paint_with_alpha(self.alpha)
        return True

    def _draw_header(self, context: cairo.Context, view: Order, width: int) -> None:
        context.new_path()
        middle = PADDING + HEADER / 2
        context.arc(PADDING + 5, middle, 5, 0, 2 * math.pi)
        _paint(context, view["dot"], fill=True)
        status = "  ".join(filter(None, (view["status"], self.clock if view["live"] else "")))
        self._label(context, PADDING + 20, middle, status, self.look["quiet"], self._font(14))
        right = width - PADDING
        if view["pill"]:
            font = self._font(13, Pango.Weight.BOLD)
            layout = self._layout(context, view["pill"], font)
            wide = layout.get_pixel_size()[0] + 24
            _rounded(context, right - wide, middle - 12, wide, 24, 12)
            _paint(context, view["pill_colour"], fill=True)
            self._label(context, right - wide + 12, middle, view["pill"], self.look["pill"], font)
            right -= wide + 10
        context.new_path()
        if view["live"]:
            step = BAR + BAR_GAP
            for number, share in enumerate(self.levels):
                half = max(1.0, share * METER_HEIGHT / 2)
                x = right - (len(self.levels) - number) * step
                context.rectangle(x, middle - half, BAR, 2 * half)
            _paint(context, view["dot"], fill=True)

    def _layout(
        self, context: cairo.Context, text: str, font: Pango.FontDescription
    ) -> Pango.Layout:
        layout = PangoCairo.create_layout(context)
        layout.set_font_description(font)
        layout.set_text(text, -1)
        return layout

    def _label(
        self,
        context: cairo.Context,
        x: float,
        middle: float,
        text: str,
        colour: str,
        font: Pango.FontDescription,
    ) -> None:
        layout = self._layout(context, text, font)
        context.move_to(x, middle - layout.get_pixel_size()[1] / 2)
        _set_colour(context, colour)
        PangoCairo.show_layout(context, layout)


def _set_colour(context: cairo.Context, colour: str) -> None:
    context.set_source_rgb(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))


def _paint(context: cairo.Context, colour: str, *, fill: bool) -> None:
    """Fill the path, which stays for its outline, or draw the outline."""
    _set_colour(context, colour)
    if fill:
        context.fill_preserve()
    else:
        context.set_line_width(1)
        context.stroke()


def _rounded(
    context: cairo.Context, x: float, y: float, width: float, height: float, radius: float
) -> None:
    context.new_path()
    for corner, (right, bottom) in enumerate(((1, 0), (1, 1), (0, 1), (0, 0))):
        centre_x = x + (width - radius if right else radius)
        centre_y = y + (height - radius if bottom else radius)
        start = (corner - 1) * math.pi / 2
        context.arc(centre_x, centre_y, radius, start, start + math.pi / 2)
    context.close_path()


class Caption:
    """The layer surface with its card: above everything, without focus, open to clicks."""

    def __init__(self, look: Order) -> None:
        self.window = Gtk.Window()
        self.window.set_app_paintable(True)
        GtkLayerShell.init_for_window(self.window)
        GtkLayerShell.set_namespace(self.window, "dictation-captions")
        GtkLayerShell.set_layer(self.window, GtkLayerShell.Layer.OVERLAY)
        GtkLayerShell.set_keyboard_mode(self.window, GtkLayerShell.KeyboardMode.NONE)
        edge = GtkLayerShell.Edge.TOP if look["top"] else GtkLayerShell.Edge.BOTTOM
        GtkLayerShell.set_anchor(self.window, edge, True)
        GtkLayerShell.set_margin(self.window, edge, MARGIN)
        if (monitor := _find_monitor(look["monitor"])) is not None:
            GtkLayerShell.set_monitor(self.window, monitor)
        self.card = Card(look)
        self.window.add(self.card)
        self.window.input_shape_combine_region(cairo.Region())
        self.fading = 0

    def obey(self, order: Order) -> None:
        """Carry out a line from the parent."""
        if "show" in order:
            self.show(order["show"])
        elif "meter" in order:
            self.card.levels, self.card.clock = order["meter"]
            self.card.queue_draw()
        elif self.card.view is not None and not self.fading:
            self.fading = GLib.timeout_add(FADE_MS, self._fade)

    def show(self, view: Order) -> None:
        """Show a view, or replace the one that is shown."""
        if self.fading:
            GLib.source_remove(self.fading)
            self.fading = 0
        self.card.view, self.card.alpha = view, 1.0
        width, height = self.card.look["width"], self.card.height()
        self.card.set_size_request(width, height)
        self.window.resize(width, height)
        self.window.show_all()
        self.card.queue_draw()

    def _fade(self) -> bool:
        self.card.alpha -= 1 / FADE_STEPS
        if self.card.alpha > 0.01:
            self.card.queue_draw()
            return True
        self.fading = 0
        self.card.view = None
        self.window.hide()
        return False


def _find_monitor(name: str) -> Gdk.Monitor | None:
    """A monitor by its maker's model or number; None lets the compositor choose the focused one."""
    display = Gdk.Display.get_default()
    monitors = [display.get_monitor(number) for number in range(display.get_n_monitors())]
    if name == "primary":
        return monitors[0] if monitors else None
    return next((one for one in monitors if one.get_model() == name), None)


def main() -> None:
    """Serve the parent until it closes its end."""
    if not GtkLayerShell.is_supported():
        print("the compositor has no wlr-layer-shell", flush=True)
        return
    lines = _Lines()
    caption: Caption | None = None

    def read(fd: int, condition: GLib.IOCondition) -> bool:
        nonlocal caption
        for order in lines.read(fd):
            if caption is None:
                caption = Caption(order)
                print("ready", flush=True)
            else:
                caption.obey(order)
        if lines.ended:
            Gtk.main_quit()
        return not lines.ended

    when = GLib.IOCondition.IN | GLib.IOCondition.HUP
    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, sys.stdin.fileno(), when, read)
    Gtk.main()


class _Lines:
    """Lines out of what a pipe holds: more than one may wait in it."""

    def __init__(self) -> None:
        self.ended = False
        self._rest = b""

    def read(self, fd: int) -> list[Order]:
        data = os.read(fd, 65536)
        self.ended = not data
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in whole]


if __name__ == "__main__":
    main()
