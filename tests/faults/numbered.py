"""A recogniser that numbers what it hears, and `dictation run` with it in the model's place.

As a program: python -m tests.faults.numbered FOLDER CONFIG SECONDS. In FOLDER are the ledger of all
texts that were ever finished (one number a line, written before the daemon gets the text) and the
mood, the name of what the model is to do wrong. After SECONDS of silence it is said to hang.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.daemon import main
from dictation.daemon.main import run_daemon
from dictation.errors import DictationError
from dictation.events import Language, TimedWord

Mood = Literal["well", "raises", "out of memory", "stalls", "breaks"]
_ENOUGH_SECONDS = 0.1


@dataclass(frozen=True)
class Numbered:
    """The text of one utterance: its number."""

    text: str
    language: Language = "en"
    stable: str = ""
    trailing_blank: float = 0.0
    confidence: float = 0.9
    timed: tuple[TimedWord, ...] = ()

    @property
    def unstable(self) -> str:
        return self.text

    @property
    def words(self) -> str:
        return self.text


class NumberedStream:
    def __init__(self, recognizer: "NumberedRecognizer", chunk: int) -> None:
        self._recognizer = recognizer
        self._chunk = chunk
        self._heard = 0
        self._waiting = 0

    def accept(self, samples: np.ndarray, /) -> Numbered | None:
        self._heard += len(samples)
        self._waiting += len(samples)
        if self._waiting < self._chunk:
            return None
        self._waiting %= self._chunk
        # The first words are shown before anything goes wrong.
        if self._heard >= 2 * self._chunk:
            self._recognizer.misbehave()
        return Numbered(f"[{self._recognizer.next}]")

    def foresee(self) -> None:
        """Numbers are there at once."""

    def finish(self) -> Numbered:
        self._recognizer.misbehave()
        if self._heard < _ENOUGH_SECONDS * SAMPLE_RATE:
            return Numbered("")
        return Numbered(f"<{self._recognizer.count()}>")


class NumberedRecognizer:
    """Numbers go on over the death of its process."""

    description = "numbers, no parameters"

    def __init__(self, folder: Path) -> None:
        self._ledger = folder / "ledger"
        self._mood = folder / "mood"

    def stream(self, *, chunk_ms: int, language: Language | None = None) -> NumberedStream:
        return NumberedStream(self, chunk_ms * SAMPLE_RATE // 1000)

    @property
    def next(self) -> int:
        return len(finished(self._ledger)) + 1

    def count(self) -> int:
        number = self.next
        with self._ledger.open("a", encoding="utf-8") as file:
            file.write(f"{number}\n")
        return number

    def misbehave(self) -> None:
        match self._mood.read_text() if self._mood.exists() else "well":
            case "raises":
                raise RuntimeError("a layer got the wrong shape")
            case "out of memory":
                import torch  # half a gigabyte that the other faults do without

                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
            case "breaks":
                raise AssertionError("nobody reckoned with this")
            case "stalls":
                threading.Event().wait()


def finished(ledger: Path) -> list[int]:
    """The numbers of all texts that were ever finished."""
    return [int(line) for line in ledger.read_text().split()] if ledger.exists() else []


def _run(config: Path, stuck_seconds: float, load: Callable[..., object]) -> None:
    main.load_recognizer = load
    patient = main.worker_settings
    main.worker_settings = lambda settings: replace(patient(settings), stuck_seconds=stuck_seconds)
    try:
        run_daemon(config, verbose=False)
    except DictationError as error:
        # As dictation.cli does.
        sys.exit(f"dictation: {error}")


if __name__ == "__main__":
    os.umask(0o077)
    place = Path(sys.argv[1])
    # It takes seconds, in which the model would seem to hang.
    if (place / "mood").exists():
        import torch  # noqa: F401
    _run(Path(sys.argv[2]), float(sys.argv[3]), lambda *_: NumberedRecognizer(place))
