"""What goes over the control socket: one JSON object a line, a request and its reply.

Pure: bytes in, values out. Kept free of heavy imports, since every `dictation toggle` loads it.
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from dictation.errors import DictationError

MAX_LINE = 64 * 1024
"""Longest line in bytes; whatever is longer is no request of ours."""

Name = Literal[
    "start",
    "stop",
    "toggle",
    "cancel",
    "undo",
    "copy_last",
    "status",
    "language",
    "mode",
    "microphone",
    "mute",
    "display",
    "model",
    "settings",
    "restart",
    "quit",
]

VALUES: dict[Name, tuple[str, ...]] = {
    "language": ("auto", "zh", "en", "next"),
    "mode": ("hold", "toggle", "double-tap", "hands-free"),
    "microphone": (),
    "mute": ("on", "off", "toggle"),
    "display": ("auto", "zh", "en"),
    "model": (),
}
"""What the requests that choose something take; no values: any text."""


class ProtocolError(DictationError):
    """A line that is no request or no reply."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the daemon is asked to do; `value` is for the commands in VALUES and no others."""

    command: Name
    value: str | None = None


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
    its start, `kept` are those of them that reached no window. `language` is that of the last
    speech, `recognition` the one chosen to be recognised. `chosen_microphone` is empty for the
    system's default; `microphones` can be chosen now.
    """

    pid: int
    status: str
    model: str | None = None
    microphone: str | None = None
    hotkey: str | None = None
    mode: str = "hold"
    recognition: str = "auto"
    chosen_microphone: str = ""
    microphones: tuple[str, ...] = ()
    muted: bool = False
    display: str = "auto"
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
    values = asdict(request)
    return _line(values if request.value is not None else {"command": request.command})


def decode_request(line: bytes) -> Request:
    """Read a request. Raises ProtocolError for anything else."""
    values = _object(line)
    command = values.pop("command", None)
    if command not in get_args(Name):
        known = ", ".join(get_args(Name))
        raise ProtocolError(f"{command!r} is not a command; there are {known}")
    value = values.pop("value", None)
    if values:
        raise ProtocolError(f"a request has no field {min(values)!r}")
    check_value(command, value)
    return Request(command, value)


def check_value(command: Name, value: object) -> None:
    """Raise ProtocolError when a command does not take this value, saying what it takes."""
    if command not in VALUES:
        if value is not None:
            raise ProtocolError(f"{command} takes no value")
        return
    known = VALUES[command]
    if not isinstance(value, str) or (known and value not in known) or not _is_text(value):
        shown = "nothing" if value is None else repr(value)
        raise ProtocolError(f"{command} takes {', '.join(known) or 'a name'}, not {shown}")


def _is_text(value: str) -> bool:
    """Whether it can be in a file's name: JSON can also hold NUL and halves of a character."""
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


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
    lists = {name: tuple(values[name]) for name in ("kept", "microphones")}
    return DaemonStatus(**{**values, **lists, "last": Latencies(**last) if last else None})


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
