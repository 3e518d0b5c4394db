"""What goes over the control socket: one JSON object a line, a request and its reply.

Pure: bytes in, values out. Kept free of heavy imports, since every `dictation toggle` loads it.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from dictation.errors import DictationError

MAX_LINE = 64 * 1024
"""Longest line in bytes; whatever is longer is no request of ours."""

Name = Literal["start", "stop", "toggle", "cancel", "status"]


class ProtocolError(DictationError):
    """A line that is no request or no reply."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the daemon is asked to do."""

    command: Name


@dataclass(frozen=True, slots=True)
class Latencies:
    """Where the time of the last utterance went, in seconds (see events.Timing).

    `delivery` is None until its text has arrived.
    """

    audio: float
    endpoint_wait: float
    first_partial: float | None
    compute: float
    backlog: float
    delivery: float | None = None


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """How the daemon does.

    `status` is the session's word for it (idle, listening, ...); `caption` holds the words heard
    so far of what is being said, `text` the last finished text; `utterances` counts the texts since
    its start, `kept` are those of them that reached no window.
    """

    pid: int
    status: str
    model: str | None = None
    microphone: str | None = None
    hotkey: str | None = None
    mode: str = "hold"
    caption: str | None = None
    text: str | None = None
    utterances: int = 0
    kept: tuple[str, ...] = ()
    language: str | None = None
    last: Latencies | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The daemon's answer: its status once the request is carried out, or what is wrong."""

    status: DaemonStatus | None = None
    error: str | None = None


def encode_request(request: Request) -> bytes:
    """A request as one line."""
    return _line(asdict(request))


def decode_request(line: bytes) -> Request:
    """Read a request. Raises ProtocolError for anything else."""
    values = _object(line)
    command = values.pop("command", None)
    if command not in get_args(Name):
        known = ", ".join(get_args(Name))
        raise ProtocolError(f"{command!r} is not a command; there are {known}")
    if values:
        raise ProtocolError(f"a request has no field {min(values)!r}")
    return Request(command)


def encode_reply(reply: Reply) -> bytes:
    """A reply as one line, shortened to fit: the oldest kept texts go first."""
    line = _line(asdict(reply))
    status = reply.status
    while len(line) > MAX_LINE and status is not None and status.kept:
        status = replace(status, kept=status.kept[1:])
        line = _line(asdict(Reply(status, reply.error)))
    return line


def decode_reply(line: bytes) -> Reply:
    """Read a reply. Raises ProtocolError for anything else."""
    values = _object(line)
    try:
        status = values["status"]
        return Reply(None if status is None else _status(status), values["error"])
    except (TypeError, KeyError) as error:
        raise ProtocolError("the daemon's answer cannot be read: is it another version?") from error


def _status(values: object) -> DaemonStatus:
    if not isinstance(values, dict):
        raise TypeError("a status is an object")
    last = values.get("last")
    kept = tuple(values["kept"])
    return DaemonStatus(**{**values, "kept": kept, "last": Latencies(**last) if last else None})


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise ProtocolError(f"a line longer than {MAX_LINE} bytes")
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("not a line of JSON") from error
    if not isinstance(values, dict):
        raise ProtocolError("not a JSON object")
    return values
