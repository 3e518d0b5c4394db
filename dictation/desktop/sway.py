"""Asking sway (and i3, whose protocol it is) which window has the focus.

Source: sway-ipc(7).
"""

import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MAGIC = b"i3-ipc"
_HEADER = struct.Struct("=6sII")
_GET_TREE = 4
_SECONDS = 1.0


def focused_node(path: Path) -> dict[str, Any] | None:
    """The node of the window with the focus; None when there is none, or no answer."""
    try:
        tree = _ask(path, _GET_TREE)
    except (OSError, ValueError, EOFError):
        return None
    windows = (node for node in _nodes(tree) if node.get("focused") and node.get("pid"))
    return next(windows, None)


def _ask(path: Path, kind: int) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(str(path))
        connection.sendall(_HEADER.pack(_MAGIC, 0, kind))
        _, length, _ = _HEADER.unpack(_exactly(connection, _HEADER.size))
        answer = json.loads(_exactly(connection, length))
    if not isinstance(answer, dict):
        raise ValueError("no tree")
    return answer


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in (*node.get("nodes", ()), *node.get("floating_nodes", ())):
        yield from _nodes(child)
