"""Keys on X11: pressed by XTEST, and only when they reach the right window as they are meant."""

import time
from collections.abc import Callable

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest
from Xlib.protocol import event as events
from Xlib.protocol import rq

from dictation.desktop.focus import Window, focused_window, has_input_focus
from dictation.desktop.keys import KeySpec
from dictation.desktop.output.base import DeliveryError, FocusMovedError, OutputSettings
from dictation.desktop.output.selections import SelectionClient
from dictation.desktop.x11 import Keyboard, window_property

_HANDOVER_SECONDS = 0.3
"""How long a window that has just become active may take to get the keyboard."""

_PING_SECONDS = 1.0
_POLL_SECONDS = 0.004


class Fingers:
    """Presses keys by one connection, serving its selections while it waits."""

    def __init__(
        self, display: Display, selections: SelectionClient, settings: OutputSettings
    ) -> None:
        self._display = display
        self._selections = selections
        self._settings = settings
        self._answered: int | None = None
        self._pings = 0
        self.keyboard = Keyboard(display)
        selections.others.append(self._hear)
        self.root = display.screen().root

    def await_modifiers(self) -> None:
        """Wait until the user has let go of Ctrl and the like. Raises DeliveryError."""
        until = time.monotonic() + self._settings.held_seconds
        self.keyboard.refresh()
        if not self.wait(lambda: not self.keyboard.held_modifiers(), until):
            raise DeliveryError(
                "Ctrl, Alt, Shift or Super was held for too long, so the text was not sent; "
                "let go of it and take the text from the tray's last texts"
            )

    def require_focus(self, target: Window | None) -> Window:
        """The focused window, which must be the target where there is one.

        Raises FocusMovedError, and DeliveryError when nothing has the focus.
        """
        focused = focused_window(self._display)
        if focused is None:
            raise DeliveryError("no window has the focus; click into one and try again")
        if target is not None and focused.id != target.id:
            raise FocusMovedError(
                f'the focus has moved from "{target.title or target.wm_class}" to '
                f'"{focused.title or focused.wm_class}", so the text was not sent'
            )
        self.wait(
            lambda: has_input_focus(self._display, focused.id), time.monotonic() + _HANDOVER_SECONDS
        )
        return focused

    def require_keyboard(self) -> None:
        """Wait until no other program holds the keyboard. Raises DeliveryError."""

        # Whoever holds a grab (an open menu, a screen lock) would get the keys. Having had the
        # keyboard ourselves for a moment proves that nobody does.
        def taken() -> bool:
            reply = self.root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
            return bool(reply == X.GrabSuccess)

        if not self.wait(taken, time.monotonic() + self._settings.held_seconds):
            raise DeliveryError(
                "another program holds the keyboard (an open menu or a locked screen), so the "
                "text was not sent; close it and try again"
            )
        self._display.ungrab_keyboard(X.CurrentTime)

    def can_press(self, chord: KeySpec) -> bool:
        """Whether this keyboard has the keys of a chord."""
        return self.keyboard.chord(chord) is not None

    def press(self, chord: KeySpec) -> None:
        """Press a chord in whatever has the keyboard. Raises DeliveryError."""
        codes = self.keyboard.chord(chord)
        if codes is None:
            raise DeliveryError(f'this keyboard cannot press "{chord}"')
        self.require_keyboard()
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.flush()

    def tap_shift(self) -> None:
        """Press a key that changes nothing in whatever has the keyboard."""
        for kind in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, kind, self._display.keysym_to_keycode(XK.XK_Shift_L))
        self._display.flush()

    def answers(self, window: int, seconds: float = _PING_SECONDS) -> bool:
        """Whether a window's program has dealt with all that was sent to it so far.

        Asked by _NET_WM_PING (EWMH); False also for programs that do not know it.
        """
        known = window_property(self._display, window, "WM_PROTOCOLS")
        ping = self._display.intern_atom("_NET_WM_PING")
        if known is None or ping not in known.value:
            return False
        self._pings += 1
        # The answer goes to the root window.
        self.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        message = events.ClientMessage(
            window=self._display.create_resource_object("window", window),
            client_type=self._display.intern_atom("WM_PROTOCOLS"),
            data=(32, [ping, self._pings, window, 0, 0]),
        )
        self._display.send_event(window, message)
        self._display.flush()
        answered = self.wait(lambda: self._answered == self._pings, time.monotonic() + seconds)
        self.root.change_attributes(event_mask=X.NoEventMask)
        return answered

    def wait(self, done: Callable[[], bool], until: float) -> bool:
        """Serve the selections until `done` or the time `until`; returns what it ended with."""
        return self._selections.pump(done, until, pause=_POLL_SECONDS)

    def pause(self, seconds: float) -> None:
        """Serve the selections for a while."""
        self._selections.pump(lambda: False, time.monotonic() + seconds)

    def _hear(self, event: rq.Event) -> None:
        if event.type == X.ClientMessage and event.window.id == self.root.id:
            kind = self._display.intern_atom("WM_PROTOCOLS")
            if event.client_type == kind:
                self._answered = int(event.data[1][1])
