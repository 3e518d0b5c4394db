"""A client of X selections: owns them, serves them to others, reads those of others.

After ICCCM 2 ("Peer-to-Peer Communication by Means of Selections"), with the INCR protocol for
large data in both directions (2.7.2).
"""

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import Xlib.error
from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol import event as events
from Xlib.protocol import rq
from Xlib.xobject.drawable import Window

from dictation.desktop.output.offers import Offer, Payload, saving_order
from dictation.desktop.x11 import window_property

_CHUNK = 96 * 1024
"""Bytes a property may hold at once; python-xlib cannot send requests above 256 KiB."""

_STALLED_SECONDS = 10.0
"""A requestor that stops fetching the pieces of a large text is forgotten after this time."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Somebody has read one of our selections to the end; `at` is the monotonic time."""

    requestor: int
    target: str
    at: float


@dataclass
class _Transfer:
    """A large answer on its way in pieces."""

    requestor: int
    property: int
    target: str
    payload: Payload
    pieces: Iterator[bytes | tuple[int, ...]]
    moved_at: float


@dataclass(frozen=True, slots=True)
class SaveLimits:
    """How much of another's selection is saved at most: seconds for a target and in all; bytes."""

    target_seconds: float = 0.4
    total_seconds: float = 1.2
    total_bytes: int = 64 * 1024 * 1024


@dataclass
class SelectionClient:
    """One window that owns selections; everything here belongs to one thread.

    `others` get the events that concern no selection; `fetches` are the last complete readings of
    ours by anybody, `asked` all requests, even for the list of targets; the caller may clear both.
    """

    display: Display
    wake: int
    clock: Callable[[], float] = time.monotonic
    fetches: deque[Fetch] = field(default_factory=lambda: deque(maxlen=256))

    asked: deque[Fetch] = field(default_factory=lambda: deque(maxlen=256))
    others: list[Callable[[rq.Event], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._window = self.display.screen().root.create_window(
            -1, -1, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask
        )
        self._atoms: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._owned: dict[int, tuple[Offer, int]] = {}
        self._transfers: dict[tuple[int, int], _Transfer] = {}
        self._asked = (X.NONE, X.NONE, X.NONE)
        self._answer_place: int | None = None
        self._new_values: set[int] = set()
        self._stamp: int | None = None
        self._reads = 0

    def fetching(self) -> set[int]:
        """The windows that are still fetching a large answer."""
        return {transfer.requestor for transfer in self._transfers.values()}

    def owns(self, selection: str) -> bool:
        """Whether the selection is ours still."""
        return self._atom(selection) in self._owned

    def offered(self, selection: str) -> Offer | None:
        """What we offer under a selection; None when it is not ours."""
        held = self._owned.get(self._atom(selection))
        return held[0] if held else None

    def own(self, selection: str, offer: Offer) -> bool:
        """Take a selection (again, if it is ours: others then learn that it has changed)."""
        atom, stamp = self._atom(selection), self._server_time()
        self._window.set_selection_owner(atom, stamp)
        self._owned[atom] = (offer, stamp)
        if self._owner(atom) != self._window.id:
            self._owned.pop(atom, None)
        return atom in self._owned

    def release(self, selection: str) -> None:
        """Let go of a selection that is ours."""
        atom = self._atom(selection)
        held = self._owned.pop(atom, None)
        if held and self._owner(atom) == self._window.id:
            nobody = self.display.create_resource_object("window", X.NONE)
            nobody.set_selection_owner(atom, self._server_time())
            self.display.flush()

    def save(self, selection: str, limits: SaveLimits) -> Offer | None:
        """Everything another client offers, within the limits; None when there is nothing."""
        if (mine := self.offered(selection)) is not None:
            return mine
        if not self._owner(self._atom(selection)):
            return None
        end = self.clock() + limits.total_seconds
        listed = self.read(selection, "TARGETS", limits.target_seconds, _CHUNK)
        names = [self._name(int(atom)) for atom in listed.data] if listed else []
        room, found = limits.total_bytes, dict[str, Payload]()
        for name in saving_order(names):
            left = end - self.clock()
            if left <= 0 or room <= 0:
                break
            payload = self.read(selection, name, min(limits.target_seconds, left), room)
            if payload is not None:
                found[name] = payload
                room -= payload.size
        kept = {name: found[name] for name in names if name in found}
        return Offer(kept) if kept else None

    def read(self, selection: str, target: str, seconds: float, limit: int) -> Payload | None:
        """One target of another's selection; None when refused, too large, or not in time.

        `seconds` is the patience between signs of life, so that a large content may take longer.
        """
        self._reads = (self._reads + 1) % 64
        # A late answer to an earlier question then cannot pass for the one to this.
        place = self._atom(f"_DICTATION_{self._reads}")
        self._window.delete_property(place)
        self._asked, self._answer_place = (self._atom(selection), self._atom(target), place), None
        self._window.convert_selection(*self._asked, self._server_time())
        answered = self.pump(lambda: self._answer_place is not None, self.clock() + seconds)
        if not answered or self._answer_place == X.NONE:
            return None
        first = self._take(place, limit)
        if first is None or first.kind != "INCR":
            return first
        return self._read_pieces(place, seconds, limit)

    def pump(self, done: Callable[[], bool], until: float, pause: float | None = None) -> bool:
        """Serve others until `done`, or the time `until`; `pause` bounds how rarely it is asked.

        Returns the last answer of `done`.
        """
        while not done():
            left = until - self.clock()
            if left <= 0:
                return done()
            if not self.display.pending_events():
                wait = min(left, pause if pause is not None else left, 60.0)
                ready, _, _ = select.select([self.display.fileno(), self.wake], [], [], wait)
                if self.wake in ready:
                    os.read(self.wake, 64)
            while self.display.pending_events():
                self._handle(self.display.next_event())
            self._forget_stalled()
        return True

    def _handle(self, event: rq.Event) -> None:
        if event.type == X.SelectionRequest:
            self._serve(event)
        elif event.type == X.SelectionClear and event.window.id == self._window.id:
            held = self._owned.get(event.atom)
            # A clear older than our last taking speaks of an ownership that is over anyway.
            if held and not _earlier(event.time, held[1]):
                del self._owned[event.atom]
        elif event.type == X.SelectionNotify:
            selection, target, place = self._asked
            if (event.selection, event.target) == (selection, target) and event.property in (
                place,
                X.NONE,
            ):
                self._answer_place = event.property
        elif event.type == X.PropertyNotify:
            self._property_changed(event)
        else:
            for hear in self.others:
                hear(event)

    def _property_changed(self, event: rq.Event) -> None:
        if event.window.id == self._window.id:
            if event.state == X.PropertyNewValue:
                self._new_values.add(event.atom)
                if event.atom == self._atom("_DICTATION_TIME"):
                    self._stamp = event.time
        elif event.state == X.PropertyDelete:
            transfer = self._transfers.get((event.window.id, event.atom))
            if transfer is not None:
                self._send_piece(transfer)

    def _serve(self, request: rq.Event) -> None:
        place = request.property or request.target
        held = self._owned.get(request.selection)
        self.asked.append(Fetch(request.requestor.id, self._name(request.target), self.clock()))
        answered = held is not None and self._answer(
            request.requestor, request.target, place, held[0], held[1]
        )
        request.requestor.send_event(
            events.SelectionNotify(
                time=request.time,
                requestor=request.requestor,
                selection=request.selection,
                target=request.target,
                property=place if answered else X.NONE,
            )
        )
        self.display.flush()

    def _answer(self, requestor: Window, target: int, place: int, offer: Offer, stamp: int) -> bool:
        name = self._name(target)
        if name == "TARGETS":
            names = ("TARGETS", "TIMESTAMP", "MULTIPLE", *offer.targets)
            atoms = [self._atom(each) for each in names]
            requestor.change_property(place, Xatom.ATOM, 32, atoms)
            return True
        if name == "TIMESTAMP":
            requestor.change_property(place, Xatom.INTEGER, 32, [stamp])
            return True
        if name == "MULTIPLE":
            return self._answer_many(requestor, place, offer, stamp)
        payload = offer.targets.get(name)
        if payload is None:
            return False
        if payload.size > _CHUNK:
            requestor.change_attributes(event_mask=X.PropertyChangeMask)
            requestor.change_property(place, self._atom("INCR"), 32, [payload.size])
            self._transfers[requestor.id, place] = _Transfer(
                requestor.id, place, name, payload, _pieces(payload), self.clock()
            )
            return True
        requestor.change_property(place, self._atom(payload.kind), payload.format, payload.data)
        self.fetches.append(Fetch(requestor.id, name, self.clock()))
        return True

    def _answer_many(self, requestor: Window, place: int, offer: Offer, stamp: int) -> bool:
        asked = window_property(self.display, requestor.id, self._name(place))
        if asked is None or asked.format != 32:
            return False
        pairs = [int(atom) for atom in asked.value]
        for index in range(0, len(pairs) - 1, 2):
            if not self._answer(requestor, pairs[index], pairs[index + 1], offer, stamp):
                pairs[index + 1] = X.NONE
        requestor.change_property(place, self._atom("ATOM_PAIR"), 32, pairs)
        return True

    def _send_piece(self, transfer: _Transfer) -> None:
        window = self.display.create_resource_object("window", transfer.requestor)
        piece = next(transfer.pieces, None)
        empty: bytes | tuple[int, ...] = b"" if transfer.payload.format == 8 else ()
        window.change_property(
            transfer.property,
            self._atom(transfer.payload.kind),
            transfer.payload.format,
            empty if piece is None else piece,
        )
        transfer.moved_at = self.clock()
        if piece is None:
            self._end(transfer)
            self.fetches.append(Fetch(transfer.requestor, transfer.target, self.clock()))
        self.display.flush()

    def _forget_stalled(self) -> None:
        now = self.clock()
        for transfer in list(self._transfers.values()):
            if now - transfer.moved_at > _STALLED_SECONDS:
                self._end(transfer)

    def _end(self, transfer: _Transfer) -> None:
        del self._transfers[transfer.requestor, transfer.property]
        if all(each.requestor != transfer.requestor for each in self._transfers.values()):
            window = self.display.create_resource_object("window", transfer.requestor)
            window.change_attributes(event_mask=X.NoEventMask)

    def _read_pieces(self, place: int, seconds: float, limit: int) -> Payload | None:
        pieces: list[Payload] = []
        size = 0
        # Taking the property away, which has just been done, asks for the first piece.
        while self.pump(lambda: place in self._new_values, self.clock() + seconds):
            self._new_values.discard(place)
            piece = self._take(place, limit)
            if piece is None:
                return None
            if not piece.data:
                return _joined(pieces)
            pieces.append(piece)
            size += piece.size
            if size > limit:
                return None
        return None

    def _take(self, place: int, limit: int) -> Payload | None:
        """Read a property of our window and take it away."""
        self._new_values.discard(place)
        length = limit // 4 + 1
        found = self._window.get_property(place, X.AnyPropertyType, 0, length, delete=True)
        if found is None:
            return None
        if found.bytes_after:
            self._window.delete_property(place)
            return None
        value = found.value
        data = bytes(value) if found.format == 8 else tuple(int(unit) for unit in value)
        return Payload(self._name(found.property_type), found.format, data)

    def _server_time(self) -> int:
        """The server's clock in milliseconds; ICCCM 2.1 wants it rather than "now"."""
        self._stamp = None
        mark = self._atom("_DICTATION_TIME")
        self._window.change_property(mark, Xatom.INTEGER, 32, [0])
        self.pump(lambda: self._stamp is not None, self.clock() + 2.0)
        return int(X.CurrentTime) if self._stamp is None else self._stamp

    def _owner(self, atom: int) -> int:
        owner = self.display.get_selection_owner(atom)
        return int(owner if isinstance(owner, int) else owner.id)

    def _atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = int(self.display.intern_atom(name))
        return self._atoms[name]

    def _name(self, atom: int) -> str:
        if atom not in self._names:
            try:
                self._names[atom] = str(self.display.get_atom_name(atom)) if atom else ""
            except Xlib.error.BadAtom:
                return ""
        return self._names[atom]


def _earlier(one: int, other: int) -> bool:
    """Whether a server time is before another; they wrap around after 49 days."""
    return 0 < (other - one) % 2**32 < 2**31


def _pieces(payload: Payload) -> Iterator[bytes | tuple[int, ...]]:
    step = _CHUNK * 8 // payload.format
    for start in range(0, len(payload.data), step):
        yield payload.data[start : start + step]


def _joined(pieces: list[Payload]) -> Payload | None:
    if not pieces:
        return None
    first = pieces[0]
    if first.format == 8:
        return Payload(first.kind, 8, b"".join(bytes(piece.data) for piece in pieces))
    return Payload(
        first.kind, first.format, tuple(int(unit) for piece in pieces for unit in piece.data)
    )
