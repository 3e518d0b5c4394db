"""Which window has the focus, and what it is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import Xlib.error
from Xlib import Xatom
from Xlib.display import Display

from dictation.desktop.environment import Environment
from dictation.desktop.sway import focused_node
from dictation.desktop.x11 import close_display, open_display, same_client, window_property


@dataclass(frozen=True, slots=True)
class Window:
    """A program's window; `id` is the server's, `wm_class` the program's own name for itself."""

    id: int
    wm_class: str
    title: str
    pid: int | None


class FocusFinder(Protocol):
    """Looks up the focused window, for one thread."""

    def __call__(self) -> Window | None:
        """The focused window; None where nothing has the focus or the session does not tell."""
        ...

    def close(self) -> None:
        """End its connection."""
        ...


def open_focus(env: Environment) -> FocusFinder:
    """The session's way to the focused window. Raises DisplayError."""
    if env.x11:
        return X11Focus(open_display(env.display))
    return SwayFocus(env.sway) if env.sway is not None else NoFocus()


class X11Focus:
    """Looks it up on an X server."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def __call__(self) -> Window | None:
        """The focused window; None also when the server is gone."""
        try:
            return focused_window(self._display)
        except (Xlib.error.ConnectionClosedError, OSError):
            return None

    def close(self) -> None:
        """End the connection."""
        close_display(self._display)


class SwayFocus:
    """Looks it up in sway; the app id stands in for the window class."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def __call__(self) -> Window | None:
        """The focused window; None also when sway does not answer."""
        node = focused_node(self._socket)
        if node is None:
            return None
        older = node.get("window_properties") or {}
        return Window(
            id=int(node["id"]),
            wm_class=str(node.get("app_id") or older.get("class") or ""),
            title=str(node.get("name") or ""),
            pid=node.get("pid"),
        )

    def close(self) -> None:
        """There is nothing to end."""


class NoFocus:
    """A session that does not tell."""

    def __call__(self) -> Window | None:
        """Never known."""
        return None

    def close(self) -> None:
        """There is nothing to end."""


def focused_window(display: Display) -> Window | None:
    """The window that gets what is typed; None when nothing has the focus.

    The window manager's word (_NET_ACTIVE_WINDOW) goes first; without one the server's input
    focus is followed up to the window that a program has named.
    """
    root = display.screen().root
    try:
        active = window_property(display, root.id, "_NET_ACTIVE_WINDOW")
        if active is not None:
            window = int(active.value[0]) if len(active.value) else 0
        else:
            window = _named_ancestor(display)
        return describe_window(display, window) if window else None
    except Xlib.error.XError:
        return None


def has_input_focus(display: Display, window: int) -> bool:
    """Whether the server sends keys to a window's program already.

    A window manager names a window as active a moment before it gives it the keyboard.
    """
    focus = display.get_input_focus().focus
    return not isinstance(focus, int) and same_client(display, focus.id, window)


def describe_window(display: Display, window: int) -> Window:
    """What a window says of itself."""
    names = window_property(display, window, "WM_CLASS", Xatom.STRING)
    pid = window_property(display, window, "_NET_WM_PID", Xatom.CARDINAL)
    title = window_property(display, window, "_NET_WM_NAME") or window_property(
        display, window, "WM_NAME"
    )
    return Window(
        id=window,
        wm_class=_text(names.value).rstrip("\0").split("\0")[-1] if names else "",
        title=_text(title.value) if title else "",
        pid=int(pid.value[0]) if pid and len(pid.value) else None,
    )


def _named_ancestor(display: Display) -> int:
    """The program's window around the input focus; the window manager's own do not count."""
    root = display.screen().root
    managed = window_property(display, root.id, "_NET_SUPPORTING_WM_CHECK") is not None
    focus = display.get_input_focus().focus
    while not isinstance(focus, int) and focus.id != root.id:
        if window_property(display, focus.id, "WM_STATE" if managed else "WM_CLASS") is not None:
            return int(focus.id)
        focus = focus.query_tree().parent
    return 0


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
