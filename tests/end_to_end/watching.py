"""Looks at a dictation from outside while it goes on: the focus, the captions, the daemon."""

import threading
import zlib
from types import TracebackType

import Xlib.error
from Xlib import X
from Xlib.display import Display
from Xlib.xobject.drawable import Window as XWindow

from dictation.desktop.focus import Window, focused_window, has_input_focus
from tests.running import RunningDaemon

_PAUSE_SECONDS = 0.03


class Watch:
    """Looks again and again until it is left, and remembers what was ever seen.

    `strangers`: what had the focus that was not the target; `captions`: the words the daemon
    said it showed, `pictures`: how often the caption window's pixels changed while somebody spoke;
    `texts`: the finished texts by their number.
    """

    def __init__(self, display: str, daemon: RunningDaemon, target: Window) -> None:
        self._display = Display(display)
        self._daemon = daemon
        self._target = target
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._error: Exception | None = None
        self.looks = 0
        self.strangers: list[Window | None] = []
        self.captions: list[str] = []
        self.pictures: set[int] = set()
        self.texts: dict[int, str] = {}

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(30)
        self._display.close()

    def check(self) -> None:
        """Raise what made it stop looking, if anything did."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._look()
                self._over.wait(_PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 (the test's thread raises it)
            self._error = error

    def _look(self) -> None:
        self.looks += 1
        focused = focused_window(self._display)
        if (
            focused is None
            or focused.id != self._target.id
            or not has_input_focus(self._display, focused.id)
        ):
            self.strangers.append(focused)
        before = self._daemon.status()
        picture = caption_picture(self._display)
        after = self._daemon.status()
        for status in (before, after):
            if status is not None and status.text is not None:
                self.texts.setdefault(status.utterances, status.text)
            if status is not None and status.caption and status.caption not in self.captions:
                self.captions.append(status.caption)
        # Only what was on the screen before the text was finished, for certain.
        speaking = before is not None and after is not None
        if speaking and before.caption and after.status == "speaking" and picture is not None:
            self.pictures.add(zlib.crc32(picture))


def caption_picture(display: Display) -> bytes | None:
    """The pixels of the caption window, None when it is not on the screen."""
    window = caption_window(display)
    try:
        if window is None:
            return None
        size = window.get_geometry()
        image = window.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF)
        return bytes(image.data)
    except Xlib.error.XError:
        return None  # it was hidden just now


def caption_window(display: Display) -> XWindow | None:
    """The daemon's window, when it is on the screen."""
    for window in display.screen().root.query_tree().children:
        try:
            shown = window.get_attributes().map_state == X.IsViewable
            if shown and (window.get_wm_class() or ("", ""))[1] == "Dictation":
                return window
        except Xlib.error.XError:
            continue  # a window that is gone
    return None
