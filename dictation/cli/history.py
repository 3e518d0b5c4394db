"""`dictation history`: the texts of the last days, for people and for programs."""

import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

from dictation.config import load_settings
from dictation.history import (
    Entry,
    EntryState,
    History,
    HistoryError,
    HistorySettings,
    history_file,
)

ExportFormat = Literal["json", "csv", "txt"]

_MARKS: dict[EntryState, str] = {
    "delivered": "",
    "undelivered": "(undelivered) ",
    "cancelled": "(taken back) ",
}


def user_history(config: Path | None) -> History:
    """The history of whoever runs this, kept as long as their settings say."""
    section = load_settings(config).history
    settings = HistorySettings(days=section.days, entries=section.entries)
    return History.open(history_file(), settings, time.time)


def show(entries: Sequence[Entry]) -> None:
    """Print entries, the newest last: where a terminal leaves the eye."""
    for entry in reversed(entries):
        mark = _MARKS[entry.state]
        print(f"{entry.id:>6}  {_when(entry)}  {mark}{entry.corrected or entry.text}")


def copy(history: History, number: int | None) -> None:
    """Put a text into the clipboard, the newest without a number."""
    from dictation.desktop.output.clipboard import copy_with_program

    if number is None:
        newest = history.recent(1)
        if not newest:
            raise HistoryError("the history is empty")
        entry = newest[0]
    else:
        entry = history.entry(number)
    text = entry.corrected or entry.text
    copy_with_program(text)
    print(text)


def export(history: History, file_format: ExportFormat) -> None:
    """Print everything, oldest first."""
    entries = history.all()
    match file_format:
        case "json":
            values = [{**asdict(entry), "at": _iso(entry)} for entry in entries]
            print(json.dumps(values, ensure_ascii=False, indent=2))
        case "csv":
            names = [name for name in Entry.__dataclass_fields__ if name != "latencies"]
            writer = csv.DictWriter(sys.stdout, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows({**asdict(entry), "at": _iso(entry)} for entry in entries)
        case "txt":
            for entry in entries:
                print(f"{_when(entry)}  {entry.corrected or entry.text}")


def clear(history: History) -> None:
    """Delete everything and say how much it was."""
    count = history.clear()
    print(f"{count} text{'' if count == 1 else 's'} deleted")


def _when(entry: Entry) -> str:
    return f"{datetime.fromtimestamp(entry.at):%Y-%m-%d %H:%M:%S}"


def _iso(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.at).astimezone().isoformat(timespec="milliseconds")
