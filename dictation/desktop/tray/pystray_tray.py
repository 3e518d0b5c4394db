"""A tray icon through pystray: Windows, macOS, and panels with only the older XEmbed tray."""

import threading
from collections.abc import Callable
from typing import Any

from dictation.desktop.tray.base import TrayAction, TrayView
from dictation.desktop.tray.icons import draw_icon
from dictation.desktop.tray.menu import MenuItem, build_menu
from dictation.events import Command

_SIZE = 64


class PystrayTray:
    """An icon in pystray's own thread; where its backend has no menu, a click still toggles."""

    def __init__(self) -> None:
        self._icon: Any = None
        self._thread: threading.Thread | None = None

    def start(self, view: TrayView, on_action: Callable[[TrayAction], None]) -> None:
        """Show the icon."""
        # pystray connects to the display when it is imported, so it is imported where it is used.
        import pystray

        self._view = view
        self._icon = _icon_class(pystray.Icon)(
            "dictation",
            draw_icon(view.status, view.language, _SIZE),
            view.summary,
            pystray.Menu(lambda: _entries(pystray, build_menu(self._view), on_action)),
        )
        shown = threading.Event()

        def show(icon: Any) -> None:  # noqa: ANN401 (pystray has no types)
            icon.visible = True
            shown.set()

        self._thread = threading.Thread(
            target=self._icon.run, args=(show,), name="tray", daemon=True
        )
        self._thread.start()
        shown.wait(5)

    def update(self, view: TrayView) -> None:
        """Show another state."""
        if self._icon is None or view == self._view:
            return
        self._view = view
        self._icon.icon = draw_icon(view.status, view.language, _SIZE)
        self._icon.title = view.detail or view.summary
        self._icon.update_menu()

    def close(self) -> None:
        """Take the icon away."""
        if self._icon is not None and self._thread is not None:
            self._icon.stop()
            self._thread.join(5)
            self._icon = None


def has_menu() -> bool:
    """Whether pystray's backend on this machine can show a menu. Raises ImportError."""
    import pystray

    return bool(pystray.Icon.HAS_MENU)


def _icon_class(usual: Any) -> Any:  # noqa: ANN401 (pystray has no types)
    if not usual.__module__.endswith("_xorg"):
        return usual
    from dictation.desktop.tray.xembed import patient_icon

    return patient_icon(usual)


def _entries(
    pystray: Any,  # noqa: ANN401 (pystray has no types)
    root: MenuItem,
    on_action: Callable[[TrayAction], None],
) -> list[Any]:
    # A click on the icon is the default entry's, which need not be visible.
    return [
        pystray.MenuItem(
            "", lambda icon, item: on_action(Command("toggle")), default=True, visible=False
        ),
        *(_entry(pystray, child, on_action) for child in root.children),
    ]


def _entry(
    pystray: Any,  # noqa: ANN401 (pystray has no types)
    item: MenuItem,
    on_action: Callable[[TrayAction], None],
) -> Any:  # noqa: ANN401
    if item.kind == "separator":
        return pystray.Menu.SEPARATOR
    if item.kind == "submenu":
        below = [_entry(pystray, child, on_action) for child in item.children]
        return pystray.MenuItem(item.label, pystray.Menu(*below))

    def clicked(icon: object, entry: object) -> None:
        if item.action is not None:
            on_action(item.action)

    return pystray.MenuItem(
        item.label,
        clicked,
        checked=(lambda entry: item.checked) if item.kind in ("radio", "check") else None,
        radio=item.kind == "radio",
        enabled=item.enabled,
    )
