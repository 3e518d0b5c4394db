"""The daemon's letter box: any thread puts, the main thread is woken through a pipe."""

import os
import select
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """A queue whose readiness is a file descriptor, so that a window's main loop can wait on it.

    Nothing polls: an empty inbox costs nothing. Signals may write to `wake_fd` as well.
    """

    def __init__(self) -> None:
        self._messages: deque[T] = deque()
        self._read_fd, self._write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        os.set_blocking(self._write_fd, False)

    @property
    def fd(self) -> int:
        """Readable when there may be messages."""
        return self._read_fd

    @property
    def wake_fd(self) -> int:
        """A byte written here wakes the reader."""
        return self._write_fd

    def put(self, message: T) -> None:
        """Add a message; from any thread, never blocks."""
        self._messages.append(message)
        # A full pipe already holds a wake-up; a closed one has no reader to wake.
        with suppress(BlockingIOError, OSError):
            os.write(self._write_fd, b"!")

    def take(self) -> list[T]:
        """Return all messages, oldest first; from the reader's thread."""
        with suppress(BlockingIOError):
            while len(os.read(self._read_fd, 4096)) == 4096:
                pass
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    def wait(self, timeout: float | None = None) -> None:
        """Sleep until there may be messages, or for `timeout` seconds."""
        select.select([self._read_fd], [], [], timeout)

    def close(self) -> None:
        """Close both ends."""
        os.close(self._write_fd)
        os.close(self._read_fd)
