"""Answers requests on the control socket, in a thread of its own."""

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from dictation.control.client import NotRunning, ask
from dictation.control.place import ControlError, control_folder, make_private, socket_path
from dictation.control.protocol import (
    MAX_LINE,
    ProtocolError,
    Reply,
    Request,
    decode_request,
    encode_reply,
)

_ANSWER_SECONDS = 8.0
_IDLE_SECONDS = 30.0


class AlreadyRunning(ControlError):  # noqa: N818 (named for what is the matter)
    """Another daemon of this user holds the socket."""


class ControlServer:
    """The daemon's end of the control socket; at most one a user.

    `answer` is called in the server's thread for each request, must not block, and gives a future
    that somebody sets once the request is carried out.
    """

    def __init__(
        self, answer: Callable[[Request], Future[Reply]], folder: Path | None = None
    ) -> None:
        self._answer = answer
        self._folder = folder or control_folder()
        self._lock: IO[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._failure: OSError | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    @property
    def path(self) -> Path:
        """The socket's path."""
        return socket_path(self._folder)

    def start(self) -> None:
        """Take the socket and answer from now on.

        Raises AlreadyRunning when another daemon has it, ControlError when it cannot be made. A
        socket that a dead daemon left behind is replaced.
        """
        make_private(self._folder)
        self._take_lock()
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            self._release_lock()
            raise ControlError(f"{self.path}: {self._failure.strerror or self._failure}")

    def close(self) -> None:
        """Answer nothing more and remove the socket; may be called when never started."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)
            self._thread.join()
        self._release_lock()

    def _take_lock(self) -> None:
        # The lock, not the socket, decides who is alive: the kernel lets go of it with its process.
        try:
            # Not through a link: it would be written to, wherever it leads.
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            lock = os.fdopen(os.open(self._folder / "daemon.lock", flags, 0o600), "a+")
        except OSError as error:
            raise ControlError(f"{self._folder}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            pid = _pid_of_running(self._folder) or lock.read().strip() or "unknown"
            lock.close()
            raise AlreadyRunning(f"dictation already runs, pid {pid}") from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._converse, self.path, limit=MAX_LINE)
        self.path.chmod(0o600)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        # Not waited for: a client may hold its connection for as long as it likes.
        server.close()
        self.path.unlink(missing_ok=True)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not _is_same_user(writer.get_extra_info("socket")):
                return
            async with asyncio.timeout(_IDLE_SECONDS):
                while line := await reader.readline():
                    writer.write(encode_reply(await self._reply(line)))
                    await writer.drain()
        except ValueError:
            writer.write(encode_reply(Reply(error=f"a line longer than {MAX_LINE} bytes")))
        except (TimeoutError, OSError, asyncio.CancelledError):
            # Cancelled is what is open when the server ends; Python 3.11 would log it as a failure.
            pass
        finally:
            writer.close()

    async def _reply(self, line: bytes) -> Reply:
        try:
            request = decode_request(line)
        except ProtocolError as error:
            return Reply(error=str(error))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await asyncio.wrap_future(self._answer(request))
        except TimeoutError:
            return Reply(error="dictation is too busy to answer")


def _is_same_user(connection: socket.socket) -> bool:
    """Ask the kernel who is at the other end (unix(7), SO_PEERCRED: pid, uid, gid).

    The modes of socket and folder keep strangers out already; this holds where they were changed.
    """
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # not Linux
    layout = struct.Struct("3i")
    _, uid, _ = layout.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, layout.size)
    )
    return bool(uid == os.getuid())


def _pid_of_running(folder: Path) -> int | None:
    try:
        return ask("status", folder, timeout=2.0).pid
    except (NotRunning, ControlError, ProtocolError):
        return None
