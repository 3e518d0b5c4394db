"""Bars for whoever waits at a terminal: how far each file is, how fast, how much time is left."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from dictation.audio.files import AudioFileError, probe
from dictation.batch.work import Task

_SHORT_SECONDS = 5.0
_NAME_COLUMNS = 32


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@dataclass(slots=True)
class _Row:
    bar: TaskID
    begun: float
    skipped: float = 0.0
    seconds: float = 0.0


class ProgressBars:
    """A row for each file at work and, of several, one for all; nothing unless at a terminal."""

    def __init__(self, tasks: list[Task], console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._shown = self._console.is_terminal
        self._durations = {task: duration_of(task.source) for task in tasks} if self._shown else {}
        if len(tasks) == 1 and (self._durations.get(tasks[0]) or _SHORT_SECONDS) < _SHORT_SECONDS:
            self._shown = False
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[place]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
            disable=not self._shown,
        )
        self._rows: dict[Task, _Row] = {}
        self._done = 0.0
        self._whole: _Row | None = None

    def __enter__(self) -> Self:
        """Show the bars until the end of the block."""
        self._progress.start()
        if len(self._durations) > 1:
            known = [duration for duration in self._durations.values() if duration is not None]
            total = sum(known) if len(known) == len(self._durations) else None
            self._whole = self._row(f"{len(known)} files", total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bars away."""
        self._progress.stop()

    def resumed(self, task: Task, seconds: float) -> None:
        """A file goes on after so many seconds that need no work."""
        if self._shown:
            self._row_of(task).skipped = seconds

    def advance(self, task: Task, seconds: float) -> None:
        """So many seconds of a file are done."""
        if not self._shown:
            return
        row = self._row_of(task)
        row.seconds = max(seconds, row.skipped)
        self._show(row, self._durations[task])
        if self._whole is not None:
            self._whole.skipped = sum(each.skipped for each in self._rows.values())
            self._whole.seconds = self._done + sum(each.seconds for each in self._rows.values())
            self._show(self._whole, None)

    def end(self, task: Task) -> None:
        """A file is done or failed: its row goes."""
        row = self._rows.pop(task, None)
        if row is not None:
            self._done += row.seconds - row.skipped
            self._progress.remove_task(row.bar)

    def say(self, line: str) -> None:
        """Write a line on standard error, above the bars."""
        if self._shown:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def _row_of(self, task: Task) -> _Row:
        if task not in self._rows:
            name = Path(task.name).name
            short = name if len(name) <= _NAME_COLUMNS else f"…{name[1 - _NAME_COLUMNS :]}"
            self._rows[task] = self._row(short, self._durations[task])
        return self._rows[task]

    def _row(self, name: str, total: float | None) -> _Row:
        escaped = name.replace("[", r"\[")
        bar = self._progress.add_task(escaped, total=total, place="", speed="")
        return _Row(bar, time.monotonic())

    def _show(self, row: _Row, duration: float | None) -> None:
        took = time.monotonic() - row.begun
        fresh = row.seconds - row.skipped
        place = clock(row.seconds) + (f" / {clock(duration)}" if duration else "")
        speed = f"{fresh / took:.1f}x" if took > 1.0 else ""
        self._progress.update(row.bar, completed=row.seconds, place=place, speed=speed)


def duration_of(source: Path | None) -> float | None:
    """How long a file says it is, in seconds; None where that cannot be known beforehand."""
    if source is None:
        return None
    try:
        return probe(source).duration
    except AudioFileError:
        return 0.0  # the reading itself says what is wrong
