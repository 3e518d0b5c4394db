"""Chords as a virtual keyboard presses them, with the keymap that gives them their meaning."""

from collections.abc import Iterable
from dataclasses import dataclass

from dictation.desktop.keys import KeySpec, Modifier

SHIFT = 42
_MODIFIERS: dict[Modifier, tuple[int, int, str]] = {
    "ctrl": (29, 4, "Control_L"),
    "alt": (56, 8, "Alt_L"),
    "shift": (SHIFT, 1, "Shift_L"),
    "super": (125, 64, "Super_L"),
}
"""Code in the kernel's list, bit in the state, and symbol."""

_ROWS = {16: "qwertyuiop", 30: "asdfghjkl", 44: "zxcvbnm"}
_CODES = {letter: first + at for first, row in _ROWS.items() for at, letter in enumerate(row)}
_CODES |= {"Insert": 110, "BackSpace": 14, "Return": 28}
_OTHER = 194
"""F24, on which any other key is put."""

_MODIFIER_MAPS = {"ctrl": "Control", "alt": "Mod1", "shift": "Shift", "super": "Mod4"}
_XKB_OFFSET = 8


@dataclass(frozen=True, slots=True)
class Stroke:
    """A key to press while others are held; `mask` is the state they give."""

    code: int
    held: tuple[int, ...] = ()
    mask: int = 0
    symbol: str = "Shift_L"


def stroke(chord: KeySpec) -> Stroke:
    """How a chord is pressed."""
    name = chord.key.lower() if len(chord.key) == 1 else _named(chord.key)
    held = tuple(_MODIFIERS[each][0] for each in chord.modifiers)
    mask = sum(_MODIFIERS[each][1] for each in chord.modifiers)
    return Stroke(_CODES.get(name, _OTHER), held, mask, name)


def keymap(strokes: Iterable[Stroke]) -> str:
    """A keymap in XKB's text format for these strokes and the modifiers."""
    keys = {code: symbol for code, _, symbol in _MODIFIERS.values()}
    keys |= {code: letter for letter, code in _CODES.items()}
    keys |= {each.code: each.symbol for each in strokes}
    codes = "".join(f"<K{code}> = {code + _XKB_OFFSET};" for code in keys)
    symbols = "".join(f"key <K{code}> {{[{symbol}]}};" for code, symbol in keys.items())
    maps = "".join(
        f"modifier_map {_MODIFIER_MAPS[name]} {{<K{code}>}};"
        for name, (code, _, _) in _MODIFIERS.items()
    )
    return (
        "xkb_keymap {"
        f'xkb_keycodes "dictation" {{minimum = 8; maximum = 255; {codes}}};'
        'xkb_types "dictation" {include "complete"};'
        'xkb_compatibility "dictation" {include "complete"};'
        f'xkb_symbols "dictation" {{{symbols}{maps}}};'
        "};"
    )


def _named(key: str) -> str:
    known = {name.lower(): name for name in _CODES}
    return known.get({"ins": "insert", "enter": "return"}.get(key.lower(), key.lower()), key)
