"""A keyboard and a mouse for tests: XTEST from a connection of its own."""

from types import TracebackType

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest


class Hands:
    """Presses real keys and buttons; releases what is still down at the end."""

    def __init__(self, display: str) -> None:
        self.display = Display(display)
        self._down: list[int] = []

    def __enter__(self) -> "Hands":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for code in reversed(self._down):
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()
        self.display.close()

    def code(self, key: str) -> int:
        return int(self.display.keysym_to_keycode(XK.string_to_keysym(key)))

    def press(self, *keys: str) -> None:
        for key in keys:
            code = self.code(key)
            xtest.fake_input(self.display, X.KeyPress, code)
            self._down.append(code)
        self.display.sync()

    def release(self, *keys: str) -> None:
        for key in keys:
            code = self.code(key)
            xtest.fake_input(self.display, X.KeyRelease, code)
            self._down.remove(code)
        self.display.sync()

    def tap(self, *keys: str) -> None:
        self.press(*keys)
        self.release(*reversed(keys))

    def move(self, x: int, y: int) -> None:
        xtest.fake_input(self.display, X.MotionNotify, x=x, y=y)
        self.display.sync()

    def click(self, x: int, y: int, button: int = 1) -> None:
        self.move(x, y)
        xtest.fake_input(self.display, X.ButtonPress, button)
        xtest.fake_input(self.display, X.ButtonRelease, button)
        self.display.sync()
