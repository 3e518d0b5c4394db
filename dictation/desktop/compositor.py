"""Whether the Wayland compositor is there: windows, keys and clipboard all go with it."""

import threading
from collections.abc import Callable
from pathlib import Path

from dictation.desktop.output.wayland_wire import DISPLAY, WaylandError, Wire

_ANSWER_SECONDS = 10.0
"""One that has just been started again takes connections before it answers."""


class CompositorWatch:
    """Tells `gone` why when the compositor ends, once, from a thread of the watch.

    Raises WaylandError where there is none, or none that answers within `patience` seconds.
    """

    def __init__(
        self, socket: Path, gone: Callable[[str], None], patience: float = _ANSWER_SECONDS
    ) -> None:
        self._gone = gone
        self._closed = False
        self._answered = threading.Event()
        self._wire = Wire(socket)
        self._thread = threading.Thread(target=self._run, name="compositor", daemon=True)
        self._wire.request(DISPLAY, 0, self._wire.new(lambda *_: self._answered.set()))
        self._thread.start()
        if not self._answered.wait(patience):
            self.close()
            raise WaylandError(f"the compositor at {socket} does not answer")

    def close(self) -> None:
        """End the watch."""
        self._closed = True
        self._wire.hang_up()
        self._thread.join()
        self._wire.close()

    def _run(self) -> None:
        try:
            while True:
                self._wire.read()
        except WaylandError as error:
            if not self._closed:
                self._gone(str(error))
