"""Texts into X11 windows: own the clipboard, press the chord that pastes, see the text fetched.

One thread owns the connection. A delivery saves what the clipboard held, offers the text, presses
the chord, waits until the target window's own client has read the text, and then offers again what
was saved, for as long as the program lives or until somebody copies something else.
"""

import os
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import Xlib.error
from Xlib import X
from Xlib.display import Display
from Xlib.ext import xtest

from dictation.desktop.focus import Window, focused_window, has_input_focus
from dictation.desktop.output.base import (
    DeliveryError,
    FocusMovedError,
    OutputSettings,
    Receipt,
)
from dictation.desktop.output.chords import EVERYWHERE, PasteRule, Selection, paste_rule
from dictation.desktop.output.keeper import leave_with_keeper
from dictation.desktop.output.offers import TEXT_TARGETS, Offer, text_offer
from dictation.desktop.output.selections import SaveLimits, SelectionClient
from dictation.desktop.x11 import Keyboard, close_display, open_display, same_client
from dictation.errors import DictationError

_SETTLE_AT_MOST_SECONDS = 3.0
"""Some read again and again; and a new program may get the ids of a target that has ended."""

_HANDOVER_SECONDS = 0.3
"""How long a window that has just become active may take to get the keyboard."""

_POLL_SECONDS = 0.004
_FOREVER = float("inf")


class X11Paste:
    """The output of an X11 session. Raises DisplayError when the display cannot be opened."""

    name = "x11"

    def __init__(
        self, display: str | None, settings: OutputSettings, limits: SaveLimits | None = None
    ) -> None:
        connection = open_display(display)
        self._reader, self._wake = os.pipe()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._display_name = display
        selections = SelectionClient(connection, self._reader)
        paster = _Paster(connection, selections, settings, limits or SaveLimits())
        self._thread = threading.Thread(
            target=self._run, args=(paster,), name="output", daemon=True
        )
        self._closed = False
        self._thread.start()

    def deliver(self, text: str, target: Window | None) -> Receipt:
        """Paste a text into the target, which must have the focus (None: whatever has it).

        Returns when the target has read the text; the old clipboard is back shortly after.
        Raises DeliveryError, and FocusMovedError when another window has the focus.
        """
        if not text:
            return Receipt(self.name, 0.0)
        job = _Job(text, target, Future())
        self._put(job)
        return job.receipt.result()

    def close(self) -> None:
        """Finish the delivery under way and hand the user's clipboard on."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            os.write(self._wake, b"!")
            self._thread.join()
            os.close(self._wake)
            os.close(self._reader)

    def _put(self, job: "_Job | None") -> None:
        if not self._thread.is_alive():
            raise DeliveryError(f"the X display {self._display_name} is gone")
        self._jobs.put(job)
        os.write(self._wake, b"!")

    def _run(self, paster: "_Paster") -> None:
        job: _Job | None = None
        try:
            while True:
                paster.serve_until(lambda: not self._jobs.empty())
                job = self._jobs.get()
                if job is None:
                    break
                paster.deliver(job)
            paster.leave(self._display_name)
        except (Xlib.error.ConnectionClosedError, OSError) as error:
            _fail(job, f"the X display {self._display_name} is gone: {error}")
        finally:
            _fail(job, "the output has ended")
            while not self._jobs.empty():
                _fail(self._jobs.get(), f"the X display {self._display_name} is gone")
            paster.close()


@dataclass(frozen=True)
class _Job:
    text: str
    target: Window | None
    receipt: "Future[Receipt]"


def _fail(job: _Job | None, message: str) -> None:
    if job is not None and not job.receipt.done():
        job.receipt.set_exception(DeliveryError(message))


class _Paster:
    """The work of the output's thread."""

    def __init__(
        self,
        display: Display,
        selections: SelectionClient,
        settings: OutputSettings,
        limits: SaveLimits,
    ) -> None:
        self._display = display
        self._selections = selections
        self._settings = settings
        self._limits = limits
        self._keyboard = Keyboard(display)
        self._saved: dict[Selection, Offer | None] = {}
        self._waiting: tuple[Offer, int] | None = None
        self._watchers: set[int] = set()

    def serve_until(self, done: Callable[[], bool]) -> None:
        """Serve what we own; a text that a window left behind is taken off once it was fetched."""
        self._selections.fetches.clear()
        self._selections.asked.clear()
        self._selections.pump(lambda: done() or self._taken_late(), _FOREVER)
        if self._waiting is not None and self._taken_late():
            _, window = self._waiting
            self._waiting = None
            self._restore_when_settled(window)
            self._selections.pump(done, _FOREVER)
        self._watchers |= self._readers(0.0)

    def deliver(self, job: _Job) -> None:
        """Carry out one delivery; its outcome goes into the job's future."""
        started = time.monotonic()
        try:
            route, window = self._paste(job.text, job.target)
        except DeliveryError as error:
            job.receipt.set_exception(error)
            return
        except DictationError as error:
            job.receipt.set_exception(DeliveryError(str(error)))
            return
        job.receipt.set_result(Receipt(route, time.monotonic() - started))
        self._restore_when_settled(window)

    def leave(self, display_name: str | None) -> None:
        """Put the user's clipboard in other hands before ours go."""
        offers: dict[str, Offer] = {
            name: offer
            for name in EVERYWHERE.selections
            if (offer := self._selections.offered(name)) is not None
        }
        if offers:
            leave_with_keeper(offers, display_name)
            self._selections.pump(
                lambda: not any(map(self._selections.owns, offers)), time.monotonic() + 3.0
            )

    def close(self) -> None:
        close_display(self._display)

    def _paste(self, text: str, target: Window | None) -> tuple[str, int]:
        """Offer the text and press the chord; gives the route and the window that has it."""
        self._await_modifiers()
        focused = self._require_focus(target)
        rule = self._usable_rule(paste_rule(focused.wm_class, self._settings.chords))
        offer = text_offer(text)
        self._save(rule)
        self._selections.fetches.clear()
        try:
            taken = {self._selections.own(name, offer) for name in rule.selections}
            if taken != {True}:
                raise DeliveryError("another program does not let go of the clipboard")
            self._require_focus(focused)
            # Who reads before the chord is no target, but somebody who watches the clipboard.
            self._watchers |= self._readers(0.0)
            self._press(rule)
        except DeliveryError:
            self._restore()
            raise
        pressed = time.monotonic()
        deadline = pressed + self._settings.fetch_seconds
        if self._selections.pump(lambda: self._fetched_by(focused.id, pressed), deadline):
            return "x11", focused.id
        return self._unconfirmed(offer, focused, pressed), focused.id

    def _await_modifiers(self) -> None:
        until = time.monotonic() + self._settings.held_seconds
        self._keyboard.refresh()
        free = self._selections.pump(
            lambda: not self._keyboard.held_modifiers(), until, pause=_POLL_SECONDS
        )
        if not free:
            raise DeliveryError(
                "Ctrl, Alt, Shift or Super was held for too long, so the text was not pasted; "
                "let go of it and paste the text from the tray's or the history's last texts"
            )

    def _require_focus(self, target: Window | None) -> Window:
        focused = focused_window(self._display)
        if focused is None:
            raise DeliveryError("no window has the focus; click into one and try again")
        if target is not None and focused.id != target.id:
            raise FocusMovedError(
                f'the focus has moved from "{target.title or target.wm_class}" to '
                f'"{focused.title or focused.wm_class}", so the text was not pasted'
            )
        self._selections.pump(
            lambda: has_input_focus(self._display, focused.id),
            time.monotonic() + _HANDOVER_SECONDS,
            pause=_POLL_SECONDS,
        )
        return focused

    def _usable_rule(self, rule: PasteRule) -> PasteRule:
        # A layout without Latin letters has no V; Shift+Insert needs no letter.
        return (
            rule
            if self._keyboard.chord(rule.chord)
            else PasteRule(EVERYWHERE.chord, EVERYWHERE.selections)
        )

    def _save(self, rule: PasteRule) -> None:
        """Remember what the selections held, unless that is a text of ours nobody fetched."""
        waiting = self._waiting[0] if self._waiting else None
        for name in rule.selections:
            if waiting is None or self._selections.offered(name) is not waiting:
                self._saved[name] = self._selections.save(name, self._limits)
        self._waiting = None

    def _press(self, rule: PasteRule) -> None:
        codes = self._keyboard.chord(rule.chord)
        if codes is None:
            raise DeliveryError(f'this keyboard cannot press "{rule.chord}"')
        # Whoever holds a grab (an open menu, a screen lock) would get the chord. Having had the
        # keyboard ourselves for a moment proves that nobody does.
        root = self._display.screen().root
        free = self._selections.pump(
            lambda: (
                root.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, X.CurrentTime)
                == X.GrabSuccess
            ),
            time.monotonic() + self._settings.held_seconds,
            pause=_POLL_SECONDS,
        )
        if not free:
            raise DeliveryError(
                "another program holds the keyboard (an open menu or a locked screen), so the "
                "text was not pasted; close it and try again"
            )
        self._display.ungrab_keyboard(X.CurrentTime)
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.flush()

    def _fetched_by(self, window: int, since: float) -> bool:
        return any(
            fetch.target in TEXT_TARGETS
            and fetch.at >= since
            and same_client(self._display, fetch.requestor, window)
            for fetch in self._selections.fetches
        )

    def _readers(self, since: float) -> set[int]:
        """The clients that have read a text of ours, by the base of their ids."""
        mask = int(self._display.display.info.resource_id_mask)
        return {
            fetch.requestor & ~mask
            for fetch in self._selections.fetches
            if fetch.target in TEXT_TARGETS and fetch.at >= since
        }

    def _taken_late(self) -> bool:
        return self._waiting is not None and self._fetched_by(self._waiting[1], 0.0)

    def _unconfirmed(self, offer: Offer, focused: Window, pressed: float) -> str:
        """What to say when the target's own client has not read the text in time.

        Some programs read through another connection (remote desktops, Wine). A reader that has
        shown itself before without any chord is a clipboard manager and proves nothing.
        """
        if self._readers(pressed) - self._watchers:
            return "x11, unconfirmed"
        self._waiting = (offer, focused.id)
        raise DeliveryError(
            f'"{focused.title or focused.wm_class}" did not take the text; '
            "it is in the clipboard: paste it where you want it"
        )

    def _restore_when_settled(self, target: int) -> None:
        """Restore when the target has stopped reading; how often others look does not matter."""

        def theirs(requestor: int) -> bool:
            return same_client(self._display, requestor, target)

        settle, enough = self._settings.settle_seconds, time.monotonic() + _SETTLE_AT_MOST_SECONDS

        def quiet() -> bool:
            if any(map(theirs, self._selections.fetching())):
                return False
            now = time.monotonic()
            last = max(
                (each.at for each in self._selections.asked if theirs(each.requestor)), default=0.0
            )
            return now >= enough or now - last >= settle

        self._selections.pump(quiet, time.monotonic() + 15.0, pause=settle / 8)
        self._restore()

    def _restore(self) -> None:
        """Offer what was there before; what somebody has copied meanwhile stays."""
        self._selections.fetches.clear()
        for name, offer in self._saved.items():
            if not self._selections.owns(name):
                continue
            if offer is None:
                self._selections.release(name)
            else:
                self._selections.own(name, offer)
        self._saved.clear()
