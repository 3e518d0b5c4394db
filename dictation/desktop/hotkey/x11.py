"""Global keys on X11: passive grabs, so that the focused window does not see the keys.

Recipe: XGrabKey(3), and the X protocol's "Passive Grabs": the server grabs the whole keyboard for
as long as the key is held. We let go of that at once, so that text can be pasted and typed while
the user holds the key, and learn from raw events when it comes up (see x11_raw).
"""

import logging
import os
import select
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import Xlib.error
from Xlib import X
from Xlib.display import Display

from dictation.desktop.hotkey.base import Binding, Emit, HotkeyBusy, HotkeyUnknown, KeyEvent
from dictation.desktop.hotkey.x11_grab import Grab, read_chord
from dictation.desktop.hotkey.x11_raw import is_autorepeat, read_key_move, select_key_moves
from dictation.desktop.x11 import DisplayError, Keyboard, close_display, open_display

_WATCH_CANCEL, _LEAVE_CANCEL = b"+", b"-"

_log = logging.getLogger(__name__)


class X11Hotkeys:
    """The keys of one display, with a connection and a thread of their own while started."""

    def __init__(self, bindings: Mapping[Binding, str], display: str | None) -> None:
        self._specs = {binding: read_chord(binding, spec) for binding, spec in bindings.items()}
        self._display_name = display
        self._thread: threading.Thread | None = None
        self._wake = -1

    def start(self, emit: Emit) -> None:
        """Take the keys. Raises HotkeyUnknown, HotkeyBusy or DisplayError."""
        if self._thread is not None:
            raise RuntimeError("the hotkeys are started already")
        display = open_display(self._display_name)
        try:
            keyboard = Keyboard(display)
            select_key_moves(display)
            grabs = [Grab(display, keyboard, *item) for item in self._specs.items()]
            for grab in grabs:
                if grab.binding != "cancel":
                    grab.take()
        except (DisplayError, HotkeyBusy, HotkeyUnknown):
            close_display(display)
            raise
        reader, self._wake = os.pipe()
        watch = _Watch(display, keyboard, grabs, reader, emit)
        self._thread = threading.Thread(target=watch.run, name="hotkey", daemon=True)
        self._thread.start()

    def watch_cancel(self, watch: bool) -> None:
        """Take the key that cancels, or give it back."""
        if self._thread is not None:
            # Nobody reads any more when the X server is gone.
            with suppress(BrokenPipeError):
                os.write(self._wake, _WATCH_CANCEL if watch else _LEAVE_CANCEL)

    def stop(self) -> None:
        """Give the keys back; does nothing when they were not started."""
        if self._thread is None:
            return
        os.close(self._wake)
        self._thread.join()
        self._thread = None


@dataclass(slots=True)
class _Held:
    """A key that is down, and its lock as it was before."""

    grab: Grab
    lock: bool
    spoiled: bool = False


class _Watch:
    """Reports presses and releases until the pipe is closed or the server is gone."""

    def __init__(
        self, display: Display, keyboard: Keyboard, grabs: list[Grab], reader: int, emit: Emit
    ) -> None:
        self._display = display
        self._keyboard = keyboard
        self._grabs = grabs
        self._reader = reader
        self._emit = emit
        self._held: dict[Binding, _Held] = {}

    def run(self) -> None:
        try:
            with suppress(Xlib.error.ConnectionClosedError):
                while self._wait():
                    while self._display.pending_events():
                        self._take(self._display.next_event())
        finally:
            for binding in list(self._held):
                self._emit(KeyEvent(binding, "up"))
            os.close(self._reader)
            close_display(self._display)

    def _wait(self) -> bool:
        """Wait for something to do; False when the owner has closed the pipe."""
        if self._display.pending_events():
            return True
        ready, _, _ = select.select([self._display.fileno(), self._reader], [], [])
        if self._reader not in ready:
            return True
        orders = os.read(self._reader, 4096)
        if orders:
            self._watch_cancel(orders[-1:] == _WATCH_CANCEL)
        return bool(orders)

    def _watch_cancel(self, watch: bool) -> None:
        for grab in self._grabs:
            if grab.binding == "cancel" and watch:
                try:
                    grab.take()
                except HotkeyBusy as error:
                    _log.warning("%s", error)
            elif grab.binding == "cancel":
                grab.give_back()

    def _take(self, event: object) -> None:
        kind = getattr(event, "type", None)
        if kind == X.MappingNotify and not self._held:
            self._keyboard.refresh()
            for grab in self._grabs:
                grab.renew()
        move = read_key_move(event)
        if move is None:
            return
        if move.down:
            self._spoil(move.code)
            if kind == X.KeyPress:
                self._press(move.code, int(getattr(event, "state", 0)))
            return
        following = self._following() if kind == X.KeyRelease else None
        if not is_autorepeat(event, following):
            self._release(move.code)
        if following is not None:
            self._take(following)

    def _following(self) -> object | None:
        """The event after this one, where the server has sent one."""
        self._display.sync()
        return self._display.next_event() if self._display.pending_events() else None

    def _press(self, code: int, state: int) -> None:
        pressed = self._pressed(code, state)
        if pressed is None:
            return
        # Autorepeat brings the grab back each time, so it is let go each time.
        self._display.ungrab_keyboard(X.CurrentTime)
        self._display.flush()
        if pressed.binding not in self._held:
            lock = bool(state & self._keyboard.mask_of_code(code))
            self._held[pressed.binding] = _Held(pressed, lock)
            self._emit(KeyEvent(pressed.binding, "down"))

    def _pressed(self, code: int, state: int) -> Grab | None:
        """The grab that a press belongs to: several chords may share a key."""
        taken = [grab for grab in self._grabs if grab.taken and grab.code == code]
        exact = [grab for grab in taken if grab.matches(state)]
        return next(iter(exact or taken), None)

    def _spoil(self, code: int) -> None:
        for binding, held in self._held.items():
            if held.grab.modifier and not held.spoiled and held.grab.code != code:
                held.spoiled = True
                self._emit(KeyEvent(binding, "spoiled"))

    def _release(self, code: int) -> None:
        for binding, held in list(self._held.items()):
            if held.grab.code == code:
                del self._held[binding]
                held.grab.set_lock(held.lock)
                self._emit(KeyEvent(binding, "up"))
