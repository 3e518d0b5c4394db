"""What every X11 part needs: a connection, the keyboard's layout, and who owns a window."""

import itertools
import re
from contextlib import suppress

import Xlib.error
import Xlib.xauth
from Xlib import XK, X, Xatom
from Xlib.display import Display
from Xlib.protocol import rq

from dictation.desktop.keys import KeySpec, Modifier
from dictation.errors import DictationError

# Groups that Xlib leaves out at first: the keys of notebooks and headsets.
XK.load_keysym_group("xf86")

_MODIFIER_KEYS: dict[Modifier, tuple[str, ...]] = {
    "ctrl": ("Control_L", "Control_R"),
    "alt": ("Alt_L", "Alt_R", "Meta_L"),
    "shift": ("Shift_L", "Shift_R"),
    "super": ("Super_L", "Super_R"),
}
_FIXED_MASKS: dict[Modifier, int] = {"ctrl": X.ControlMask, "shift": X.ShiftMask}
_USUAL_MASKS: dict[Modifier, int] = {"alt": X.Mod1Mask, "super": X.Mod4Mask}


class DisplayError(DictationError):
    """The X server cannot be reached."""


def open_display(name: str | None) -> Display:
    """Connect to an X server; each thread needs a connection of its own."""
    if name is None:
        raise DisplayError("there is no X display here: DISPLAY is not set")
    try:
        display = Display(name)
    except (Xlib.error.DisplayError, Xlib.error.ConnectionClosedError, OSError) as error:
        raise DisplayError(f"the X display {name} cannot be opened: {error}") from error
    except Xlib.error.XNoAuthError as error:
        raise DisplayError(f"the X display {name} refuses us: {error}") from error
    # Windows of others may vanish at any time; what matters is asked for with its own handler.
    display.set_error_handler(_ignore)
    return display


def close_display(display: Display) -> None:
    """Disconnect, whether or not the server is still there."""
    with suppress(Xlib.error.ConnectionClosedError, OSError):
        display.close()
    # A connection that the server has ended is left open by python-xlib on our side.
    display.display.socket.close()


def desktop_scale(display: Display) -> float | None:
    """How much larger than usual the desktop draws (Xft.dpi / 96); None where it is not set."""
    root = display.screen().root
    resources = root.get_full_text_property(Xatom.RESOURCE_MANAGER, Xatom.STRING) or ""
    found = re.search(r"^Xft\.dpi:\s*([\d.]+)", str(resources), re.MULTILINE)
    return float(found[1]) / 96 if found else None


def _ignore(error: object, request: object) -> None:
    pass


class Keyboard:
    """The layout and the state of a display's keyboard."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._first = display.display.info.min_keycode
        self.refresh()

    def refresh(self) -> None:
        """Read the layout again, after a MappingNotify."""
        info = self._display.display.info
        count = info.max_keycode - info.min_keycode + 1
        self._symbols = [
            tuple(row) for row in self._display.get_keyboard_mapping(self._first, count)
        ]
        self._modifiers = [tuple(row) for row in self._display.get_modifier_mapping()]

    def keycode(self, keysym: int) -> int | None:
        """The key that gives a symbol, preferably without Shift; None when no key does."""
        width = max((len(row) for row in self._symbols), default=0)
        for column in range(width):
            for offset, row in enumerate(self._symbols):
                if column < len(row) and row[column] == keysym:
                    return int(self._first) + offset
        return None

    def mask(self, modifier: Modifier) -> int:
        """The bit that a modifier sets in the state of an event."""
        if modifier in _FIXED_MASKS:
            return _FIXED_MASKS[modifier]
        found = self._mask_of(_MODIFIER_KEYS[modifier])
        return found or _USUAL_MASKS[modifier]

    def lock_masks(self) -> list[int]:
        """All sums of the lock bits (CapsLock, NumLock, ScrollLock) that this keyboard has."""
        num = self._mask_of(("Num_Lock",))
        scroll = self._mask_of(("Scroll_Lock",))
        locks = [mask for mask in (X.LockMask, num, scroll) if mask]
        return sorted(
            {
                sum(chosen)
                for count in range(len(locks) + 1)
                for chosen in itertools.combinations(locks, count)
            }
        )

    def held_modifiers(self) -> set[int]:
        """The keycodes of modifier keys that are down now; lock keys do not count."""
        locks = {self.keycode(XK.string_to_keysym(name)) for name in ("Num_Lock", "Scroll_Lock")}
        return self.keys_down() & self.modifier_codes() - locks

    def keys_down(self) -> set[int]:
        """The keycodes of all keys that are down now."""
        return {
            8 * byte + bit
            for byte, bits in enumerate(self._display.query_keymap())
            for bit in range(8)
            if bits >> bit & 1
        }

    def chord(self, spec: KeySpec) -> list[int] | None:
        """The keycodes to press in order for a chord; None when this keyboard lacks one."""
        symbol = keysym(spec.key)
        codes = [
            self.keycode(XK.string_to_keysym(_MODIFIER_KEYS[name][0])) for name in spec.modifiers
        ]
        codes.append(self.keycode(symbol) if symbol else None)
        known = [code for code in codes if code is not None]
        return known if len(known) == len(codes) else None

    def _mask_of(self, names: tuple[str, ...]) -> int:
        symbols = {XK.string_to_keysym(name) for name in names}
        codes = {
            self._first + offset for offset, row in enumerate(self._symbols) if symbols & set(row)
        }
        for index, row in enumerate(self._modifiers):
            if index != X.LockMapIndex and codes & set(row):
                return 1 << index
        return 0

    def modifier_codes(self) -> set[int]:
        """The keycodes of all modifier keys but CapsLock."""
        rows = (row for index, row in enumerate(self._modifiers) if index != X.LockMapIndex)
        return {code for row in rows for code in row if code}

    def mask_of_code(self, code: int) -> int:
        """The bit that a key sets in the state of an event, 0 when it is no modifier."""
        return sum(1 << index for index, row in enumerate(self._modifiers) if code and code in row)


_FRIENDLY = {
    "esc": "Escape",
    "enter": "Return",
    "del": "Delete",
    "ins": "Insert",
    "pgup": "Prior",
    "pageup": "Prior",
    "pgdn": "Next",
    "pagedown": "Next",
    "break": "Pause",
    "capslock": "Caps_Lock",
    "scrolllock": "Scroll_Lock",
    "numlock": "Num_Lock",
    "print": "Print",
    "printscreen": "Print",
    "ctrl_l": "Control_L",
    "ctrl_r": "Control_R",
    "rightctrl": "Control_R",
    "leftctrl": "Control_L",
    "rightalt": "Alt_R",
    "leftalt": "Alt_L",
    "rightshift": "Shift_R",
    "leftshift": "Shift_L",
    "rightsuper": "Super_R",
    "leftsuper": "Super_L",
    "micmute": "XF86_AudioMicMute",
    "`": "grave",
    "-": "minus",
    "=": "equal",
    "[": "bracketleft",
    "]": "bracketright",
    ";": "semicolon",
    "'": "apostrophe",
    ",": "comma",
    ".": "period",
    "/": "slash",
    "\\": "backslash",
}
"""Names that people use beside those of X."""

_KEYSYM_NAMES = {
    name.removeprefix("XK_").lower(): name.removeprefix("XK_")
    for name in sorted(dir(XK))
    if name.startswith("XK_")
}


def keysym(key: str) -> int:
    """The X symbol of a key's name in any case; 0 when there is no such key."""
    if len(key) == 1 and key.isalnum():
        key = key.lower()
    name = _FRIENDLY.get(key.lower().replace(" ", ""), key)
    return int(XK.string_to_keysym(name)) or int(
        XK.string_to_keysym(_KEYSYM_NAMES.get(name.lower(), ""))
    )


def key_names() -> list[str]:
    """All names a key may have, for suggestions."""
    return sorted({*_KEYSYM_NAMES, *_FRIENDLY})


def same_client(display: Display, one: int, other: int) -> bool:
    """Whether two windows were made by the same connection to the server.

    The server gives each client a range of ids: all bits outside `resource_id_mask`.
    """
    mask = int(display.display.info.resource_id_mask)
    return one & ~mask == other & ~mask


def window_property(
    display: Display, window: int, name: str, kind: int = X.AnyPropertyType
) -> rq.DictWrapper | None:
    """A window's property, None where it has none or is gone."""
    try:
        return display.create_resource_object("window", window).get_full_property(
            display.intern_atom(name), kind
        )
    except Xlib.error.XError:
        return None
