"""pystray's icon for the older tray of X panels (XEmbed), with what its version 0.19 lacks there.

It never asks the server for clicks, gives up when the panel ends, shows what is transparent as
black, takes no title but in Latin-1, and writes to its connection from every thread. Source: the
System Tray Protocol Specification of freedesktop.org.
"""

import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any

import numpy as np
from PIL import Image
from Xlib import X, Xatom
from Xlib.error import BadMatch, CatchError, ConnectionClosedError, XError

_PANEL_GREY = "#2b2e33"
_LATIN_NAME = "Dictation"


def patient_icon(usual: Any) -> Any:  # noqa: ANN401 (pystray has no types)
    """The class to use in place of pystray's own `_xorg.Icon`."""

    class PatientIcon(usual):  # type: ignore[misc]
        _systray_manager: Any
        _title: str

        @property
        def title(self) -> str:
            """WM_NAME, which is Latin-1 (ICCCM 2.7.1); _NET_WM_NAME has what was set."""
            return _LATIN_NAME

        @title.setter
        def title(self, title: str) -> None:
            usual.title.fset(self, title)

        def _update_title(self) -> None:
            self._name_window(self._window)

        def _name_window(self, window: Any) -> None:  # noqa: ANN401
            name, kind = map(self._display.intern_atom, ("_NET_WM_NAME", "UTF8_STRING"))
            window.change_property(name, kind, 8, self._title.encode())

        def _create_window(self) -> Any:  # noqa: ANN401
            window = super()._create_window()
            visual = self._blending_visual()
            self._blends = visual is not None
            if visual is not None:
                window = self._blending_twin(window, visual)
            self._name_window(window)
            window.change_attributes(
                event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask
            )
            return window

        def _blending_visual(self) -> int | None:
            """The panel's visual with an alpha channel, where it asks for one."""
            manager = self._get_systray_manager()
            if not manager:
                return None
            name = self._display.intern_atom("_NET_SYSTEM_TRAY_VISUAL")
            asked = manager.get_full_property(name, Xatom.VISUALID)
            deep = {
                visual.visual_id
                for depth in self._display.screen().allowed_depths
                if depth.depth == 32
                for visual in depth.visuals
            }
            return next(
                (number for number in (asked.value if asked else ()) if number in deep), None
            )

        def _blending_twin(self, window: Any, visual: int) -> Any:  # noqa: ANN401
            """The same window once more, with an alpha channel."""
            root = self._display.screen().root
            twin = root.create_window(
                -1, -1, 1, 1, 0, 32, X.InputOutput, visual, background_pixel=0, border_pixel=0,
                colormap=root.create_colormap(visual, X.AllocNone),
            )  # fmt: skip
            twin.set_wm_class(*window.get_wm_class())
            twin.set_wm_name(self.title)
            twin.set_wm_normal_hints(window.get_wm_normal_hints())
            mapped = [self._XEMBED_VERSION, self._XEMBED_MAPPED]
            twin.change_property(self._xembed_info, self._xembed_info, 32, mapped)
            window.destroy()
            return twin

        def _draw(self) -> None:
            found = self._window.get_geometry()
            size = (found.width, found.height)
            icon = self._icon.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
            if self._blends:
                self._window.put_image(self._gc, 0, 0, *size, X.ZPixmap, 32, 0, premultiplied(icon))
                return
            ground = self._ground(*size)
            ground.alpha_composite(icon)
            self._window.put_pil_image(self._gc, 0, 0, ground.convert("RGB"))

        def _ground(self, width: int, height: int) -> Image.Image:
            """What the panel shows behind the icon."""
            refused = CatchError(BadMatch)
            self._window.change_attributes(background_pixmap=X.ParentRelative, onerror=refused)
            self._window.clear_area()
            self._display.sync()
            if refused.get_error():  # the panel's windows have another depth
                return Image.new("RGBA", (width, height), _PANEL_GREY)
            shown = self._window.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
            picture = Image.frombytes("RGB", (width, height), shown.data, "raw", "BGRX")
            return picture.convert("RGBA")

        def _rewrite_implementation(self, *methods: Any) -> None:  # noqa: ANN401
            """Leave each to the icon's own thread, which alone uses the connection.

            In python-xlib 0.33 a thread that waits for an answer is not woken when another one
            stops sending because something can be read (send_and_recv): both would wait for ever.
            """
            self._orders: SimpleQueue[Callable[[], object]] = SimpleQueue()
            self._ear, self._bell = socket.socketpair()
            self._bell.setblocking(False)
            for method in methods:
                setattr(self, method.__name__, partial(self._order, method))
            # A new panel announces itself to the root window (ICCCM 2.8, "MANAGER").
            self._manager_atom = self._display.intern_atom("MANAGER")
            self._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
            self._message_handlers[X.ClientMessage] = self._on_message

        def _order(self, method: Callable[[], object]) -> None:
            if threading.current_thread() is self._thread:
                method()
                return
            self._orders.put(method)
            with suppress(OSError):  # full of rings already, or the server is gone
                self._bell.send(b"!")

        def _run(self) -> None:
            self._thread = threading.current_thread()
            self._mark_ready()
            with self._ear, suppress(ConnectionClosedError):
                while self._serve():
                    self._wait()

        def _wait(self) -> None:
            if self._display.pending_events():
                return
            ready, _, _ = select.select([self._display.fileno(), self._ear], [], [])
            if self._ear in ready:
                self._ear.recv(64)

        def _serve(self) -> bool:
            """Do what there is to do; False once the icon is gone."""
            while not self._orders.empty():
                self._do(self._orders.get())
            while self._display.pending_events():
                event = self._display.next_event()
                if event.type == X.DestroyNotify and event.window == self._window:
                    return False
                handler = self._message_handlers.get(event.type)
                if handler is not None:
                    self._do(partial(handler, event))
            return True

        def _do(self, work: Callable[[], object]) -> None:
            with suppress(XError):  # the panel has ended
                work()

        def _on_message(self, event: Any) -> None:  # noqa: ANN401
            if event.client_type == self._manager_atom and self._systray_manager is None:
                self._dock_window()

        def _on_destroy_notify(self, event: Any) -> None:  # noqa: ANN401
            if self._systray_manager is not None and event.window.id == self._systray_manager.id:
                self._systray_manager = None

    return PatientIcon


def premultiplied(icon: Image.Image) -> bytes:
    """An RGBA picture as the server's ARGB pixels, colours multiplied by their alpha."""
    pixels = np.asarray(icon).astype(np.uint16)
    alpha = pixels[..., 3:]
    colours = pixels[..., 2::-1] * alpha // 255
    return np.concatenate((colours, alpha), axis=-1).astype(np.uint8).tobytes()
