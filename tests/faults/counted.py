"""A daemon whose utterances are numbered, and the account of them."""

import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil

from dictation.control.client import ask
from dictation.control.protocol import DaemonStatus, Name
from dictation.history import History, HistorySettings
from tests.desktop.apps import App
from tests.faults.numbered import Mood, finished
from tests.hands import Hands
from tests.running import ROOT, RunningDaemon
from tests.xsession import XSession, wait_until

_NUMBER = re.compile(r"<(\d+)>")


class NumberedDaemon(RunningDaemon):
    """Counts, over all its lives, what it has heard, what arrived, and what its history says."""

    def __init__(self, session: XSession, env: dict[str, str], folder: Path) -> None:
        self.place = folder
        config = folder / "config.toml"
        config.write_text(
            '[audio]\ndevice = "microphone"\n[sounds]\nenabled = false\n'
            '[[application]]\nmatch = "*"\nformatting = false\n'
        )
        super().__init__(session, env, config)
        self.config = config
        self.data = Path(env["XDG_DATA_HOME"]) / "dictation"

    def start(self, stuck_seconds: float = 60.0) -> None:
        """`stuck_seconds`: of silence, after which the model is said to hang; on a busy machine one
        that does not may be silent for many."""
        command = [sys.executable, "-m", "tests.faults.numbered",
                   str(self.place), str(self.config), str(stuck_seconds)]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.env, cwd=ROOT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def ask(self, request: Name) -> DaemonStatus:
        return ask(request, self.folder)

    def be(self, mood: Mood) -> None:
        (self.place / "mood").write_text(mood)

    @property
    def heard(self) -> list[int]:
        """The numbers of the texts it has finished."""
        return finished(self.place / "ledger")

    def remembered(self) -> dict[str, str]:
        """Each text of the history, with its state."""
        history = History(self.data / "history.db", HistorySettings(), lambda: 0.0)
        entries = history.all()
        history.close()
        return {entry.text: entry.state for entry in entries}

    def die(self) -> None:
        """End at once, as the kernel does it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def orphans(self) -> list[psutil.Process]:
        """What it started and left behind; the clipboard's keeper is meant to stay."""
        found = []
        for process in psutil.process_iter():
            try:
                environment = process.environ()
                if "dictation.desktop.output.keeper" in process.cmdline():
                    continue
            except psutil.Error:
                continue
            if environment.get("FAULTS_DAEMON") == str(self.place):
                found.append(process)
        return found


def account(daemon: NumberedDaemon, arrived: str, *, excused: int = 0) -> None:
    """Fail unless each finished text arrived once, or else is in the history as undelivered.

    `excused`: texts that a kill may have taken between the recogniser and the history.
    """
    counts = Counter(int(number) for number in _NUMBER.findall(arrived))
    states = daemon.remembered()
    twice = [number for number, count in counts.items() if count > 1]
    lost = [
        number
        for number in daemon.heard
        if not counts[number] and states.get(f"<{number}>") != "undelivered"
    ]
    claimed = [
        text for text, state in states.items() if state == "delivered" and text not in arrived
    ]
    print(
        f"{len(daemon.heard)} finished, {sum(counts.values())} arrived, lost {lost}, twice {twice}"
    )
    assert twice == [], arrived
    assert claimed == []
    assert len(lost) <= excused, f"lost {lost} of {len(daemon.heard)}"


def what_arrived(daemon: NumberedDaemon, window: App) -> str:
    """The text of a window once all that was delivered stands in it: the last may take a moment."""

    def whole() -> tuple[str] | None:
        text, states = window.text(), daemon.remembered()
        there = all(each in text for each, state in states.items() if state == "delivered")
        return (text,) if there else None

    (text,) = wait_until(whole, "what was delivered", instead=window.text)
    return str(text)


def pressed(session: XSession) -> list[int]:
    """The codes of the keys that are down."""
    with Hands(session.display) as hands:
        keymap = hands.display.query_keymap()
    return [code for code in range(256) if keymap[code // 8] >> code % 8 & 1]


def say(daemon: NumberedDaemon) -> None:
    """One utterance from start to end, while somebody talks; returns when its text is finished."""
    before = len(daemon.heard)
    daemon.ask("start")
    daemon.wait_for("speaking")
    daemon.ask("stop")
    wait_until(lambda: len(daemon.heard) > before, "the text")
