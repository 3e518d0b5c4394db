"""The daemon that runs on this desktop, watched from outside while nobody speaks."""

import time
from pathlib import Path

from dictation.audio.capture import Microphone
from dictation.audio.errors import AudioDeviceError
from dictation.bench.figures import Figure, spread
from dictation.bench.process import memory_of, usage_of
from dictation.control.client import ask
from dictation.errors import DictationError
from dictation.history import History, HistorySettings, history_file

_OPENINGS = 5
_DELIVERIES = 200


def watch_daemon(seconds: float) -> list[Figure]:
    """Watch the running daemon idle and listening, `seconds` each; what it hears is dropped.

    Raises DictationError when none runs, it is busy, or the system does not tell of processes.
    """
    status = ask("status")
    if status.status != "idle":
        raise DictationError(f"the daemon is {status.status}: stop it first, then measure again")
    idle = _watch(status.pid, seconds)
    ask("start")
    try:
        listening = _watch(status.pid, seconds)
    finally:
        ask("cancel")
    opening = _time_to_first_sound(status.chosen_microphone)
    where = "whole daemon: tray, captions, key, microphone and worker"
    return [
        Figure("daemon_cpu_idle", "%", f"of one core, idle; {where}", idle),
        Figure("daemon_cpu_listening", "%", f"of one core, listening; {where}", listening),
        Figure(
            "microphone_opening",
            "ms",
            "until a closed microphone gives sound, which audio.keep_open = false costs each time",
            opening,
        ),
        Figure("daemon_memory", "MB", f"resident; {where}", memory_of(status.pid)),
        delivery_figure(history_file()),
    ]


def delivery_figure(history: Path) -> Figure:
    """How long the last texts took from being finished to being in their windows."""
    # Days and entries without end: looking must not forget anything.
    kept = History.open(history, HistorySettings(days=0, entries=0), time.time)
    try:
        entries = kept.recent(_DELIVERIES)
    finally:
        kept.close()
    taken = [each.latencies["delivery"] for each in entries if "delivery" in each.latencies]
    what = "finished text to its arrival in the window, of the last texts in the history"
    return Figure("delivery", "ms", what, spread([1000 * each for each in taken]))


def _time_to_first_sound(name: str) -> float | None:
    """Milliseconds, in the middle of a few tries; None where no microphone can be opened."""
    times = []
    for _ in range(_OPENINGS):
        microphone = Microphone(name or None, lambda samples, at: None, lambda reason: None)
        began = time.monotonic()
        try:
            microphone.open()
        except AudioDeviceError:
            return None
        times.append(1000 * (time.monotonic() - began))
        microphone.close()
    return sorted(times)[len(times) // 2]


def _watch(pid: int, seconds: float) -> float:
    before = usage_of(pid)
    time.sleep(seconds)
    after = usage_of(pid)
    if before is None or after is None:
        raise DictationError(
            "the daemon cannot be watched: it has ended, or there is no /proc here"
        )
    return before.share_until(after)
