"""A process of its own that is the daemon without its devices: what a real worker costs, live.

The parent writes LiveSettings to standard input as one JSON line; this process answers with one
line when the model is ready and one with what it measured.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from queue import Empty, SimpleQueue

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.bench.process import own_memory, own_usage
from dictation.bench.sounds import Samples, quiet_room, recordings
from dictation.config import Settings
from dictation.errors import DictationError
from dictation.events import (
    Event,
    Final,
    ListeningEnded,
    ModelFailed,
    ModelReady,
    Partial,
    SpeechDropped,
    SpeechStarted,
    TimedWord,
)
from dictation.loading import load_recognizer, worker_settings
from dictation.memory import Tidying
from dictation.text.normalize import words_of
from dictation.worker import Worker

_BLOCK = SAMPLE_RATE * 40 // 1000  # what the microphone delivers at a time
_PATIENCE_SECONDS = 120.0
# How long a key is still held after the last word.
_HELD_SECONDS = 0.25
# What is no louder than this share of a recording's peak is no word.
_LOUD = 0.05


@dataclass(frozen=True)
class LiveSettings:
    """`utterances`: how many recordings are spoken, in turn; `seconds`: how long quiet lasts."""

    settings: dict[str, object]
    utterances: int
    seconds: float


@dataclass(frozen=True)
class LiveFigures:
    """Seconds, MB and percent of one core. `false_starts`: utterances found in the quiet room.

    `finals`, `waits`: of utterances that gave a text, in the same order. `first_partials`: of all
    that gave a caption. `words`: from the end of each word to the first caption with as many words.
    `released`: from letting go, a little after the last word, to the text.
    """

    load_seconds: float
    memory_loaded: float | None
    memory_after: float | None
    idle_cpu: float
    quiet_cpu: float
    false_starts: int
    first_partials: list[float]
    finals: list[float]
    waits: list[float]
    words: list[float]
    released: list[float]


def main() -> None:
    """Measure as told on standard input and print the figures."""
    wanted = LiveSettings(**json.loads(sys.stdin.readline()))
    settings = Settings.model_validate(wanted.settings)
    try:
        figures = _measure(settings, wanted)
    except DictationError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps(asdict(figures)), flush=True)


def _measure(settings: Settings, wanted: LiveSettings) -> LiveFigures:
    speech = recordings()
    room = quiet_room(5.0)
    events: SimpleQueue[Event] = SimpleQueue()
    worker = Worker(
        lambda: load_recognizer(settings.model, settings.recognition),
        worker_settings(settings),
        events.put,
        time.monotonic,
        Tidying().tidy,
    )
    worker.start()
    try:
        try:
            ready = events.get(timeout=_PATIENCE_SECONDS)
        except Empty as error:
            late = f"the model was not ready in {_PATIENCE_SECONDS:g} s"
            raise DictationError(f"{late}: wait until the computer is less busy") from error
        if isinstance(ready, ModelFailed):
            raise DictationError(ready.message)
        assert isinstance(ready, ModelReady)
        print(json.dumps({"ready": ready.description}), flush=True)
        memory_loaded = own_memory()
        idle_cpu = _watch(worker, room, wanted.seconds)
        worker.listen()
        quiet_cpu = _watch(worker, room, wanted.seconds)
        worker.finish()
        false_starts = sum(isinstance(event, SpeechStarted) for event in _until_ended(events))
        heard = _Heard(settings.audio.pre_roll_ms / 1000)
        pause = settings.segmenter.end_ms / 1000 + 0.4
        released: list[float] = []
        for turn in range(wanted.utterances):
            sound = speech[turn % len(speech)]
            heard.add(_speak(worker, events, _in_room(sound, pause)))
            released += _let_go(worker, events, _in_room(_spoken(sound), _HELD_SECONDS))
    finally:
        worker.close()
    return LiveFigures(
        load_seconds=ready.seconds,
        memory_loaded=memory_loaded,
        memory_after=own_memory(),
        idle_cpu=idle_cpu,
        quiet_cpu=quiet_cpu,
        false_starts=false_starts,
        first_partials=heard.first_partials,
        finals=heard.finals,
        waits=heard.waits,
        words=heard.words,
        released=released,
    )


@dataclass
class _Heard:
    pre_roll: float
    first_partials: list[float] = field(default_factory=list)
    finals: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    words: list[float] = field(default_factory=list)

    def add(self, events: list[Event]) -> None:
        waiting: dict[int, float] = {}
        captions: list[Partial] = []
        began: float | None = None
        for event in events:
            match event:
                case SpeechStarted(utterance, at):
                    waiting[utterance] = at
                    captions.clear()
                    # Before a later utterance of the recording there may be less than a pre-roll.
                    began = at - self.pre_roll if len(waiting) == 1 else None
                case Partial(utterance=utterance, text=text, at=at) if text:
                    if (spoken := waiting.get(utterance)) is not None and not captions:
                        self.first_partials.append(at - spoken)
                    captions.append(event)
                case Final(timing=timing, timed=timed):
                    self.finals.append(timing.compute)
                    self.waits.append(timing.endpoint_wait)
                    if began is not None:
                        self.words += word_delays(began, timed, captions)
                case SpeechDropped(reason="failed", detail=detail):
                    raise DictationError(f"the model failed on a recording: {detail}")
                case _:
                    pass


def word_delays(
    began: float, timed: Sequence[TimedWord], captions: Sequence[Partial]
) -> list[float]:
    """Seconds from the end of each word to the first caption with as many words.

    `began`: when the utterance's sound began, by the clock of the captions. Words that no caption
    showed are not counted; one that was shown before its end waited for nothing.
    """
    delays: list[float] = []
    for number, word in enumerate(timed, start=1):
        shown = (each.at for each in captions if len(words_of(each.text)) >= number)
        if (at := next(shown, None)) is not None:
            delays.append(max(0.0, at - began - word.end))
    return delays


def _watch(worker: Worker, room: Samples, seconds: float) -> float:
    """The CPU share in percent of one core while the quiet room is heard, in real time."""
    before = own_usage()
    blocks = round(seconds * SAMPLE_RATE / _BLOCK)
    _feed(worker, [room[start : start + _BLOCK] for start in _starts(room, blocks)])
    return before.share_until(own_usage())


def _starts(room: Samples, blocks: int) -> Iterator[int]:
    whole = len(room) // _BLOCK
    return (index % whole * _BLOCK for index in range(blocks))


def _spoken(sound: Samples) -> Samples:
    """A recording without the quiet at its end."""
    loud = np.abs(sound) > _LOUD * np.abs(sound).max()
    return sound[: int(np.flatnonzero(loud)[-1]) + 1]


def _in_room(sound: Samples, pause: float) -> Samples:
    """A recording with quiet around it, `pause` seconds of even noise."""
    quiet = round(pause * SAMPLE_RATE)
    padded = np.pad(sound, (quiet, quiet))
    return padded + quiet_room(len(padded) / SAMPLE_RATE, seed=1)[: len(padded)]


def _speak(worker: Worker, events: "SimpleQueue[Event]", sound: Samples) -> list[Event]:
    worker.listen()
    _feed(worker, _blocks(sound))
    worker.finish()
    return list(_until_ended(events))


def _let_go(worker: Worker, events: "SimpleQueue[Event]", sound: Samples) -> list[float]:
    """Seconds from the end of the sound, when the key is let go, to the text, if there is one."""
    worker.listen()
    _feed(worker, _blocks(sound))
    asked_at = time.monotonic()
    worker.finish()
    _feed(worker, _blocks(quiet_room(_HELD_SECONDS)))
    texts = [event for event in _until_ended(events) if isinstance(event, Final)]
    return [text.at - asked_at for text in texts[-1:]]


def _blocks(sound: Samples) -> list[Samples]:
    return [sound[start : start + _BLOCK] for start in range(0, len(sound), _BLOCK)]


def _feed(worker: Worker, blocks: list[Samples]) -> None:
    """Be a microphone: block after block by the clock, however long the worker takes."""
    due = time.monotonic()
    for block in blocks:
        due += len(block) / SAMPLE_RATE
        time.sleep(max(0.0, due - time.monotonic()))
        worker.hear(block, time.monotonic())


def _until_ended(events: "SimpleQueue[Event]") -> Iterator[Event]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            event = events.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty as error:
            raise DictationError("the model is too slow here to be measured live") from error
        if isinstance(event, ListeningEnded):
            return
        yield event


if __name__ == "__main__":
    main()
