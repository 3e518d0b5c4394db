"""The wire of Wayland: requests out, events in, with file descriptors beside them.

Source: the Wayland protocol's specification, chapter 4.3 "Wire Format".
"""

import array
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dictation.errors import DictationError

_HEADER = struct.Struct("=II")
_WORD = struct.Struct("=I")
_READ_BYTES = 65536
_READ_FDS = 28

DISPLAY = 1
"""The object that every connection starts with."""


class WaylandError(DictationError):
    """The compositor cannot be reached, or has ended the connection."""


@dataclass(frozen=True, slots=True)
class Fd:
    """A file descriptor as an argument."""

    number: int


class Arguments:
    """Reads the arguments of one event in order."""

    def __init__(self, data: bytes, fds: list[int]) -> None:
        self._data = data
        self._fds = fds
        self._at = 0

    def number(self) -> int:
        """An unsigned number or an object's id; 0 stands for no object."""
        (value,) = _WORD.unpack_from(self._data, self._at)
        self._at += 4
        return int(value)

    def text(self) -> str:
        """A text."""
        length = self.number()
        text = self._data[self._at : self._at + max(length - 1, 0)]
        self._at += (length + 3) & ~3
        return text.decode("utf-8", "replace")

    def fd(self) -> int:
        """A file descriptor, which is the caller's to close."""
        return self._fds.pop(0)


Handler = Callable[[int, Arguments], None]
"""What is done with an event: its number in the interface, and its arguments."""


class Wire:
    """One connection; reading and writing may be done by two threads, each by one."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise WaylandError(f"the compositor at {path} cannot be reached: {error}") from error
        self._next = DISPLAY
        self._handlers: dict[int, Handler] = {DISPLAY: self._display_event}
        self._buffer = b""
        self._fds: list[int] = []

    def fileno(self) -> int:
        """The socket, to wait for."""
        return self._socket.fileno()

    def new(self, handler: Handler | None = None) -> int:
        """An id for a new object, and who hears its events."""
        self._next += 1
        self.hear(self._next, handler or _nothing)
        return self._next

    def hear(self, thing: int, handler: Handler) -> None:
        """Say who hears the events of an object that the compositor has made."""
        self._handlers[thing] = handler

    def request(self, thing: int, opcode: int, *arguments: int | str | Fd) -> None:
        """Send a request. Raises WaylandError when the connection has ended."""
        body, fds = b"", []
        for argument in arguments:
            if isinstance(argument, Fd):
                fds.append(argument.number)
            elif isinstance(argument, str):
                text = argument.encode() + b"\0"
                body += _WORD.pack(len(text)) + text + bytes(-len(text) % 4)
            else:
                body += _WORD.pack(argument)
        message = _HEADER.pack(thing, (len(body) + 8) << 16 | opcode) + body
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            sent = self._socket.sendmsg([message], ancillary)
            self._socket.sendall(message[sent:])
        except OSError as error:
            raise WaylandError(f"the compositor has gone: {error}") from error

    def read(self) -> None:
        """Read what is there and give each event to its handler. Raises WaylandError."""
        fds = array.array("i")
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                _READ_BYTES, socket.CMSG_LEN(_READ_FDS * fds.itemsize)
            )
        except OSError as error:
            raise WaylandError(f"the compositor has gone: {error}") from error
        if not data:
            raise WaylandError("the compositor has gone")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
        self._fds.extend(fds)
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            thing, word = _HEADER.unpack_from(self._buffer)
            size, opcode = word >> 16, word & 0xFFFF
            if len(self._buffer) < size:
                break
            body, self._buffer = self._buffer[_HEADER.size : size], self._buffer[size:]
            self._handlers.get(thing, _nothing)(opcode, Arguments(body, self._fds))

    def hang_up(self) -> None:
        """End the connection for whoever waits in `read`."""
        with contextlib.suppress(OSError):  # the other end was quicker
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _display_event(self, opcode: int, arguments: Arguments) -> None:
        if opcode == 0:
            thing, code, message = arguments.number(), arguments.number(), arguments.text()
            raise WaylandError(f"the compositor refuses object {thing}: {message} ({code})")
        self._handlers.pop(arguments.number(), None)


def _nothing(opcode: int, arguments: Arguments) -> None:
    pass
