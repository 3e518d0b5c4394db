"""Typing any text on an X11 keyboard: characters it lacks are put onto keys it has to spare.

A program looks up what a key means when it gets to the event, not when the key was pressed. So the
spare keys are laid out for as many characters as there is room, the program is waited for, and only
then they are laid out anew.
"""

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from dictation.desktop.focus import Window
from dictation.desktop.output.base import DeliveryError
from dictation.desktop.output.fingers import Fingers

_SETTLE_SECONDS = 0.08
"""For programs that cannot be asked whether they have dealt with everything."""

_CHECK_EVERY = 40
"""Keys between two looks at the focus."""

_UNICODE = 0x01000000
_CONTROLS = {"\n": XK.XK_Return, "\r": XK.XK_Return, "\t": XK.XK_Tab}


def keysym_of(character: str) -> int:
    """The X symbol of a character: Latin-1 is itself, others are 0x01000000 plus the code point.

    Source: X11 protocol, appendix A, "Unicode KEYSYMs".
    """
    code = ord(character)
    known = _CONTROLS.get(character)
    return known if known is not None else code if code < 0x100 else _UNICODE | code


class Typist:
    """Types by one connection; everything here belongs to one thread."""

    def __init__(self, display: Display, fingers: Fingers) -> None:
        self._display = display
        self._fingers = fingers
        self._first = int(display.display.info.min_keycode)

    def type(self, text: str, target: Window | None) -> Window:
        """Type a text into the target and return the window that has it. Raises DeliveryError."""
        self._fingers.await_modifiers()
        window = self._fingers.require_focus(target)
        self._fingers.require_keyboard()
        known, spare = self._layout()
        if not spare:
            raise DeliveryError("this keyboard has no key to spare for typing; paste instead")
        caps = self._lock_key()
        laid: dict[int, int] = {}
        try:
            if caps is not None:
                self._tap(caps)
            self._type(text, window, known, spare, laid)
        finally:
            if caps is not None:
                self._tap(caps)
            for code in spare:
                if code in laid.values():
                    self._display.change_keyboard_mapping(code, [[X.NoSymbol, X.NoSymbol]])
            self._display.sync()
        return window

    def _type(
        self,
        text: str,
        window: Window,
        known: dict[int, tuple[int, bool]],
        spare: list[int],
        laid: dict[int, int],
    ) -> None:
        done = 0
        while done < len(text):
            batch = _batch(text[done:], known, laid, len(spare))
            new = [each for each in dict.fromkeys(map(keysym_of, batch)) if each not in known]
            if any(symbol not in laid for symbol in new):
                laid.clear()
                laid.update(zip(new, spare, strict=False))
                for symbol, code in laid.items():
                    self._display.change_keyboard_mapping(code, [[symbol, symbol]])
                self._display.sync()
                self._settle(window)
            for at, character in enumerate(batch):
                if at % _CHECK_EVERY == 0:
                    self._fingers.require_focus(window)
                symbol = keysym_of(character)
                code, shifted = known.get(symbol) or (laid[symbol], False)
                self._tap(code, shifted=shifted)
            self._settle(window)
            done += len(batch)

    def _settle(self, window: Window) -> None:
        if not self._fingers.answers(window.id):
            self._fingers.pause(_SETTLE_SECONDS)

    def _tap(self, code: int, *, shifted: bool = False) -> None:
        shift = self._display.keysym_to_keycode(XK.XK_Shift_L)
        if shifted:
            xtest.fake_input(self._display, X.KeyPress, shift)
        xtest.fake_input(self._display, X.KeyPress, code)
        xtest.fake_input(self._display, X.KeyRelease, code)
        if shifted:
            xtest.fake_input(self._display, X.KeyRelease, shift)
        self._display.sync()

    def _layout(self) -> tuple[dict[int, tuple[int, bool]], list[int]]:
        """Where symbols are (key, with Shift), and the keys that have none."""
        info = self._display.display.info
        count = info.max_keycode - info.min_keycode + 1
        rows = self._display.get_keyboard_mapping(self._first, count)
        spare = [self._first + at for at, row in enumerate(rows) if not any(row)]
        known: dict[int, tuple[int, bool]] = {}
        # Bits 13 and 14 are the active group (X Keyboard Extension): in any but the first, what
        # stands in the first two columns is not what the keys give.
        first_group = not self._fingers.root.query_pointer().mask >> 13 & 3
        for at, row in enumerate(rows):
            for level in (0, 1):
                symbol = row[level]
                typed = 0x20 <= symbol < 0x100 and first_group
                if (typed or symbol in _CONTROLS.values()) and symbol not in known:
                    known[symbol] = (self._first + at, level == 1)
        return known, spare

    def _lock_key(self) -> int | None:
        """The CapsLock key, when it is on."""
        on = self._fingers.root.query_pointer().mask & X.LockMask
        return self._fingers.keyboard.keycode(XK.XK_Caps_Lock) if on else None


def _batch(text: str, known: dict[int, tuple[int, bool]], laid: dict[int, int], room: int) -> str:
    """As much of the text as the keys laid out give, else as fits on the spare keys."""
    able = _prefix(text, {*known, *laid}, 0)
    return able or _prefix(text, set(known), room)


def _prefix(text: str, symbols: set[int], room: int) -> str:
    new: set[int] = set()
    for at, character in enumerate(text):
        symbol = keysym_of(character)
        if symbol not in symbols:
            new.add(symbol)
        if len(new) > room:
            return text[:at]
    return text
