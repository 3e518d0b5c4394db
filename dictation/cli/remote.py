"""Commands to the running daemon; imports nothing heavy, for they are bound to keys."""

import json
from dataclasses import asdict

from dictation.control.client import ask
from dictation.control.protocol import DaemonStatus, Latencies, Name, check_value

_DEFAULT = "the system's default"


def send(command: Name) -> None:
    """Send a command and print what the daemon does after it."""
    print(ask(command).status)


def choose(command: Name, value: str) -> None:
    """Choose something in the daemon and print what holds after it."""
    check_value(command, value)
    print(_chosen(ask(command, value=value), command))


def show_choice(command: Name) -> None:
    """Print what is chosen."""
    print(_chosen(ask("status"), command))


def show_microphones() -> None:
    """Print the microphones that can be chosen, the chosen one marked with a star."""
    status = ask("status")
    for name in ("", *status.microphones):
        print("*" if name == status.chosen_microphone else " ", name or _DEFAULT)


def _chosen(status: DaemonStatus, command: Name) -> str:
    chosen: dict[Name, str] = {
        "language": status.recognition,
        "mode": status.mode,
        "microphone": status.chosen_microphone or _DEFAULT,
        "mute": "muted" if status.muted else "not muted",
        "display": status.display,
        "model": "starting again with that model",
    }
    return chosen[command]


def show_status(*, as_json: bool) -> None:
    """Print how the daemon does."""
    status = ask("status")
    print(json.dumps(asdict(status), ensure_ascii=False) if as_json else _lines(status))


def _lines(status: DaemonStatus) -> str:
    rows = [
        ("status", f"{status.status} (pid {status.pid})"),
        ("model", status.model or "loading"),
        ("microphone", status.microphone or "none"),
        ("language", status.recognition),
        ("hotkey", status.hotkey or "none"),
        ("mode", status.mode),
        ("texts", str(status.utterances)),
    ]
    if status.last is not None:
        rows.append(("last text", latency_line(status.last)))
    if status.kept:
        rows.append(("not delivered", str(len(status.kept))))
        rows += [("", text) for text in status.kept]
    if status.problem:
        rows.append(("problem", status.problem))
    return "\n".join(f"{name:<14}{value}" for name, value in rows)


def latency_line(last: Latencies) -> str:
    """Where the time of one text went, for people."""
    parts = [f"{last.audio:.1f} s of speech"]
    if last.first_partial is not None:
        parts.append(f"first words after {_ms(last.first_partial)}")
    parts.append(f"end noticed after {_ms(last.endpoint_wait)}")
    parts.append(f"text {_ms(last.compute)} later")
    if last.delivery is not None:
        parts.append(f"delivered in {_ms(last.delivery)}")
    return ", ".join(parts)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
