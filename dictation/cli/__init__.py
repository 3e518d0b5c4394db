"""The command `dictation`."""

import os
import sys
from collections.abc import Callable
from typing import Literal

from dictation.errors import DictationError


def main() -> None:
    """Run the command line: exit status 0, 1 for an error told in one line, 2 for wrong usage."""
    match sys.argv[1:]:
        case ["toggle" | "start" | "stop" | "cancel" | "undo" as name]:
            # Bound to keys and asked by panels: the parser would take longer than they do.
            sys.exit(told(lambda: _send(name)))
        case ["copy-last"]:
            sys.exit(told(lambda: _send("copy_last")))
        case ["language" | "mode" | "microphone" | "mute" as choice, value] if value[:1] != "-":
            sys.exit(told(lambda: _choose(choice, value)))
        case ["status", *options] if options in ([], ["--json"]):
            sys.exit(told(lambda: _show_status(as_json=bool(options))))
        case _:
            sys.exit(told(_parse))


def told(command: Callable[[], None]) -> int:
    """Run a command, say what a user can set right in one line, and return the exit status."""
    try:
        command()
        sys.stdout.flush()
    except DictationError as error:
        print(f"dictation: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _send(name: Literal["toggle", "start", "stop", "cancel", "undo", "copy_last"]) -> None:
    from dictation.cli.remote import send

    send(name)


def _choose(name: Literal["language", "mode", "microphone", "mute"], value: str) -> None:
    from dictation.cli.remote import choose

    choose(name, value)


def _show_status(*, as_json: bool) -> None:
    from dictation.cli.remote import show_status

    show_status(as_json=as_json)


def _parse() -> None:
    from dictation.cli.app import app

    app(standalone_mode=True)
