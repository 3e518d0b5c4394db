"""Which chord pastes in which program, and from which selection."""

from dataclasses import dataclass
from typing import Literal

from dictation.desktop.keys import KeySpec

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
    "footclient",
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
_X_TERMINALS = ("xterm", "uxterm", "koi8rxterm", "urxvt", "rxvt", "mlterm")
_SHIFT_INSERT = (*_X_TERMINALS, "gvim", "emacs")
"""Programs where Ctrl+V means something else and Shift+Insert pastes, mostly from PRIMARY."""

_RULES = dict.fromkeys(_TERMINALS, TERMINAL) | dict.fromkeys(_SHIFT_INSERT, EVERYWHERE)


def paste_rule(name: str, own: KeySpec | None = None) -> PasteRule:
    """The rule for a window class or app id in any case; the user's `own` chord goes first."""
    if own is None:
        return _RULES.get(name.lower(), USUAL)
    both = own.key.lower() in ("insert", "ins") and own.modifiers == ("shift",)
    return PasteRule(own, EVERYWHERE.selections if both else USUAL.selections)


def is_terminal(name: str) -> bool:
    """Whether the programs of a window class or app id take a line end for Enter."""
    return name.lower() in _TERMINALS or name.lower() in _X_TERMINALS
