"""Dictates without a pause and looks whether anything grows, slows down or is lost.

The whole daemon with its model, a real window and a virtual microphone, recordings back to back.
As a command: python -m tests.faults.endurance --minutes 30 (make soak). Prints JSON; the exit
status is 1 when a text was lost or came twice, or when the daemon holds more threads or files.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from dictation.control.client import ask
from dictation.history import Entry, History, HistorySettings
from dictation.training.evaluation import error_rate
from tests import pulse
from tests.desktop.apps import App, tk_entry
from tests.pulse import VirtualMicrophone
from tests.recordings import Recording, recordings
from tests.running import RunningDaemon
from tests.xsession import xsession

_PERCENTILES = (50, 90, 95, 99)
_WARM_UP = 3
"""Dictations before the first look: what is made once is made by then."""


@dataclass(frozen=True)
class Look:
    """The daemon after a dictation that took `wait` seconds from its end to its text's arrival.

    `at`: seconds since the start; `errors`: edits over reference length; `memory` in MB.
    """

    at: float
    wait: float
    errors: float
    memory: float
    threads: int
    files: int


@dataclass(frozen=True)
class Hour:
    """What an hour of dictation was like; the waits are percentiles 50, 90, 95, 99 in seconds."""

    dictations: int
    errors: float
    waits: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """All of it; `slope` is the memory's growth in MB per hour, after warming up."""

    minutes: float
    texts: int
    lost: int
    twice: int
    hours: tuple[Hour, ...]
    memory: tuple[float, float]
    slope: float
    threads: tuple[int, int]
    files: tuple[int, int]

    @property
    def sound(self) -> bool:
        grown = self.threads[1] > self.threads[0] or self.files[1] > self.files[0]
        return not (self.lost or self.twice or grown)


def dictate(
    daemon: RunningDaemon, sound: VirtualMicrophone, recording: Recording, app: App
) -> Look:
    """One recording, from start to its text in the window."""
    assert daemon.process is not None
    before = len(app.text())
    ask("start", daemon.folder)
    sound.play(recording.path)
    ask("stop", daemon.folder)
    ended = time.monotonic()
    daemon.wait_for("idle")
    wait = time.monotonic() - ended
    time.sleep(0.1)  # the window writes what it holds some ten times in that
    process = psutil.Process(daemon.process.pid)
    return Look(
        at=ended,
        wait=wait,
        errors=error_rate([recording.written], [app.text()[before:] or "-"]),
        memory=process.memory_info().rss / 1e6,
        threads=process.num_threads(),
        files=process.num_fds(),
    )


def account(entries: Sequence[Entry], arrived: str) -> tuple[int, int]:
    """How many texts of the history are nowhere, and how many characters came unasked."""
    place = lost = unasked = 0
    for entry in entries:
        found = arrived.find(entry.text, place)
        if found < 0:
            lost += entry.state != "undelivered"
            continue
        unasked += len(arrived[place:found].strip())
        place = found + len(entry.text)
    return lost, unasked + len(arrived[place:].strip())


def judge(looks: Sequence[Look], lost: int, twice: int) -> Result:
    """Put the looks together."""
    first = looks[0].at
    settled = looks[_WARM_UP:]
    growth = np.polyfit([each.at for each in settled], [each.memory for each in settled], 1)
    by_hour: dict[int, list[Look]] = {}
    for each in looks:
        by_hour.setdefault(int((each.at - first) // 3600), []).append(each)
    return Result(
        minutes=round((looks[-1].at - first) / 60, 1),
        texts=len(looks),
        lost=lost,
        twice=twice,
        hours=tuple(map(_hour, by_hour.values())),
        memory=(round(settled[0].memory), round(settled[-1].memory)),
        slope=round(float(growth[0]) * 3600, 1),
        threads=(settled[0].threads, settled[-1].threads),
        files=(settled[0].files, settled[-1].files),
    )


def _hour(looks: list[Look]) -> Hour:
    waits = np.percentile([each.wait for each in looks], _PERCENTILES)
    return Hour(
        dictations=len(looks),
        errors=round(float(np.mean([each.errors for each in looks])), 4),
        waits=tuple(round(float(each), 2) for each in waits),
    )


def endure(minutes: float, model: str) -> Result:
    """Dictate for so long on a desktop of its own."""
    spoken = list(recordings().values())
    with tempfile.TemporaryDirectory() as name, xsession() as session:
        folder = Path(name)
        config = folder / "config.toml"
        config.write_text(f'[model]\nname = "{model}"\n[audio]\ndevice = "microphone"\n')
        with pulse.virtual_microphone() as sound, tk_entry(session) as app:
            env = {
                **session.env,
                **sound.environment,
                "XDG_STATE_HOME": str(folder / "state"),
                "XDG_DATA_HOME": str(folder / "data"),
            }
            daemon = RunningDaemon(session, env, config)
            daemon.start()
            daemon.wait_for("idle")
            looks: list[Look] = []
            until = time.monotonic() + 60 * minutes
            while time.monotonic() < until or len(looks) < _WARM_UP + 2:
                looks.append(dictate(daemon, sound, spoken[len(looks) % len(spoken)], app))
            arrived = app.text()
            daemon.end(signal.SIGTERM)
            history = History(folder / "data/dictation/history.db", HistorySettings(), time.time)
            entries = history.all()
            history.close()
    return judge(looks, *account(entries, arrived))


def main() -> None:
    """Endure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--model", default="starter")
    asked = parser.parse_args()
    result = endure(asked.minutes, asked.model)
    print(json.dumps(asdict(result), indent=2))
    sys.exit(not result.sound)


if __name__ == "__main__":
    main()
