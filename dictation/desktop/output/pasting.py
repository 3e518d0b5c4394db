"""A paste: own the clipboard, press the chord, see the text fetched, give the clipboard back."""

import time
from collections.abc import Callable

from Xlib.display import Display

from dictation.desktop.applications import rule_for
from dictation.desktop.focus import Window
from dictation.desktop.output.base import DeliveryError, NotArrivedError, OutputSettings
from dictation.desktop.output.chords import EVERYWHERE, PasteRule, Selection, paste_rule
from dictation.desktop.output.fingers import Fingers
from dictation.desktop.output.keeper import leave_with_keeper
from dictation.desktop.output.offers import TEXT_TARGETS, Offer, text_offer
from dictation.desktop.output.selections import SaveLimits, SelectionClient
from dictation.desktop.x11 import same_client

_SETTLE_AT_MOST_SECONDS = 3.0
"""Some read again and again; and a new program may get the ids of a target that has ended."""

_FOREVER = float("inf")


class Paster:
    """Pastes by one connection; everything here belongs to one thread."""

    def __init__(
        self,
        display: Display,
        selections: SelectionClient,
        fingers: Fingers,
        settings: OutputSettings,
        limits: SaveLimits,
    ) -> None:
        self._display = display
        self._selections = selections
        self._fingers = fingers
        self._settings = settings
        self._limits = limits
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
            self.restore_when_settled(window)
            self._selections.pump(done, _FOREVER)
        self._watchers |= self._readers(0.0)

    def paste(self, text: str, target: Window | None) -> tuple[str, Window]:
        """Offer the text and press the chord; gives the route and the window that has it.

        Raises DeliveryError. `restore_when_settled` is to follow.
        """
        self._fingers.await_modifiers()
        focused = self._fingers.require_focus(target)
        rule = self._rule(focused)
        offer = text_offer(text)
        self._await_last_chord(focused)
        self._save(rule)
        self._selections.fetches.clear()
        try:
            taken = {self._selections.own(name, offer) for name in rule.selections}
            if taken != {True}:
                raise DeliveryError("another program does not let go of the clipboard")
            self._fingers.require_focus(focused)
            # Who reads before the chord is no target, but somebody who watches the clipboard.
            self._watchers |= self._readers(0.0)
            self._fingers.press(rule.chord)
        except DeliveryError:
            self._restore()
            raise
        pressed = time.monotonic()
        deadline = pressed + self._settings.fetch_seconds
        if self._selections.pump(lambda: self._fetched_by(focused.id, pressed), deadline):
            return "x11", focused
        return self._unconfirmed(offer, focused, pressed), focused

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard for the user."""
        self._saved.clear()
        self._waiting = None
        if not self._selections.own("CLIPBOARD", text_offer(text, secret=False)):
            raise DeliveryError("another program does not let go of the clipboard")

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

    def _rule(self, window: Window) -> PasteRule:
        own = rule_for(self._settings.applications, window.wm_class).paste_keys
        rule = paste_rule(window.wm_class, own)
        # A layout without Latin letters has no V; Shift+Insert needs no letter.
        return rule if self._fingers.can_press(rule.chord) else EVERYWHERE

    def _await_last_chord(self, window: Window) -> None:
        """Wait until a window that did not take the last text has got to its chord, which would
        fetch this text, too. Raises DeliveryError."""
        if self._waiting is None:
            return
        offer, slow = self._waiting
        ours = any(self._selections.offered(name) is offer for name in EVERYWHERE.selections)
        if slow != window.id or not ours:
            return
        deadline = time.monotonic() + self._settings.fetch_seconds
        if not self._selections.pump(self._taken_late, deadline):
            raise DeliveryError(
                f'"{window.title or window.wm_class}" has not taken the last text yet, '
                "so the next one was not sent"
            )
        self._waiting = None
        self.restore_when_settled(window.id)

    def _save(self, rule: PasteRule) -> None:
        """Remember what the selections held, unless that is a text of ours nobody fetched."""
        waiting = self._waiting[0] if self._waiting else None
        for name in rule.selections:
            if waiting is None or self._selections.offered(name) is not waiting:
                self._saved[name] = self._selections.save(name, self._limits)
        self._waiting = None

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
        if self._fingers.answers(focused.id):
            # It has seen the chord and wants nothing of it: pasting is forbidden there.
            self._restore()
            raise NotArrivedError(
                f'"{focused.title or focused.wm_class}" takes no paste; set another route for it'
            )
        self._waiting = (offer, focused.id)
        raise DeliveryError(
            f'"{focused.title or focused.wm_class}" did not take the text; '
            "it is in the clipboard: paste it where you want it"
        )

    def restore_when_settled(self, target: int) -> None:
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
