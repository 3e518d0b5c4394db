"""Starts and stops a running daemon over and over and looks at what it leaves behind.

As a command: python -m tests.daemon.soak --cycles 1000 (make soak).
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from Xlib import X
from Xlib.display import Display

from dictation.control.client import ask
from tests import pulse
from tests.hands import Hands
from tests.running import RunningDaemon, ready, write_tiny_config
from tests.tiny_model import write_tiny_model
from tests.xsession import wait_until, xsession

_WARM_UP = 30
"""Cycles before the first look, at least: what is made once is made by then. The allocator takes
some hundreds to find its size, which is less than a megabyte for the hundred of the test."""


@dataclass(frozen=True)
class Footprint:
    """What a process holds: threads, open files, resident memory in MB, and the Escape key."""

    threads: int
    files: int
    memory: float
    escape: bool


def look(daemon: RunningDaemon, hands: Hands) -> Footprint:
    """What the daemon holds now that it is idle."""
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)
    return Footprint(
        threads=process.num_threads(),
        files=open_files(process),
        memory=process.memory_info().rss / 1e6,
        escape=_taken(hands, "Escape"),
    )


def open_files(process: psutil.Process) -> int:
    """What it has open but for our own question, whose connection it closes a moment later."""
    counts = []
    for _ in range(3):
        counts.append(process.num_fds())
        time.sleep(0.02)
    return min(counts)


def run_cycles(daemon: RunningDaemon, hands: Hands, count: int) -> None:
    """Start and stop so many times: by command and by key, ended, cancelled and escaped."""
    for number in range(count):
        match number % 4:
            case 0:
                ask("start", daemon.folder)
                ask("cancel", daemon.folder)
            case 1:
                ask("start", daemon.folder)
                ask("stop", daemon.folder)
            case 2:
                hands.press("F9")
                daemon.wait_for("listening")
                wait_until(lambda: _taken(hands, "Escape"), "the cancel key to be taken")
                hands.tap("Escape")
                daemon.wait_for("idle")
                hands.release("F9")
            case _:
                hands.press("F9")
                daemon.wait_for("listening")
                hands.release("F9")
        daemon.wait_for("idle")


def soak(daemon: RunningDaemon, hands: Hands, cycles: int) -> tuple[Footprint, Footprint]:
    """What the daemon holds after warming up, and after so many cycles more."""
    run_cycles(daemon, hands, max(_WARM_UP, cycles // 3))
    before = look(daemon, hands)
    run_cycles(daemon, hands, cycles)
    return before, look(daemon, hands)


def leaks(before: Footprint, after: Footprint) -> list[str]:
    """What there is more of, in words; memory counts from a megabyte on."""
    found = [
        f"{name}: {getattr(before, name)} before, {getattr(after, name)} after"
        for name in ("threads", "files", "escape")
        if getattr(after, name) > getattr(before, name)
    ]
    if after.memory > before.memory + 1.0:
        found.append(f"memory: {before.memory:.1f} MB before, {after.memory:.1f} MB after")
    return found


def _taken(hands: Hands, key: str) -> bool:
    """Whether another program has a grab of a key."""
    connection = Display(hands.display.get_display_name())
    connection.set_error_handler(lambda error, request: None)
    refused: list[object] = []
    code, root = hands.code(key), connection.screen().root
    root.grab_key(
        code, 0, False, X.GrabModeAsync, X.GrabModeAsync,
        onerror=lambda error, request: refused.append(error),
    )  # fmt: skip
    connection.sync()
    connection.close()
    return bool(refused)


def main() -> None:
    """Soak a daemon with a tiny model on a desktop of its own and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=1000)
    cycles = parser.parse_args().cycles
    with tempfile.TemporaryDirectory() as name, xsession() as session:
        folder = Path(name)
        with pulse.virtual_microphone() as sound, Hands(session.display) as hands:
            config = write_tiny_config(folder, write_tiny_model(folder / "tiny"))
            with ready(session, sound, config) as daemon:
                before, after = soak(daemon, hands, cycles)
    print(json.dumps({"cycles": cycles, "before": asdict(before), "after": asdict(after)}))
    found = leaks(before, after)
    print("\n".join(found) or "nothing is left behind")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
