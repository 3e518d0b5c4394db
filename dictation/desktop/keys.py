"""Names of keys and chords as people write them in a configuration: "F9", "ctrl+alt+space"."""

from dataclasses import dataclass
from typing import Literal, get_args

from dictation.errors import DictationError

Modifier = Literal["ctrl", "alt", "shift", "super"]


class KeySpecError(DictationError):
    """A chord that cannot be read."""


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key with the modifiers that must be held, in a fixed order and without repeats."""

    key: str
    modifiers: tuple[Modifier, ...] = ()

    def __str__(self) -> str:
        return "+".join((*self.modifiers, self.key))


_MODIFIERS: tuple[Modifier, ...] = get_args(Modifier)
_OTHER_NAMES: dict[str, Modifier] = {
    "control": "ctrl",
    "strg": "ctrl",
    "option": "alt",
    "win": "super",
    "windows": "super",
    "meta": "super",
    "cmd": "super",
    "command": "super",
}


_SINGLE_MODIFIERS = {
    shape.format(name)
    for name in (*_MODIFIERS, *_OTHER_NAMES)
    for shape in ("{}", "{}l", "{}r", "left{}", "right{}")
}


def parse_key(spec: str) -> KeySpec:
    """Read a chord; its last part is the key, kept as written. Raises KeySpecError."""
    *before, key = (part.strip() for part in spec.strip().split("+"))
    if not key:
        raise KeySpecError(f'"{spec}" names no key; write it like "F9" or "ctrl+alt+space"')
    wanted = {_modifier(part, spec) for part in before}
    return KeySpec(key, tuple(name for name in _MODIFIERS if name in wanted))


def is_modifier(spec: str) -> bool:
    """Whether a chord is a single modifier, which also serves shortcuts while it is held."""
    return spec.strip().lower().replace("_", "") in _SINGLE_MODIFIERS


def _modifier(name: str, spec: str) -> Modifier:
    lowered = name.lower()
    if lowered in _OTHER_NAMES:
        return _OTHER_NAMES[lowered]
    for modifier in _MODIFIERS:
        if lowered == modifier:
            return modifier
    raise KeySpecError(
        f'"{spec}": "{name}" is not a modifier; these can be held: {", ".join(_MODIFIERS)}'
    )
