"""Taking the last text back on X11, and only if nothing has happened since.

Where a program is open to assistive technology, the text is looked for before the cursor and
removed there; elsewhere BackSpace is pressed as often as it has characters. XInput2's raw events
tell of every key and button, whoever gets it; of what was typed nothing is kept but that it was.
"""

import struct
import unicodedata
from dataclasses import dataclass

from Xlib import X
from Xlib.display import Display
from Xlib.ext import ge, xinput, xtest
from Xlib.protocol import rq

from dictation.desktop.accessible import Accessibility
from dictation.desktop.focus import Window
from dictation.desktop.keys import KeySpec
from dictation.desktop.output.base import DeliveryError, UndoError
from dictation.desktop.output.fingers import Fingers
from dictation.desktop.output.selections import SelectionClient

_BACKSPACE = KeySpec("BackSpace")
_LOOK_SECONDS = 3.0
"""A program that has just got a text may be busy with it; this is not the time for a guess."""

_RAW = struct.Struct("<HII")
"""Device, time and detail: how the body of a raw event starts (XI2 protocol, RawEvent)."""


@dataclass(slots=True)
class _Inserted:
    text: str
    window: Window
    disturbed: bool = False


def backspaces(text: str) -> int | None:
    """How many BackSpaces remove a text; None where programs would disagree.

    They do on emoji and on letters with separate accents: some remove the whole of what a reader
    takes for one character, some a part.
    """
    plain = all(ord(each) <= 0xFFFF and not _joins(each) for each in text)
    return len(text) if plain else None


def _joins(character: str) -> bool:
    return (
        unicodedata.category(character) in ("Mn", "Me", "Mc", "Cf", "Sk", "Cs")
        and ord(character) > 0x7F
    )


class Eraser:
    """Remembers the last text and watches whether anything happened after it."""

    def __init__(
        self,
        display: Display,
        selections: SelectionClient,
        fingers: Fingers,
        own_keys: tuple[KeySpec, ...],
        accessibility: Accessibility,
    ) -> None:
        self._display = display
        self._fingers = fingers
        self._own_keys = own_keys
        self._accessibility = accessibility
        self._last: _Inserted | None = None
        self._can_watch = display.has_extension("XInputExtension")
        if self._can_watch:
            display.xinput_query_version()
            selections.others.append(self._hear)

    def remember(self, text: str, window: Window) -> None:
        """This text has just been put into that window."""
        self._display.sync()
        self._last = _Inserted(text, window)
        self._watch(xinput.RawKeyPressMask | xinput.RawButtonPressMask)

    def forget(self) -> None:
        """Whatever comes now, the text before it is not taken back any more."""
        self._last = None
        self._watch(0)

    def erase(self) -> None:
        """Remove the last text. Raises UndoError, and then nothing was touched."""
        last = self._last
        if last is None:
            raise UndoError("there is no text to take back")
        if not self._can_watch:
            raise UndoError("this X server does not tell whether something was typed since")
        # Before the keyboard is asked for: a window without it shows no field with the focus.
        field = self._accessibility.focused(last.window.pid, _LOOK_SECONDS)
        try:
            self._fingers.await_modifiers()
            self._fingers.require_focus(last.window)
            self._fingers.require_keyboard()
        except DeliveryError as error:
            raise UndoError(str(error)) from error
        if last.disturbed:
            raise UndoError("something was typed or clicked since")
        if field is not None and field.before is not None:
            if not field.before.endswith(last.text):
                raise UndoError("something else stands before the cursor now")
            if field.editable and self._accessibility.delete(field, len(last.text)):
                self.forget()
                return
        count = backspaces(last.text)
        if count is None:
            raise UndoError("it holds emoji or accents that programs remove differently")
        codes = self._fingers.keyboard.chord(_BACKSPACE)
        if codes is None:
            raise UndoError("this keyboard has no BackSpace")
        self.forget()
        for _ in range(count):
            xtest.fake_input(self._display, X.KeyPress, codes[0])
            xtest.fake_input(self._display, X.KeyRelease, codes[0])
        self._display.sync()

    def _watch(self, mask: int) -> None:
        if self._can_watch:
            self._fingers.root.xinput_select_events([(xinput.AllMasterDevices, mask)])
            self._display.sync()

    def _hear(self, event: rq.Event) -> None:
        if event.type != ge.GenericEventCode or self._last is None:
            return
        if event.evtype == xinput.RawButtonPress:
            self._last.disturbed = True
        elif event.evtype == xinput.RawKeyPress:
            _, _, code = _RAW.unpack_from(event.data)
            self._last.disturbed = self._last.disturbed or self._changes_text(code)

    def _changes_text(self, code: int) -> bool:
        """Whether a key may have done something in the window: ours and Ctrl alone have not."""
        keyboard = self._fingers.keyboard
        if code in keyboard.modifier_codes():
            return False
        down = keyboard.keys_down()
        for spec in self._own_keys:
            chord = keyboard.chord(spec)
            if chord is not None and code == chord[-1] and down >= set(chord[:-1]):
                return False
        return True
