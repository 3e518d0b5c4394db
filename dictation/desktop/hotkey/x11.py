"""A global key on X11: a passive grab, so that the focused window does not see the key.

Recipe: XGrabKey(3), and the X protocol's "Passive Grabs": the server grabs the whole keyboard for
as long as the key is held. We let go of that at once, so that text can be pasted and typed while
the user holds the key, and watch the key itself until it is up.
"""

import difflib
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress

import Xlib.error
from Xlib import X
from Xlib.display import Display

from dictation.desktop.hotkey.base import HotkeyBusy, HotkeyUnknown
from dictation.desktop.keys import KeySpec, KeySpecError, parse_key
from dictation.desktop.x11 import Keyboard, close_display, key_names, keysym, open_display

_WATCH_SECONDS = 0.012
"""How often a held key is looked at; far below what a person can notice."""

_ALTERNATIVES = ("F9", "F8", "F10", "Pause", "Scroll_Lock", "ctrl+alt+space", "Menu")


class X11Hotkey:
    """One key on one display, with a connection and a thread of its own while it is started."""

    def __init__(self, spec: str, display: str | None) -> None:
        self._spec = _read(spec)
        self._display_name = display
        self._thread: threading.Thread | None = None
        self._wake = -1

    def start(self, on_press: Callable[[], None], on_release: Callable[[], None]) -> None:
        """Take the key. Raises HotkeyUnknown, HotkeyBusy or DisplayError."""
        if self._thread is not None:
            raise RuntimeError("the hotkey is started already")
        display = open_display(self._display_name)
        try:
            grab = _Grab(display, self._spec)
            grab.take()
        except (HotkeyBusy, HotkeyUnknown):
            close_display(display)
            raise
        reader, self._wake = os.pipe()
        self._thread = threading.Thread(
            target=_watch, args=(grab, reader, on_press, on_release), name="hotkey", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Give the key back; does nothing when it was not started."""
        if self._thread is None:
            return
        os.close(self._wake)
        self._thread.join()
        self._thread = None


def _read(spec: str) -> KeySpec:
    try:
        parsed = parse_key(spec)
    except KeySpecError as error:
        raise HotkeyUnknown(f"hotkey {error}") from error
    if not keysym(parsed.key):
        close = difflib.get_close_matches(parsed.key.lower(), key_names(), n=3, cutoff=0.6)
        hint = (
            f"did you mean {' or '.join(_shown(name) for name in close)}?"
            if close
            else ('use a name such as "F9", "Pause" or "ctrl+alt+space"')
        )
        raise HotkeyUnknown(f'hotkey "{spec}": there is no key "{parsed.key}"; {hint}')
    return parsed


def _shown(name: str) -> str:
    return f'"{name.upper() if name[:1] == "f" and name[1:].isdigit() else name}"'


class _Grab:
    """The passive grab of one chord under every combination of lock keys."""

    def __init__(self, display: Display, spec: KeySpec) -> None:
        self.display = display
        self.keyboard = Keyboard(display)
        self.code = 0
        self._spec = spec
        self._masks: list[int] = []

    def take(self) -> None:
        code = self.keyboard.keycode(keysym(self._spec.key))
        if code is None:
            raise HotkeyUnknown(
                f'hotkey "{self._spec}": this keyboard has no key "{self._spec.key}"; '
                "choose another one under [hotkey] key"
            )
        masks = self._all_masks()
        if not _grab(self.display, code, masks):
            free = next((name for name in _ALTERNATIVES if self._is_free(name)), None)
            advice = f', such as "{free}", which is free' if free else ""
            raise HotkeyBusy(
                f'hotkey "{self._spec}" is already taken by another program: close it or remove '
                f"its shortcut, or choose another key under [hotkey] key{advice}"
            )
        self.code, self._masks = code, masks

    def renew(self) -> None:
        """Follow the key to where a new layout has put it."""
        self.keyboard.refresh()
        code = self.keyboard.keycode(keysym(self._spec.key))
        masks = self._all_masks()
        if code is None or (code == self.code and masks == self._masks):
            return
        _ungrab(self.display, self.code, self._masks)
        if _grab(self.display, code, masks):
            self.code, self._masks = code, masks
        else:
            _grab(self.display, self.code, self._masks)

    def is_down(self) -> bool:
        return self.code in self.keyboard.keys_down()

    def _all_masks(self) -> list[int]:
        held = sum(self.keyboard.mask(name) for name in self._spec.modifiers)
        return [held | lock for lock in self.keyboard.lock_masks()]

    def _is_free(self, name: str) -> bool:
        spec = parse_key(name)
        code = self.keyboard.keycode(keysym(spec.key))
        if code is None or spec == self._spec:
            return False
        mask = sum(self.keyboard.mask(modifier) for modifier in spec.modifiers)
        taken = _grab(self.display, code, [mask])
        _ungrab(self.display, code, [mask])
        return taken


def _grab(display: Display, code: int, masks: list[int]) -> bool:
    refused: list[object] = []

    def note(error: object, request: object) -> None:
        refused.append(error)

    for mask in masks:
        display.screen().root.grab_key(
            code, mask, False, X.GrabModeAsync, X.GrabModeAsync, onerror=note
        )
    display.sync()
    if refused:
        _ungrab(display, code, masks)
    return not refused


def _ungrab(display: Display, code: int, masks: list[int]) -> None:
    for mask in masks:
        display.screen().root.ungrab_key(code, mask)
    display.sync()


def _watch(
    grab: _Grab, reader: int, on_press: Callable[[], None], on_release: Callable[[], None]
) -> None:
    """Report presses and releases until the pipe is closed or the server is gone."""
    display = grab.display
    down = False
    try:
        with suppress(Xlib.error.ConnectionClosedError):
            while True:
                if not display.pending_events():
                    wait = _WATCH_SECONDS if down else None
                    ready, _, _ = select.select([display.fileno(), reader], [], [], wait)
                    if reader in ready:
                        break
                while display.pending_events():
                    event = display.next_event()
                    if event.type == X.MappingNotify and not down:
                        grab.renew()
                    elif event.type == X.KeyPress and event.detail == grab.code:
                        # Autorepeat brings the grab back each time, so it is let go each time.
                        display.ungrab_keyboard(X.CurrentTime)
                        display.flush()
                        if not down:
                            down = True
                            on_press()
                # Events of autorepeat say "up" although the key is down: only its state counts.
                if down and not grab.is_down():
                    down = False
                    on_release()
    finally:
        if down:
            on_release()
        os.close(reader)
        close_display(display)
