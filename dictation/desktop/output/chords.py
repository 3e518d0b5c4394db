"""Which chord pastes in which program, and from which selection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dictation.desktop.keys import KeySpec, parse_key

Selection = Literal["CLIPBOARD", "PRIMARY"]


@dataclass(frozen=True, slots=True)
class PasteRule:
    """The chord to press, and the selections that must hold the text then."""

    chord: KeySpec
    selections: tuple[Selection, ...]


USUAL = PasteRule(KeySpec("v", ("ctrl",)), ("CLIPBOARD",))
EVERYWHERE = PasteRule(KeySpec("Insert", ("shift",)), ("CLIPBOARD", "PRIMARY"))
"""Works in nearly every program, but takes the user's PRIMARY selection for a moment."""
TERMINAL = PasteRule(KeySpec("v", ("ctrl", "shift")), ("CLIPBOARD",))

_TERMINALS = (
    "alacritty",
    "com.mitchellh.ghostty",
    "cool-retro-term",
    "deepin-terminal",
    "foot",
    "gnome-terminal",
    "gnome-terminal-server",
    "guake",
    "kgx",
    "kitty",
    "konsole",
    "lxterminal",
    "mate-terminal",
    "org.gnome.console",
    "org.gnome.ptyxis",
    "org.wezfurlong.wezterm",
    "ptyxis",
    "qterminal",
    "sakura",
    "st-256color",
    "terminator",
    "terminology",
    "tilix",
    "wezterm",
    "xfce4-terminal",
    "yakuake",
)
_SHIFT_INSERT = ("xterm", "uxterm", "koi8rxterm", "urxvt", "rxvt", "gvim", "emacs", "mlterm")
"""Programs where Ctrl+V means something else and Shift+Insert pastes, mostly from PRIMARY."""

_RULES = dict.fromkeys(_TERMINALS, TERMINAL) | dict.fromkeys(_SHIFT_INSERT, EVERYWHERE)


def paste_rule(wm_class: str, own: Mapping[str, str] | None = None) -> PasteRule:
    """The rule for a window class in any case; the user's `own` chords go first.

    Raises KeySpecError for a chord of the user's that cannot be read.
    """
    wanted = wm_class.lower()
    for name, chord in (own or {}).items():
        if name.lower() == wanted:
            spec = parse_key(chord)
            both = spec.key.lower() in ("insert", "ins") and spec.modifiers == ("shift",)
            return PasteRule(spec, EVERYWHERE.selections if both else USUAL.selections)
    return _RULES.get(wanted, USUAL)
