"""The thread that owns an X11 connection: it serves our selections and does one work at a time."""

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

import Xlib.error

from dictation.desktop.accessible import Accessibility
from dictation.desktop.output.base import DeliveryError, OutputSettings
from dictation.desktop.output.eraser import Eraser
from dictation.desktop.output.fingers import Fingers
from dictation.desktop.output.pasting import Paster
from dictation.desktop.output.selections import SaveLimits, SelectionClient
from dictation.desktop.output.typist import Typist
from dictation.desktop.x11 import close_display, open_display
from dictation.errors import DictationError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a work may use, in the desk's thread only."""

    fingers: Fingers
    paster: Paster
    typist: Typist
    eraser: Eraser


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    work: Callable[[Tools], T]
    after: Callable[[Tools], None] | None
    result: "Future[T]"

    def run(self, tools: Tools) -> None:
        """Do the work; its outcome goes into the future, then comes what nobody waits for."""
        try:
            done = self.work(tools)
        except DictationError as error:
            self.result.set_exception(error)
            return
        self.result.set_result(done)
        if self.after is not None:
            self.after(tools)

    def fail(self, message: str) -> None:
        """End a work that cannot be done."""
        if not self.result.done():
            self.result.set_exception(DeliveryError(message))


class X11Desk:
    """One connection with its thread. Raises DisplayError when the display cannot be opened."""

    def __init__(
        self,
        display: str | None,
        settings: OutputSettings,
        accessibility: Accessibility,
        limits: SaveLimits | None = None,
    ) -> None:
        self._connection = open_display(display)
        self._reader, self._wake = os.pipe()
        self._jobs: queue.SimpleQueue[_Job[object] | None] = queue.SimpleQueue()
        self._display_name = display
        selections = SelectionClient(self._connection, self._reader)
        fingers = Fingers(self._connection, selections, settings)
        tools = Tools(
            fingers,
            Paster(self._connection, selections, fingers, settings, limits or SaveLimits()),
            Typist(self._connection, fingers),
            Eraser(self._connection, selections, fingers, settings.own_keys, accessibility),
        )
        self._thread = threading.Thread(target=self._run, args=(tools,), name="output", daemon=True)
        self._closed = False
        self._thread.start()

    def do(self, work: Callable[[Tools], T], after: Callable[[Tools], None] | None = None) -> T:
        """Have a work done and return its result; `after` it, something nobody waits for.

        Raises what the work raises of DictationError, and DeliveryError when the display is gone.
        """
        if self._closed or not self._thread.is_alive():
            raise DeliveryError(f"the X display {self._display_name} is gone")
        result: Future[T] = Future()
        self._jobs.put(_Job(work, after, result))  # type: ignore[arg-type]
        os.write(self._wake, b"!")
        return result.result()

    def tap_shift(self) -> None:
        """Press a key that changes nothing."""
        self.do(lambda tools: tools.fingers.tap_shift())

    def close(self) -> None:
        """Finish the work under way and hand the user's clipboard on."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            os.write(self._wake, b"!")
            self._thread.join()
            os.close(self._wake)
            os.close(self._reader)

    def _run(self, tools: Tools) -> None:
        job: _Job[object] | None = None
        try:
            while True:
                tools.paster.serve_until(lambda: not self._jobs.empty())
                job = self._jobs.get()
                if job is None:
                    break
                job.run(tools)
            tools.paster.leave(self._display_name)
        except (Xlib.error.ConnectionClosedError, OSError) as error:
            self._fail(job, f"the X display {self._display_name} is gone: {error}")
        finally:
            self._fail(job, "the output has ended")
            while not self._jobs.empty():
                self._fail(self._jobs.get(), f"the X display {self._display_name} is gone")
            close_display(self._connection)

    @staticmethod
    def _fail(job: _Job[object] | None, message: str) -> None:
        if job is not None:
            job.fail(message)
