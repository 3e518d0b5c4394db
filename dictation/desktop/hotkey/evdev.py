"""Global keys from the keyboards themselves, where a user asks for that: no server, any desktop.

Sources: the kernel's input.h and input-event-codes.h. Reading every key press of a computer takes
membership in the group "input"; the focused program sees the key too.
"""

import os
import select
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path

from dictation.desktop.hotkey.base import (
    Binding,
    Emit,
    HotkeyUnavailable,
    HotkeyUnknown,
    KeyEvent,
)
from dictation.desktop.keys import KeySpec, KeySpecError, Modifier, parse_key

EVENT = struct.Struct("llHHi")
"""struct input_event: seconds, microseconds, type, code, value."""

_EV_KEY = 1
_UP, _DOWN = 0, 1

_ROWS = {
    1: "escape 1 2 3 4 5 6 7 8 9 0 minus equal backspace tab",
    16: "q w e r t y u i o p bracketleft bracketright return control_l",
    30: "a s d f g h j k l semicolon apostrophe grave shift_l backslash",
    44: "z x c v b n m comma period slash shift_r kp_multiply alt_l space caps_lock",
    59: "f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 num_lock scroll_lock",
    87: "f11 f12",
    96: "kp_enter control_r kp_divide print alt_r",
    102: "home up prior left right end down next insert delete",
    119: "pause",
    125: "super_l super_r menu",
    183: "f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24",
    248: "micmute",
}
_CODES = {
    name: first + offset
    for first, row in _ROWS.items()
    for offset, name in enumerate(row.split(" "))
}
_OTHER_NAMES = {
    "esc": "escape",
    "enter": "return",
    "capslock": "caps_lock",
    "numlock": "num_lock",
    "scrolllock": "scroll_lock",
    "pageup": "prior",
    "pagedown": "next",
    "ins": "insert",
    "del": "delete",
    "rightctrl": "control_r",
    "leftctrl": "control_l",
    "rightalt": "alt_r",
    "leftalt": "alt_l",
    "rightshift": "shift_r",
    "leftshift": "shift_l",
    "rightsuper": "super_r",
    "leftsuper": "super_l",
}
_MODIFIERS: dict[Modifier, set[int]] = {
    "ctrl": {29, 97},
    "alt": {56, 100},
    "shift": {42, 54},
    "super": {125, 126},
}
_ALL_MODIFIERS = set().union(*_MODIFIERS.values())


@dataclass(slots=True)
class Chords:
    """Which bindings are down, from the keys that go down and up: no device, no thread."""

    specs: Mapping[Binding, KeySpec]
    cancels: bool = False
    _held: set[int] = field(default_factory=set)
    _down: dict[Binding, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for spec in self.specs.values():
            key_code(spec)

    def change(self, code: int, value: int) -> list[KeyEvent]:
        """What a key that went down (1) or up (0) means; repeats (2) mean nothing."""
        if value == _DOWN:
            return [*self._spoiled(code), *self._pressed(code)]
        return self._released(code) if value == _UP else []

    def release_all(self) -> list[KeyEvent]:
        """The releases of whatever is down."""
        events = [KeyEvent(binding, "up") for binding in self._down]
        self._down.clear()
        return events

    def _pressed(self, code: int) -> Iterator[KeyEvent]:
        held = self._held - {code}
        self._held.add(code)
        for binding, spec in self.specs.items():
            wanted = key_code(spec) == code and (binding != "cancel" or self.cancels)
            if wanted and binding not in self._down and _match(spec, held):
                self._down[binding] = False
                yield KeyEvent(binding, "down")

    def _spoiled(self, code: int) -> Iterator[KeyEvent]:
        for binding, spoiled in self._down.items():
            own = key_code(self.specs[binding])
            if own in _ALL_MODIFIERS and own != code and not spoiled:
                self._down[binding] = True
                yield KeyEvent(binding, "spoiled")

    def _released(self, code: int) -> list[KeyEvent]:
        self._held.discard(code)
        up = [binding for binding in self._down if key_code(self.specs[binding]) == code]
        for binding in up:
            del self._down[binding]
        return [KeyEvent(binding, "up") for binding in up]


def _match(spec: KeySpec, held: set[int]) -> bool:
    return all((name in spec.modifiers) == bool(codes & held) for name, codes in _MODIFIERS.items())


def key_code(spec: KeySpec) -> int:
    """The kernel's code of a chord's key. Raises HotkeyUnknown."""
    name = spec.key.lower()
    code = _CODES.get(_OTHER_NAMES.get(name, name))
    if code is None:
        raise HotkeyUnknown(f'hotkey "{spec}": there is no key "{spec.key}" among those of evdev')
    return code


class EvdevHotkeys:
    """The keys of all keyboards that are there at the start, read in a thread of their own."""

    def __init__(self, bindings: Mapping[Binding, str], folder: Path = Path("/dev/input")) -> None:
        try:
            specs = {binding: parse_key(spec) for binding, spec in bindings.items()}
        except KeySpecError as error:
            raise HotkeyUnknown(f"hotkey {error}") from error
        self._chords = Chords(specs)
        self._folder = folder
        self._thread: threading.Thread | None = None
        self._wake = -1

    def start(self, emit: Emit) -> None:
        """Open the keyboards. Raises HotkeyUnavailable."""
        files = open_keyboards(self._folder)
        reader, self._wake = os.pipe()
        self._thread = threading.Thread(
            target=self._read, args=(files, reader, emit), name="hotkey", daemon=True
        )
        self._thread.start()

    def watch_cancel(self, watch: bool) -> None:
        """Mind the key that cancels, or overlook it."""
        self._chords.cancels = watch

    def stop(self) -> None:
        """Close the keyboards."""
        if self._thread is not None:
            os.close(self._wake)
            self._thread.join()
            self._thread = None

    def _read(self, files: list[int], reader: int, emit: Emit) -> None:
        while reader not in (ready := select.select([*files, reader], [], [])[0]):
            for file in ready:
                try:
                    data = os.read(file, EVENT.size * 64)
                except OSError:  # unplugged
                    files.remove(file)
                    os.close(file)
                    continue
                for code, value in key_changes(data):
                    for event in self._chords.change(code, value):
                        emit(event)
        for event in self._chords.release_all():
            emit(event)
        for file in (*files, reader):
            os.close(file)


def key_changes(data: bytes) -> Iterator[tuple[int, int]]:
    """The codes and values of the key events in what a device gave."""
    for _, _, kind, code, value in EVENT.iter_unpack(data[: len(data) // EVENT.size * EVENT.size]):
        if kind == _EV_KEY:
            yield code, value


def open_keyboards(folder: Path) -> list[int]:
    """Open every device with letters, for reading. Raises HotkeyUnavailable."""
    found: list[int] = []
    forbidden = False
    for path in sorted(folder.glob("event*")):
        try:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            forbidden = True
            continue
        except OSError:
            continue
        if _is_keyboard(file):
            found.append(file)
        else:
            os.close(file)
    if found:
        return found
    if forbidden:
        raise HotkeyUnavailable(
            f"no global hotkey: the keyboards in {folder} may not be read; add yourself to the "
            "group input (sudo usermod -aG input $USER, then log in again)"
        )
    raise HotkeyUnavailable(f"no global hotkey: there is no keyboard in {folder}")


def _is_keyboard(file: int) -> bool:
    # EVIOCGBIT(EV_KEY, 16): which of the first 128 keys the device has.
    request = 2 << 30 | 16 << 16 | ord("E") << 8 | 0x20 + _EV_KEY
    bits = bytes(16)
    with suppress(OSError):
        bits = ioctl(file, request, bits)
    return all(bits[code // 8] >> code % 8 & 1 for code in (_CODES["a"], _CODES["space"]))
