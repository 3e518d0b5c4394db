"""The thread that puts texts into windows, since a paste waits for its target."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import assert_never

from dictation.actions import Deliver
from dictation.desktop.focus import Window
from dictation.desktop.output import Output
from dictation.errors import DictationError
from dictation.events import Copied, Delivered, DeliveryFailed, Event, Undone, UndoRefused

_BROKEN = "an error in the program"


@dataclass(frozen=True, slots=True)
class _Parcel:
    order: Deliver
    target: Window | None


@dataclass(frozen=True, slots=True)
class _Preview:
    text: str
    target: Window | None


@dataclass(frozen=True, slots=True)
class _Copy:
    text: str


@dataclass(frozen=True, slots=True)
class _Undo:
    pass


_Job = _Parcel | _Preview | _Copy | _Undo


class DeliveryDesk:
    """Delivers one text after the other and tells `emit` how each ended, exactly once."""

    def __init__(self, output: Output, emit: Callable[[Event], None]) -> None:
        self._output = output
        self._emit = emit
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def deliver(self, order: Deliver, target: Window | None) -> None:
        """Take an order; returns at once, as all of these do."""
        self._take(_Parcel(order, target))

    def show_partial(self, text: str, target: Window | None) -> None:
        """Show a text at the cursor that is not there yet; "" takes it away."""
        if self._output.capabilities.partials:
            self._take(_Preview(text, target))

    def undo_last(self) -> None:
        """Take the last text back; told as Undone or UndoRefused."""
        self._take(_Undo())

    def copy(self, text: str) -> None:
        """Leave a text in the clipboard; told as Copied."""
        self._take(_Copy(text))

    def close(self, patience: float = 3.0) -> None:
        """Finish what was ordered and close the output."""
        self._jobs.put(None)
        self._thread.join(patience)
        self._output.close()

    def _take(self, job: _Job) -> None:
        if self._broken:
            self._tell(_broken(job))
        else:
            self._jobs.put(job)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            # A newer word on what stands at the cursor makes this one old.
            if isinstance(job, _Preview) and job.text and not self._jobs.empty():
                continue
            try:
                result = self._done(job)
            except BaseException:
                # Before anybody is told: who hears of it sends the next job at once.
                self._broken = True
                self._tell(_broken(job))
                raise
            self._tell(result)

    def _tell(self, event: Event | None) -> None:
        if event is not None:
            self._emit(event)

    def _done(self, job: _Job) -> Event | None:
        match job:
            case _Parcel(order, target):
                return self._delivered(order, target)
            case _Preview(text, target):
                self._output.show_partial(text, target)
                return None
            case _Undo():
                return self._undone()
            case _Copy(text):
                return self._copied(text)
            case _:
                assert_never(job)

    def _delivered(self, order: Deliver, target: Window | None) -> Event:
        began = time.monotonic()
        try:
            receipt = self._output.commit(order.text, target)
        except DictationError as error:
            return DeliveryFailed(order.utterance, str(error))
        return Delivered(order.utterance, receipt.route, time.monotonic() - began)

    def _undone(self) -> Event:
        try:
            self._output.undo_last()
        except DictationError as error:
            return UndoRefused(str(error))
        return Undone()

    def _copied(self, text: str) -> Event:
        try:
            self._output.copy(text)
        except DictationError as error:
            return Copied(str(error))
        return Copied()


def _broken(job: _Job) -> Event | None:
    """What to tell of a job that a mistake in the program has ended."""
    match job:
        case _Parcel(order, _):
            return DeliveryFailed(order.utterance, _BROKEN)
        case _Undo():
            return UndoRefused(_BROKEN)
        case _Copy():
            return Copied(_BROKEN)
        case _Preview():
            return None
        case _:
            assert_never(job)
