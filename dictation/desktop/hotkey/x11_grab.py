"""The passive grab of one chord on X11, under every combination of lock keys."""

import difflib
from collections.abc import Iterator

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

from dictation.desktop.hotkey.base import Binding, HotkeyBusy, HotkeyUnknown
from dictation.desktop.keys import KeySpec, KeySpecError, parse_key
from dictation.desktop.x11 import Keyboard, key_names, keysym

_ALTERNATIVES = ("F9", "F8", "F10", "Pause", "Scroll_Lock", "ctrl+alt+space", "Menu")
_LOCKS = {XK.string_to_keysym(name) for name in ("Caps_Lock", "Num_Lock", "Scroll_Lock")}
_SETTINGS: dict[Binding, str] = {"dictate": "key"}


def read_chord(binding: Binding, spec: str) -> KeySpec:
    """Read the chord of a binding. Raises HotkeyUnknown, with names that are close."""
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


class Grab:
    """The grab of one binding's chord; `code` is the key's, `taken` whether it is ours now."""

    def __init__(
        self, display: Display, keyboard: Keyboard, binding: Binding, spec: KeySpec
    ) -> None:
        self.binding = binding
        self.code = 0
        self.taken = False
        self._display = display
        self._keyboard = keyboard
        self._spec = spec
        self._masks: list[int] = []
        self._locate()

    @property
    def modifier(self) -> bool:
        """Whether the key is a modifier that stands alone, so that it also serves shortcuts."""
        return self.code in self._keyboard.modifier_codes() and not self._is_lock

    def take(self) -> None:
        """Take the key. Raises HotkeyBusy."""
        if not self.taken and not _grab(self._display, self.code, self._masks):
            setting = _SETTINGS.get(self.binding, self.binding)
            free = next((name for name in _ALTERNATIVES if self._is_free(name)), None)
            advice = f', such as "{free}", which is free' if free else ""
            raise HotkeyBusy(
                f'hotkey "{self._spec}" is already taken by another program: close it or remove '
                f"its shortcut, or choose another key under [hotkey] {setting}{advice}"
            )
        self.taken = True

    def give_back(self) -> None:
        """Leave the key to the other programs."""
        if self.taken:
            _ungrab(self._display, self.code, self._masks)
        self.taken = False

    def renew(self) -> None:
        """Follow the key to where a new layout has put it; stay where that is not to be had."""
        before = (self.code, self._masks)
        try:
            self._locate()
        except HotkeyUnknown:
            return
        if before == (self.code, self._masks) or not self.taken:
            return
        _ungrab(self._display, *before)
        if not _grab(self._display, self.code, self._masks):
            self.code, self._masks = before
            _grab(self._display, *before)

    def matches(self, state: int) -> bool:
        """Whether the modifiers of an event are those of the chord."""
        return state in self._masks

    def lock_is_on(self) -> bool:
        """Whether the lock of this key (CapsLock, NumLock, ScrollLock) is on."""
        state = self._display.screen().root.query_pointer().mask
        return self._is_lock and bool(state & self._keyboard.mask_of_code(self.code))

    def set_lock(self, on: bool) -> None:
        """Bring back the state of the lock that a press of its key has changed."""
        if not self._is_lock or self.lock_is_on() == on:
            return
        _ungrab(self._display, self.code, self._masks)
        for change in (X.KeyPress, X.KeyRelease):
            xtest.fake_input(self._display, change, self.code)
        self._display.sync()
        _grab(self._display, self.code, self._masks)

    @property
    def _is_lock(self) -> bool:
        return keysym(self._spec.key) in _LOCKS

    def _locate(self) -> None:
        code = self._keyboard.keycode(keysym(self._spec.key))
        if code is None:
            setting = _SETTINGS.get(self.binding, self.binding)
            raise HotkeyUnknown(
                f'hotkey "{self._spec}": this keyboard has no key "{self._spec.key}"; '
                f"choose another one under [hotkey] {setting}"
            )
        self.code, self._masks = code, list(self._all_masks())

    def _all_masks(self) -> Iterator[int]:
        held = sum(self._keyboard.mask(name) for name in self._spec.modifiers)
        for lock in self._keyboard.lock_masks():
            yield held | lock

    def _is_free(self, name: str) -> bool:
        spec = parse_key(name)
        code = self._keyboard.keycode(keysym(spec.key))
        if code is None or spec == self._spec:
            return False
        mask = sum(self._keyboard.mask(modifier) for modifier in spec.modifiers)
        taken = _grab(self._display, code, [mask])
        _ungrab(self._display, code, [mask])
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
