"""The thread that puts texts into windows, since a paste waits for its target."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from dictation.actions import Deliver
from dictation.desktop.focus import Window
from dictation.desktop.output import Output
from dictation.errors import DictationError
from dictation.events import Delivered, DeliveryFailed, Event

_BROKEN = "an error in the program"


@dataclass(frozen=True, slots=True)
class _Parcel:
    order: Deliver
    target: Window | None


class DeliveryDesk:
    """Delivers one text after the other and tells `emit` how each ended, exactly once."""

    def __init__(
        self, output: Output, emit: Callable[[Event], None], *, trailing_space: bool
    ) -> None:
        self._output = output
        self._emit = emit
        self._trailing_space = trailing_space
        self._parcels: SimpleQueue[_Parcel | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def deliver(self, order: Deliver, target: Window | None) -> None:
        """Take an order; returns at once."""
        if self._thread.is_alive():
            self._parcels.put(_Parcel(order, target))
        else:
            self._emit(DeliveryFailed(order.utterance, _BROKEN))

    def close(self, patience: float = 3.0) -> None:
        """Finish what was ordered and close the output."""
        self._parcels.put(None)
        self._thread.join(patience)
        self._output.close()

    def _run(self) -> None:
        while (parcel := self._parcels.get()) is not None:
            result: Delivered | DeliveryFailed = DeliveryFailed(parcel.order.utterance, _BROKEN)
            try:
                result = self._delivered(parcel)
            finally:
                self._emit(result)

    def _delivered(self, parcel: _Parcel) -> Delivered | DeliveryFailed:
        order = parcel.order
        text = spaced(order.text) if self._trailing_space else order.text
        began = time.monotonic()
        try:
            receipt = self._output.deliver(text, parcel.target)
        except DictationError as error:
            return DeliveryFailed(order.utterance, str(error))
        return Delivered(order.utterance, receipt.route, time.monotonic() - began)


def spaced(text: str) -> str:
    """A text so that the next can follow: with a space where it ends in a Latin word or mark."""
    return text + " " if text and text[-1].isascii() and not text[-1].isspace() else text
