"""`dictation devices` and `dictation doctor`: what this machine has."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dictation.checks import Check
from dictation.errors import DictationError

_MARKS = {"ok": ("ok", "green"), "warning": ("limited", "yellow"), "failed": ("missing", "red")}


def show_devices(*, as_json: bool) -> None:
    """Print the microphones, the default one marked with a star. Raises DictationError."""
    from dictation.audio.devices import list_microphones

    microphones = list_microphones()
    if as_json:
        print(json.dumps([asdict(found) for found in microphones], ensure_ascii=False))
        return
    if not microphones:
        raise DictationError("no microphone was found: plug one in, or see `dictation doctor`")
    for found in microphones:
        mark = "*" if found.is_default else " "
        print(f"{mark} {found.index:>2}  {found.name}  ({found.host_api}, {found.default_rate} Hz)")


def show_checks(config: Path | None, *, as_json: bool) -> bool:
    """Print one line for each check as it is made; whether the main job can run."""
    from dictation.desktop.environment import read_environment
    from dictation.doctor import check_machine

    console = Console(highlight=False, soft_wrap=True)
    works = True
    for check in check_machine(config, read_environment()):
        works = works and check.status != "failed"
        if as_json:
            print(json.dumps(asdict(check), ensure_ascii=False), flush=True)
        else:
            console.print(check_line(check))
    return works


def check_line(check: Check) -> Text:
    """A check as one line: its mark, its name, what was found, and the way out."""
    mark, colour = _MARKS[check.status]
    line = Text.assemble((f"{mark:<8}", colour), f"{check.name:<12}", check.detail)
    if check.remedy:
        line.append(f" -> {check.remedy}", "bold")
    return line
