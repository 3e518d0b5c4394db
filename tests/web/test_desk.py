"""The work of one tab, a step at a time, without a browser."""

import io

import numpy as np
import pytest
import soundfile

from dictation.audio import SAMPLE_RATE
from dictation.transcription import TranscriptionSettings
from dictation.web.desk import Desk
from tests.loudness import LoudnessRecognizer, silence, voice

OPTIONS = TranscriptionSettings()


def spoken(name: str, utterances: int = 1) -> io.BytesIO:
    samples = np.tile(np.concatenate([voice(1.5), silence(1.0)]), utterances)
    sound = io.BytesIO()
    soundfile.write(sound, samples, SAMPLE_RATE, format="WAV")
    sound.name = name
    return sound


def worked(desk: Desk, sounds) -> None:
    while desk.busy:
        desk.step(sounds, LoudnessRecognizer(), OPTIONS)


def test_sounds_are_done_in_order_and_only_once():
    sounds = {"a": spoken("a.wav"), "b": spoken("b.wav", 2)}
    desk = Desk()
    desk.start(list(sounds))
    worked(desk, sounds)
    assert {key: result.transcript.text for key, result in desk.results.items()} == {
        "a": "loud loud", "b": "loud loud loud loud",
    }  # fmt: skip
    desk.start(list(sounds))
    assert not desk.busy


def test_work_can_be_left_at_any_step_and_gone_on_with():
    sounds = {"a": spoken("a.wav", 3)}
    desk = Desk()
    desk.start(["a"])
    for _ in range(8):
        assert desk.step(sounds, LoudnessRecognizer(), OPTIONS)
    assert 0 < desk.work.share < 1
    assert desk.work.text == "loud loud"
    worked(desk, sounds)
    assert len(desk.results["a"].transcript.segments) == 3


@pytest.mark.parametrize("end", [Desk.cancel, lambda desk: desk.keep_only(["b"])])
def test_what_is_cancelled_or_taken_away_leaves_nothing(end):
    sounds = {"a": spoken("a.wav", 3)}
    desk = Desk()
    desk.start(["a"])
    desk.step(sounds, LoudnessRecognizer(), OPTIONS)
    heard = desk.work.heard
    end(desk)
    assert not desk.busy
    assert desk.results == {}
    assert next(heard, None) is None


def test_an_error_is_kept_and_the_next_sound_is_done():
    broken = io.BytesIO(b"no sound " * 100)
    broken.name = "broken.mp3"
    sounds = {"a": broken, "b": spoken("b.wav")}
    desk = Desk()
    desk.start(list(sounds))
    worked(desk, sounds)
    assert "broken.mp3 is not an audio or video file" in str(desk.results["a"].error)
    assert desk.results["b"].transcript.text == "loud loud"
