"""One desktop with its daemon, its window and its microphone, at which is dictated."""

import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil

from dictation.audio import SAMPLE_RATE
from dictation.control.client import ask
from dictation.control.protocol import DaemonStatus
from dictation.history import Entry, History, HistorySettings
from dictation.training.evaluation import error_rate
from tests.daemon.soak import open_files
from tests.desktop.apps import App, tk_entry
from tests.endurance.microphone import FastMicrophone, fast_microphone
from tests.endurance.speech import Spoken, for_ever
from tests.hands import Hands
from tests.running import RunningDaemon, ready, write_config
from tests.xsession import wait_until, xsession

_PATIENCE_SECONDS = 60.0
_SHOWING_SECONDS = 5.0
_GLANCE_SECONDS = 0.01
_PAUSE = np.zeros(SAMPLE_RATE, np.float32)
_FULL = 2000
"""Characters in the window from which on it is emptied, as a user begins another page."""


@dataclass(frozen=True)
class Look:
    """The daemon after one dictation; all times but those of speech are by the clock.

    `spoken`: seconds of speech until then, `seconds` in this one. `paused`: it ended by silence,
    not by letting go. `wait`: from the end of speech until its text was in the window, None where
    none came; `delivery`: the last part of it. `cpu`: seconds of computing; `load`: of the machine,
    in the last minute (getloadavg(3)). `errors`: edits over the reference's length.
    `finished`: texts the daemon wrote down; of these `lost` reached no window and are not marked
    so, `kept` are marked; `unasked`: characters in the window that nobody said. `memory`: MB that
    are its own; `resident`: with what is read from files, which the kernel takes away and gives
    back as others need it.
    """

    desk: int
    at: float
    spoken: float
    name: str
    seconds: float
    paused: bool
    wait: float | None
    delivery: float | None
    backlog: float | None
    cpu: float
    load: float
    errors: float
    finished: int
    lost: int
    kept: int
    unasked: int
    memory: float
    resident: float
    threads: int
    files: int


@dataclass(frozen=True)
class Plan:
    """What one desk is to do, and where its rows go."""

    desk: int
    speed: float
    spoken: Sequence[Spoken]
    hours: float
    until: float
    model: str
    threads: int
    rows: Path


class Desk:
    """Dictates, and keeps account of each dictation."""

    def __init__(
        self,
        plan: Plan,
        daemon: RunningDaemon,
        sound: FastMicrophone,
        app: App,
        hands: Hands,
        history: History,
    ) -> None:
        assert daemon.process is not None
        self._plan = plan
        self._daemon = daemon
        self._sound = sound
        self._app = app
        self._hands = hands
        self._history = history
        self._process = psutil.Process(daemon.process.pid)
        self._last_entry = 0
        self._spoken = 0.0
        self._count = 0

    def dictate(self, spoken: Spoken) -> Look:
        """One recording, from start to its text in the window.

        Every other time the speaker pauses before he lets go, and speech ends by its endpoint.
        """
        self._turn_the_page()
        before, computed = self._app.text(), self._computed()
        samples = spoken.samples()
        ask("start", self._daemon.folder)
        ended = self._sound.say(samples)
        paused = self._count % 2 == 1
        if paused:
            self._sound.say(_PAUSE)
        ask("stop", self._daemon.folder)
        status, changed = self._await_idle(before)
        entries = self._entries()
        arrived = self._await_texts(before, entries)
        lost, unasked = account(entries, arrived)
        self._count += 1
        self._spoken += spoken.seconds
        last = status.last if entries else None
        memory = self._process.memory_info()
        return Look(
            desk=self._plan.desk,
            at=round(time.time(), 2),
            spoken=round(self._spoken, 2),
            name=spoken.name,
            seconds=round(spoken.seconds, 3),
            paused=paused,
            wait=round(changed - ended, 4) if arrived.strip() else None,
            delivery=round(last.delivery, 4) if last and last.delivery is not None else None,
            backlog=round(last.backlog, 3) if last else None,
            cpu=round(self._computed() - computed, 3),
            load=round(os.getloadavg()[0], 1),
            errors=round(error_rate([spoken.text], [arrived.strip() or "-"]), 4),
            finished=len(entries),
            lost=lost,
            kept=sum(entry.state == "undelivered" for entry in entries),
            unasked=unasked,
            memory=round((memory.rss - memory.shared) / 1e6, 2),
            resident=round(memory.rss / 1e6, 2),
            threads=self._process.num_threads(),
            files=open_files(self._process),
        )

    def _computed(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _await_texts(self, before: str, entries: Sequence[Entry]) -> str:
        """What the window got since `before`, once that is all that is to come."""
        deadline = time.monotonic() + _SHOWING_SECONDS
        while True:
            now = self._app.text()
            arrived = now[len(before) :] if now.startswith(before) else now
            if account(entries, arrived) == (0, 0) or time.monotonic() > deadline:
                return arrived
            time.sleep(_GLANCE_SECONDS)

    def _await_idle(self, before: str) -> tuple[DaemonStatus, float]:
        """The status once it is idle, and when the window last changed (monotonic)."""
        seen, changed = before, time.monotonic()
        deadline = changed + _PATIENCE_SECONDS
        while True:
            status = self._daemon.status()
            now = self._app.text()
            if now != seen:
                seen, changed = now, time.monotonic()
            if status is not None and status.status == "idle":
                return status, changed if seen != before else time.monotonic()
            if status is None or time.monotonic() > deadline:
                raise TimeoutError(f"the daemon is not idle again: {self._daemon.log.read_text()}")
            time.sleep(_GLANCE_SECONDS)

    def _entries(self) -> list[Entry]:
        """What the daemon wrote down since this was last asked, oldest first."""
        new = [each for each in self._history.recent(20) if each.id > self._last_entry]
        self._last_entry = max([self._last_entry, *(each.id for each in new)])
        return new[::-1]

    def _turn_the_page(self) -> None:
        """Empty a full window, as a user begins another page."""
        if len(self._app.text()) < _FULL:
            return
        self._hands.tap("Control_L", "slash")  # Tk's "select all"
        self._hands.tap("BackSpace")
        wait_until(lambda: not self._app.text(), "the window to be empty")


def account(entries: Sequence[Entry], arrived: str) -> tuple[int, int]:
    """How many texts of the history are nowhere, and how many characters came unasked."""
    place = lost = unasked = 0
    for entry in entries:
        text = entry.text.strip()
        found = arrived.find(text, place)
        if found < 0:
            lost += entry.state != "undelivered"
            continue
        unasked += len(arrived[place:found].strip())
        place = found + len(text)
    return lost, unasked + len(arrived[place:].strip())


def endure(plan: Plan) -> None:
    """Dictate at a desk of its own until the plan is fulfilled or SIGTERM comes.

    Each look becomes a line of the plan's file at once.
    """
    asked_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all; one passes it on
    with (
        tempfile.TemporaryDirectory() as name,
        xsession() as session,
        fast_microphone(plan.speed) as sound,
        tk_entry(session) as app,
        Hands(session.display) as hands,
        plan.rows.open("a", encoding="utf-8") as rows,
    ):
        folder = Path(name)
        config = write_config(folder, plan.model, threads=plan.threads)
        with ready(session, sound, config) as daemon, closing(_history(folder)) as history:
            desk = Desk(plan, daemon, sound, app, hands, history)
            for spoken in for_ever(plan.spoken, plan.desk):
                look = desk.dictate(spoken)
                rows.write(json.dumps(asdict(look), ensure_ascii=False) + "\n")
                rows.flush()
                enough = look.spoken >= 3600 * plan.hours or look.at >= plan.until
                if enough or asked_to_end.is_set():
                    break


def _history(folder: Path) -> History:
    return History(folder / "data/dictation/history.db", HistorySettings(), time.time)
