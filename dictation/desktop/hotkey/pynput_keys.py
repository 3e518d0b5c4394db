"""A global key on Windows and macOS, through pynput."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from dictation.desktop.hotkey.base import HotkeyUnknown
from dictation.desktop.keys import KeySpec, KeySpecError, Modifier, parse_key

_MODIFIER_KEYS: dict[Modifier, tuple[str, ...]] = {
    "ctrl": ("ctrl", "ctrl_l", "ctrl_r"),
    "alt": ("alt", "alt_l", "alt_r", "alt_gr"),
    "shift": ("shift", "shift_l", "shift_r"),
    "super": ("cmd", "cmd_l", "cmd_r"),
}


class PynputHotkey:
    """One key, watched by pynput's listener thread; the focused program sees the key too."""

    def __init__(self, spec: str) -> None:
        try:
            self._spec = parse_key(spec)
        except KeySpecError as error:
            raise HotkeyUnknown(f"hotkey {error}") from error
        self._listener: Any = None
        self._held: set[str] = set()
        self._down = False

    def start(self, on_press: Callable[[], None], on_release: Callable[[], None]) -> None:
        """Watch the key. Raises HotkeyUnknown."""
        # pynput opens the desktop when it is imported, so it is imported where it is used.
        from pynput import keyboard

        _require_known(self._spec, keyboard.Key)

        def pressed(key: object) -> None:
            name = _name(key)
            self._held.add(name)
            if name == self._spec.key.lower() and not self._down and self._modifiers_match():
                self._down = True
                on_press()

        def released(key: object) -> None:
            name = _name(key)
            self._held.discard(name)
            if name == self._spec.key.lower() and self._down:
                self._down = False
                on_release()

        self._listener = keyboard.Listener(on_press=pressed, on_release=released)
        self._listener.start()

    def stop(self) -> None:
        """Stop watching."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def _modifiers_match(self) -> bool:
        return all(
            (name in self._spec.modifiers) == any(key in self._held for key in keys)
            for name, keys in _MODIFIER_KEYS.items()
            if self._spec.key.lower() not in keys
        )


def _name(key: object) -> str:
    """A key's name: the character it writes, or pynput's name of it ("f9", "space")."""
    character = getattr(key, "char", None)
    return str(character or getattr(key, "name", key)).lower()


def _require_known(spec: KeySpec, known: Iterable[Any]) -> None:
    names = [key.name for key in known]
    if len(spec.key) == 1 or spec.key.lower() in names:
        return
    close = difflib.get_close_matches(spec.key.lower(), names, n=2)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise HotkeyUnknown(f'hotkey "{spec}": there is no key "{spec.key}"{hint}')
