"""The worker: sound in at any pace, one answer to everything, nothing lost and nothing twice."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from subprocess import run

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.errors import DictationError
from dictation.events import (
    BadLevel,
    Event,
    FallingBehind,
    Final,
    ListeningEnded,
    ModelFailed,
    ModelMoved,
    ModelReady,
    Partial,
    SpeechDropped,
    SpeechStarted,
)
from dictation.worker import Worker, WorkerSettings
from tests.loudness import LoudnessRecognizer, LoudnessStream, silence, voice

BLOCK = SAMPLE_RATE // 50
DEADLINE = 20.0


@dataclass
class Log:
    """The events a worker told, and a way to wait for one without sleeping."""

    events: list[Event] = field(default_factory=list)
    told: threading.Condition = field(default_factory=threading.Condition)

    def emit(self, event: Event) -> None:
        with self.told:
            self.events.append(event)
            self.told.notify_all()

    def wait(self, kind: type, count: int = 1) -> list[Event]:
        with self.told:
            assert self.told.wait_for(lambda: len(self.of(kind)) >= count, DEADLINE), self.events
            return self.of(kind)

    def of(self, *kinds: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]


@dataclass
class Gate:
    """Holds the recogniser at its next chunk until it is opened."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(DEADLINE)


class GatedStream(LoudnessStream):
    gate: Gate
    at_finish: bool

    def accept(self, samples, /):
        if not self.at_finish:
            self.gate.pass_through()
        return super().accept(samples)

    def finish(self):
        if self.at_finish:
            self.gate.pass_through()
        return super().finish()


@dataclass
class GatedRecognizer(LoudnessRecognizer):
    gate: Gate = field(default_factory=Gate)
    at_finish: bool = False

    def stream(self, *, chunk_ms, language=None):
        stream = GatedStream(chunk_ms * SAMPLE_RATE // 1000, [])
        stream.gate, stream.at_finish = self.gate, self.at_finish
        self.streams.append(stream)
        return stream


class FailingStream(LoudnessStream):
    where: str

    def accept(self, samples, /):
        if self.where == "accept":
            raise RuntimeError("CUDA out of memory\nmore of it")
        return super().accept(samples)

    def finish(self):
        if self.where == "finish":
            raise RuntimeError("CUDA out of memory\nmore of it")
        return super().finish()


@dataclass
class FailingOnce(LoudnessRecognizer):
    where: str = "accept"

    def stream(self, *, chunk_ms, language=None):
        if self.streams:
            return super().stream(chunk_ms=chunk_ms, language=language)
        if self.where == "stream":
            self.where = ""
            raise RuntimeError("CUDA out of memory\nmore of it")
        stream = FailingStream(chunk_ms * SAMPLE_RATE // 1000, [])
        stream.where = self.where
        self.streams.append(stream)
        return stream


class MovingStream(LoudnessStream):
    move: Callable[[], None]
    where: str

    def accept(self, samples, /):
        if self.where == "accept":
            self.move()
        return super().accept(samples)

    def finish(self):
        self.move()
        return super().finish()


@dataclass
class MovingRecognizer(LoudnessRecognizer):
    """Runs elsewhere from its first utterance on, as one without memory does."""

    where: str = "accept"

    def _move(self) -> None:
        self.description = "loudness, elsewhere"

    def stream(self, *, chunk_ms, language=None):
        stream = MovingStream(chunk_ms * SAMPLE_RATE // 1000, [])
        stream.move, stream.where = self._move, self.where
        self.streams.append(stream)
        return stream


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def make_worker(log):
    workers = []

    def make(recognizer=None, settings=None, load=None, tidy=lambda: None) -> Worker:
        loaded = recognizer or LoudnessRecognizer()
        load = load or (lambda: loaded)
        worker = Worker(load, settings or WorkerSettings(), log.emit, time.monotonic, tidy)
        workers.append(worker)
        return worker

    yield make
    for worker in workers:
        worker.close()


def speak(worker: Worker, sound: np.ndarray) -> None:
    for at in range(0, len(sound), BLOCK):
        worker.hear(sound[at : at + BLOCK], time.monotonic())


def find(whole: np.ndarray, part: np.ndarray) -> int:
    """Where `part` stands in `whole`, sample for sample; fails when it does not."""
    starts = np.flatnonzero(whole[: len(whole) - len(part) + 1] == part[0])
    for start in starts:
        if np.array_equal(whole[start : start + len(part)], part):
            return int(start)
    raise AssertionError("the sound of the utterance is not a slice of what was spoken")


def hiss(seconds: float) -> np.ndarray:
    """Silence in which every sample is different, so that each can be found again."""
    noise = np.random.default_rng(7).normal(0.0, 1e-4, round(seconds * SAMPLE_RATE))
    return noise.astype(np.float32)


@pytest.mark.parametrize("where", ["accept", "finish"])
def test_a_recogniser_that_moves_is_told_of_once_and_loses_nothing(where, log, make_worker):
    worker = make_worker(MovingRecognizer(where=where))
    worker.start()
    for count in (1, 2):
        worker.listen()
        speak(worker, np.concatenate([voice(1.0), silence(1.0)]))
        worker.finish()
        log.wait(ListeningEnded, count)
    assert [event.description for event in log.of(ModelMoved)] == ["loudness, elsewhere"]
    assert len(log.of(Final)) == 2


def test_an_utterance_starts_shows_captions_and_ends_in_one_final(log, make_worker):
    worker = make_worker(settings=WorkerSettings(behind_seconds=60.0))
    worker.start()
    worker.listen()
    speak(worker, np.concatenate([voice(2.0), silence(1.0)]))
    final = log.wait(Final)[0]
    worker.finish()
    log.wait(ListeningEnded)
    kinds = [type(event) for event in log.events if not isinstance(event, Partial)]
    assert kinds == [ModelReady, SpeechStarted, Final, ListeningEnded]
    assert len(log.of(Partial)) >= 5
    assert final.text.startswith("loud loud")
    assert final.timing.endpoint_wait == pytest.approx(0.6, abs=0.05)
    assert final.timing.audio == pytest.approx(2.3, abs=0.1)


def test_letting_the_key_go_ends_the_utterance_after_the_post_roll(log, make_worker):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    sound = np.concatenate([hiss(0.2), voice(1.0)])
    speak(worker, sound)
    worker.finish()
    tail = hiss(1.0)
    speak(worker, tail)
    log.wait(ListeningEnded)
    heard = recognizer.utterances[0]
    assert np.array_equal(heard, np.concatenate([sound, tail[: SAMPLE_RATE * 160 // 1000]]))


def test_a_key_let_go_after_the_last_word_has_its_text_worked_out_before_the_post_roll_is_over(
    log, make_worker
):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    speak(worker, np.concatenate([hiss(0.2), voice(1.0), hiss(0.2)]))
    worker.finish()
    speak(worker, hiss(0.2))
    log.wait(ListeningEnded)
    assert len(log.of(Final)) == 1
    (stream,) = recognizer.streams
    assert stream.foreseen == [sum(map(len, stream.heard))]


def test_a_microphone_that_falls_silent_does_not_keep_the_post_roll_open(log, make_worker):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    worker.finish()
    assert log.wait(ListeningEnded)
    assert len(log.of(Final)) == 1


def test_the_first_word_is_heard_although_it_came_before_the_key(log, make_worker):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    sound = np.concatenate([hiss(3.0), voice(1.5)])
    early = len(sound) - SAMPLE_RATE - BLOCK
    speak(worker, sound[:early])
    worker.listen()
    speak(worker, sound[early:])
    worker.finish()
    log.wait(ListeningEnded)
    heard = recognizer.utterances[0]
    assert find(sound, heard) <= early - SAMPLE_RATE * 450 // 1000
    assert np.array_equal(sound[find(sound, heard) :], heard)


def test_nothing_is_heard_twice_when_the_key_is_pressed_again_at_once(log, make_worker):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    sound = voice(4.0)
    half = len(sound) // 2
    worker.listen()
    speak(worker, sound[:half])
    worker.finish()
    worker.listen()
    speak(worker, sound[half:])
    worker.finish()
    log.wait(ListeningEnded, 2)
    assert np.array_equal(np.concatenate(recognizer.utterances), sound)


def test_sound_from_before_an_earlier_key_press_is_gone(log, make_worker):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer, WorkerSettings(post_roll_ms=0))
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    worker.finish()
    worker.listen()
    speak(worker, silence(0.5))
    worker.finish()
    log.wait(ListeningEnded, 2)
    assert len(log.of(SpeechStarted)) == 1


def test_what_is_spoken_while_the_model_loads_is_recognised_afterwards(log, make_worker):
    loaded = threading.Event()

    def load():
        assert loaded.wait(DEADLINE)
        return LoudnessRecognizer()

    worker = make_worker(load=load)
    worker.start()
    worker.listen()
    speak(worker, voice(2.0))
    worker.finish()
    loaded.set()
    log.wait(ListeningEnded)
    assert len(log.of(Final)) == 1


def test_hearing_never_waits_for_the_model(log, make_worker):
    recognizer = GatedRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    assert recognizer.gate.reached.wait(DEADLINE)
    speak(worker, voice(3.0))
    worker.finish()
    recognizer.gate.opened.set()
    log.wait(ListeningEnded)
    assert log.of(Final)[0].timing.audio == pytest.approx(4.0, abs=0.1)


def test_falling_behind_is_told_skips_captions_and_loses_no_sound(log, make_worker):
    recognizer = GatedRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    speak(worker, voice(0.5))
    assert recognizer.gate.reached.wait(DEADLINE)
    sound = voice(9.0)
    speak(worker, sound)
    worker.finish()
    recognizer.gate.opened.set()
    log.wait(ListeningEnded)
    first, *_, last = log.of(FallingBehind)
    assert first.backlog > 1.5
    assert last.backlog == 0.0
    assert len(log.of(Partial)) < 9.0 / 0.32
    assert np.array_equal(recognizer.utterances[0], np.concatenate([voice(0.5), sound]))


def test_silence_gives_no_utterance(log, make_worker):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, silence(3.0))
    worker.finish()
    log.wait(ListeningEnded)
    assert log.of(SpeechStarted, SpeechDropped, Final) == []


def test_an_utterance_without_words_is_dropped(log, make_worker):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, voice(1.0, level=0.04))
    worker.finish()
    log.wait(ListeningEnded)
    assert [event.reason for event in log.of(SpeechDropped)] == ["no_words"]
    assert log.of(Final) == []


def test_cancel_drops_the_open_utterance_and_all_sound_that_waits(log, make_worker):
    recognizer = GatedRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    assert recognizer.gate.reached.wait(DEADLINE)
    speak(worker, np.concatenate([silence(1.0), voice(2.0), silence(1.0)]))
    worker.cancel()
    recognizer.gate.opened.set()
    log.wait(ListeningEnded)
    assert log.of(Final, Partial) == []
    assert [event.reason for event in log.of(SpeechDropped)] == ["cancelled"]
    assert len(log.of(SpeechStarted)) == 1


def test_cancel_reaches_a_final_that_is_being_worked_out(log, make_worker):
    recognizer = GatedRecognizer(at_finish=True)
    worker = make_worker(recognizer)
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    worker.finish()
    assert recognizer.gate.reached.wait(DEADLINE)
    worker.cancel()
    recognizer.gate.opened.set()
    log.wait(ListeningEnded, 2)
    assert log.of(Final) == []
    assert [event.reason for event in log.of(SpeechDropped)] == ["cancelled"]


def test_after_a_cancel_the_next_utterance_is_whole(log, make_worker):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    worker.cancel()
    worker.listen()
    speak(worker, voice(2.0))
    worker.finish()
    log.wait(ListeningEnded, 2)
    assert log.of(Final)[0].timing.audio == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("where", ["stream", "accept", "finish"])
def test_an_error_of_the_model_ends_its_utterance_and_the_worker_lives_on(log, make_worker, where):
    worker = make_worker(FailingOnce(where=where))
    worker.start()
    worker.listen()
    speak(worker, np.concatenate([voice(1.0), silence(1.0), voice(1.0)]))
    worker.finish()
    log.wait(ListeningEnded)
    assert [(event.reason, event.detail) for event in log.of(SpeechDropped)] == [
        ("failed", "RuntimeError: CUDA out of memory")
    ]
    assert [event.utterance for event in log.of(Final)] == [2]
    assert log.of(ModelFailed) == []


def test_a_model_that_does_not_load_is_told_in_one_line_and_stops_still_get_their_answer(
    log, make_worker
):
    def load():
        raise DictationError("models/starter/model.safetensors is damaged: download it again")

    worker = make_worker(load=load)
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    worker.finish()
    worker.cancel()
    log.wait(ListeningEnded, 2)
    assert log.of(ModelFailed) == [
        ModelFailed("models/starter/model.safetensors is damaged: download it again")
    ]
    assert log.of(SpeechStarted) == []


def test_closing_ends_the_thread_in_mid_utterance(log, make_worker):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, voice(1.0))
    log.wait(Partial)
    worker.close()
    assert "worker" not in {thread.name for thread in threading.enumerate()}


def test_stopping_starting_and_cancelling_from_several_threads_is_always_answered(log, make_worker):
    worker = make_worker()
    worker.start()

    def hammer(action: Callable[[], None]) -> None:
        for _ in range(50):
            action()

    sound = voice(0.1)
    actions = [
        worker.listen,
        worker.finish,
        worker.cancel,
        lambda: worker.hear(sound, time.monotonic()),
    ]
    threads = [threading.Thread(target=hammer, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.wait(ListeningEnded, 100)
    worker.cancel()
    log.wait(ListeningEnded, 101)
    started = [event.utterance for event in log.of(SpeechStarted)]
    ended = [event.utterance for event in log.of(Final, SpeechDropped)]
    assert started == ended


def test_it_is_tidied_after_loading_and_after_a_text_but_never_in_an_utterance(log, make_worker):
    seen = []
    worker = make_worker(
        tidy=lambda: seen.append((len(log.of(SpeechStarted)), len(log.of(Final, SpeechDropped))))
    )
    worker.start()
    for count in (1, 2):
        worker.listen()
        speak(worker, np.concatenate([voice(1.0), silence(1.0)]))
        worker.finish()
        log.wait(ListeningEnded, count)
    worker.close()
    assert {(0, 0), (1, 1), (2, 2)} <= set(seen)
    assert [(started, ended) for started, ended in seen if started != ended] == []


def test_the_worker_does_not_bring_torch_along():
    code = "import sys, dictation.worker; sys.exit('torch' in sys.modules)"
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_language_chosen_holds_from_the_next_utterance_on(make_worker, log):
    recognizer = LoudnessRecognizer()
    worker = make_worker(recognizer)
    worker.start()
    for count, choice in enumerate(["auto", "zh", "en", "auto"], start=1):
        worker.use_language(choice)
        worker.listen()
        speak(worker, voice(1.0))
        worker.finish()
        log.wait(ListeningEnded, count)
    assert recognizer.languages == [None, "zh", "en", None]


def test_speech_that_clips_is_told_after_its_text(make_worker, log):
    worker = make_worker()
    worker.start()
    worker.listen()
    speak(worker, np.clip(8.0 * voice(1.0), -1.0, 1.0))
    worker.finish()
    log.wait(ListeningEnded)
    assert [type(event) for event in log.of(Final, BadLevel)] == [Final, BadLevel]


def test_a_model_hangs_that_is_long_at_one_thing_but_not_while_everything_stands_still(log):
    now = [0.0]
    gate = Gate()
    worker = Worker(
        lambda: GatedRecognizer(gate=gate),
        WorkerSettings(post_roll_ms=0),
        log.emit,
        lambda: now[-1],
    )

    def stuck_at(seconds: float) -> bool:
        now.append(seconds)
        return worker.stuck

    worker.start()
    log.wait(ModelReady)
    assert not stuck_at(500.0)
    worker.listen()
    speak(worker, voice(1.0))
    assert gate.reached.wait(DEADLINE)
    # An hour in which nobody asked is one in which nobody did anything.
    assert not stuck_at(4000.0)
    assert not stuck_at(4010.0)
    assert [stuck_at(at) for at in (4020.0, 4030.0, 4040.0, 4050.0)][-1]
    gate.opened.set()
    worker.finish()
    log.wait(ListeningEnded)
    assert not worker.stuck
    worker.close()
