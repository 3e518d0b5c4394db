"""What Tk cannot ask of an X server: shapes of windows, monitors, where the focus is."""

import Xlib.error
from Xlib import X
from Xlib.display import Display
from Xlib.ext import shape
from Xlib.xobject.drawable import Window as XWindow

from dictation.desktop.captions.layout import Box, Monitor
from dictation.desktop.captions.look import rounded_rows
from dictation.desktop.environment import Environment
from dictation.desktop.focus import focused_window
from dictation.desktop.x11 import close_display, desktop_scale, open_display


class Overlay:
    """Makes a window rounded and clicks go through it; has a connection of its own."""

    def __init__(self, display: Display, window: int) -> None:
        self._display = display
        self._window = window

    def shape(self, width: int, height: int, radius: int) -> None:
        """Cut the corners off, and let all input through."""
        for window in _up_to_root(self._display, self._window):
            window.shape_rectangles(
                shape.SO.Set, shape.SK.Bounding, 0, 0, 0,
                [
                    {"x": x, "y": y, "width": wide, "height": high}
                    for x, y, wide, high in rounded_rows(width, height, radius)
                ],
            )  # fmt: skip
            window.shape_rectangles(shape.SO.Set, shape.SK.Input, 0, 0, 0, [])
        self._display.sync()

    def monitors(self) -> list[Monitor]:
        """The monitors; none where the server cannot tell."""
        if not self._display.has_extension("RANDR"):
            return []
        try:
            found = self._display.screen().root.xrandr_get_monitors().monitors
        except (Xlib.error.XError, AttributeError):
            return []
        return [
            Monitor(
                str(self._display.get_atom_name(one.name)),
                Box(one.x, one.y, one.width_in_pixels, one.height_in_pixels),
                bool(one.primary),
            )
            for one in found
        ]

    def scale(self) -> float | None:
        """How much larger than usual the desktop draws; None where it is not set."""
        return desktop_scale(self._display)

    def composited(self) -> bool:
        """Whether somebody blends windows, so that one can fade."""
        number = self._display.get_default_screen()
        atom = self._display.intern_atom(f"_NET_WM_CM_S{number}")
        return bool(self._display.get_selection_owner(atom) != X.NONE)

    def focus_point(self) -> tuple[int, int] | None:
        """The middle of the focused window, in the screen's coordinates."""
        focused = focused_window(self._display)
        if focused is None:
            return None
        try:
            window = self._display.create_resource_object("window", focused.id)
            size = window.get_geometry()
            corner = self._display.screen().root.translate_coords(window, 0, 0)
        except Xlib.error.XError:
            return None
        return corner.x + size.width // 2, corner.y + size.height // 2

    def close(self) -> None:
        """Disconnect."""
        close_display(self._display)


def open_overlay(env: Environment, window: int) -> Overlay | None:
    """The overlay of a window; None on platforms without an X server."""
    if env.platform != "linux":
        return None
    return Overlay(open_display(env.display), window)


def _up_to_root(display: Display, window: int) -> list[XWindow]:
    root = display.screen().root.id
    current = display.create_resource_object("window", window)
    found = []
    while current.id != root:
        found.append(current)
        current = current.query_tree().parent
    return found
