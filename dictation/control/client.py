"""Asks the running daemon for something."""

import socket
from pathlib import Path

from dictation.control.place import ControlError, check_owner, control_folder, socket_path
from dictation.control.protocol import (
    MAX_LINE,
    DaemonStatus,
    Name,
    Request,
    decode_reply,
    encode_request,
)


class NotRunning(ControlError):  # noqa: N818 (named for what is the matter)
    """There is no daemon to ask."""


def ask(
    command: Name, folder: Path | None = None, timeout: float = 10.0, *, value: str | None = None
) -> DaemonStatus:
    """Send a command (with the `value` it takes) and return the daemon's status after it.

    Raises NotRunning without a daemon, ControlError when it does not answer within `timeout`
    seconds or answers with an error.
    """
    folder = folder or control_folder()
    check_owner(folder)
    path = socket_path(folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            connection.sendall(encode_request(Request(command, value)))
            line = _read_line(connection)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            message = "dictation is not running: start it with `dictation run`"
            raise NotRunning(message) from error
        except TimeoutError as error:
            message = f"the running dictation does not answer within {timeout:g} s"
            raise ControlError(message) from error
        except OSError as error:
            raise ControlError(f"{path}: {error.strerror or error}") from error
    if not line:
        raise ControlError("the running dictation ended before it had answered")
    reply = decode_reply(line)
    if reply.status is None:
        raise ControlError(reply.error or "the running dictation gave no answer")
    return reply.status


def _read_line(connection: socket.socket) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and len(line) <= MAX_LINE:
        part = connection.recv(4096)
        if not part:
            break
        line += part
    return bytes(line)
