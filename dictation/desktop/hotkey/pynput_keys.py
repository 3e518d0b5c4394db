"""Global keys on Windows and macOS, through pynput."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from dictation.desktop.hotkey.base import Binding, Emit, HotkeyUnknown, KeyEvent
from dictation.desktop.keys import KeySpec, KeySpecError, Modifier, parse_key

_MODIFIER_KEYS: dict[Modifier, tuple[str, ...]] = {
    "ctrl": ("ctrl", "ctrl_l", "ctrl_r"),
    "alt": ("alt", "alt_l", "alt_r", "alt_gr"),
    "shift": ("shift", "shift_l", "shift_r"),
    "super": ("cmd", "cmd_l", "cmd_r"),
}
_MODIFIER_NAMES = {name for names in _MODIFIER_KEYS.values() for name in names}
_OTHER_NAMES = {"escape": "esc", "return": "enter", "rightctrl": "ctrl_r", "leftctrl": "ctrl_l"}


class PynputHotkeys:
    """Keys watched by pynput's listener thread; the focused program sees them too."""

    def __init__(self, bindings: Mapping[Binding, str]) -> None:
        try:
            self._specs = {binding: parse_key(spec) for binding, spec in bindings.items()}
        except KeySpecError as error:
            raise HotkeyUnknown(f"hotkey {error}") from error
        self._listener: Any = None
        self._held: set[str] = set()
        self._down: set[Binding] = set()
        self._spoiled: set[Binding] = set()
        self._cancels = False

    def start(self, emit: Emit) -> None:
        """Watch the keys. Raises HotkeyUnknown."""
        # pynput opens the desktop when it is imported, so it is imported where it is used.
        from pynput import keyboard

        for spec in self._specs.values():
            _require_known(spec, keyboard.Key)

        def pressed(key: object) -> None:
            for event in self._press(_name(key)):
                emit(event)

        def released(key: object) -> None:
            for event in self._release(_name(key)):
                emit(event)

        self._listener = keyboard.Listener(on_press=pressed, on_release=released)
        self._listener.start()

    def watch_cancel(self, watch: bool) -> None:
        """Mind the key that cancels, or overlook it."""
        self._cancels = watch

    def stop(self) -> None:
        """Stop watching."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def _press(self, name: str) -> list[KeyEvent]:
        """What a press means; keys that repeat are pressed once."""
        repeated = name in self._held
        events = [] if repeated else [KeyEvent(each, "spoiled") for each in self._alone(name)]
        self._spoiled |= {event.binding for event in events}
        self._held.add(name)
        for binding, spec in self._specs.items():
            known = binding in self._down or (binding == "cancel" and not self._cancels)
            if _key(spec) == name and not known and self._modifiers_match(spec):
                self._down.add(binding)
                events.append(KeyEvent(binding, "down"))
        return events

    def _release(self, name: str) -> list[KeyEvent]:
        self._held.discard(name)
        up = [
            each for each in self._specs if each in self._down and _key(self._specs[each]) == name
        ]
        self._down -= set(up)
        self._spoiled -= set(up)
        return [KeyEvent(binding, "up") for binding in up]

    def _alone(self, pressed: str) -> list[Binding]:
        """The modifiers that are down for themselves while another key is pressed."""
        return [
            binding
            for binding in self._down - self._spoiled
            if _key(self._specs[binding]) in _MODIFIER_NAMES - {pressed}
        ]

    def _modifiers_match(self, spec: KeySpec) -> bool:
        return all(
            (name in spec.modifiers) == any(key in self._held for key in keys)
            for name, keys in _MODIFIER_KEYS.items()
            if _key(spec) not in keys
        )


def _key(spec: KeySpec) -> str:
    lowered = spec.key.lower()
    return _OTHER_NAMES.get(lowered, lowered)


def _name(key: object) -> str:
    """A key's name: the character it writes, or pynput's name of it ("f9", "space")."""
    character = getattr(key, "char", None)
    return str(character or getattr(key, "name", key)).lower()


def _require_known(spec: KeySpec, known: Iterable[Any]) -> None:
    names = [key.name for key in known]
    if len(spec.key) == 1 or _key(spec) in names:
        return
    close = difflib.get_close_matches(spec.key.lower(), names, n=2)
    hint = f"; did you mean {' or '.join(close)}?" if close else ""
    raise HotkeyUnknown(f'hotkey "{spec}": there is no key "{spec.key}"{hint}')
