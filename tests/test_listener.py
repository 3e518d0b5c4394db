"""The listener: what the pauses of an utterance are used for."""

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.segmenter import SegmenterSettings
from dictation.events import Final, SpeechDropped
from dictation.listener import Listener
from tests.loudness import LoudnessRecognizer, LoudnessStream, silence, voice

BLOCK = SAMPLE_RATE // 25


@pytest.fixture
def recognizer():
    return LoudnessRecognizer()


@pytest.fixture
def told():
    return []


@pytest.fixture
def listener(recognizer, told):
    made = Listener(recognizer, SegmenterSettings(), 320, told.append, lambda: 0.0)
    made.begin()
    return made


def speak(listener, *parts, backlog=0.0, dropped=False):
    sound = np.concatenate(parts)
    for at in range(0, len(sound), BLOCK):
        listener.hear(sound[at : at + BLOCK], 0.0, backlog, lambda: dropped)


def test_the_text_is_worked_out_in_every_pause_and_in_the_last_for_what_is_the_end(
    listener, recognizer, told
):
    speak(listener, silence(0.5), voice(1.0), silence(0.45), voice(1.0), silence(0.4))
    (stream,) = recognizer.streams
    assert len(stream.foreseen) == 2
    assert not any(isinstance(event, Final) for event in told)
    speak(listener, silence(0.4))
    assert isinstance(told[-1], Final)
    assert len(stream.foreseen) == 2
    assert stream.foreseen[-1] == sum(map(len, stream.heard))


def test_who_is_behind_or_was_told_to_drop_it_works_nothing_out_beforehand(listener, recognizer):
    speak(listener, silence(0.5), voice(1.0), silence(1.0), backlog=0.5)
    speak(listener, voice(1.0), silence(0.4), dropped=True)
    assert [stream.foreseen for stream in recognizer.streams] == [[], []]


def test_who_is_behind_when_a_pause_begins_works_the_text_out_once_caught_up(listener, recognizer):
    speak(listener, silence(0.5), voice(1.0), silence(0.4), backlog=0.1)
    (stream,) = recognizer.streams
    assert stream.foreseen == []
    speak(listener, silence(0.1))
    assert stream.foreseen == [sum(map(len, stream.heard))]


def test_a_pause_that_voice_has_ended_is_made_no_use_of(listener, recognizer):
    speak(listener, silence(0.5), voice(1.0), silence(0.4), backlog=0.1)
    speak(listener, voice(0.5))
    assert [stream.foreseen for stream in recognizer.streams] == [[]]


def test_a_key_let_go_in_silence_has_its_text_worked_out_in_the_post_roll(
    listener, recognizer, told
):
    speak(listener, silence(0.5), voice(1.0), silence(0.2))
    listener.let_go(lambda: False)
    (stream,) = recognizer.streams
    heard = sum(map(len, stream.heard))
    assert stream.foreseen == [heard]
    speak(listener, silence(0.16))
    listener.finish(0.0, 0.16, 0.0, lambda: False)
    assert any(isinstance(event, Final) for event in told)
    assert stream.foreseen == [heard]
    assert sum(map(len, stream.heard)) == heard


def test_a_pause_before_the_key_is_let_go_has_its_text_worked_out_once(listener, recognizer):
    speak(listener, silence(0.5), voice(1.0), silence(0.4))
    listener.let_go(lambda: False)
    speak(listener, silence(0.16))
    listener.finish(0.0, 0.16, 0.0, lambda: False)
    (stream,) = recognizer.streams
    assert stream.foreseen == [sum(map(len, stream.heard))]


def test_a_word_in_the_post_roll_is_heard_and_so_is_the_silence_before_it(listener, recognizer):
    sound = np.concatenate((silence(0.5), voice(1.0), silence(0.2)))
    late = np.concatenate((silence(0.04), voice(0.12)))
    speak(listener, sound)
    listener.let_go(lambda: False)
    speak(listener, late)
    listener.finish(0.0, 0.16, 0.0, lambda: False)
    (heard,) = recognizer.utterances
    whole = np.concatenate((sound, late))
    assert np.array_equal(heard, whole[-len(heard) :])
    assert len(heard) > len(voice(1.3))


def test_what_waits_for_the_place_of_a_cut_is_heard_when_the_key_is_let_go(recognizer, told):
    settings = SegmenterSettings(max_seconds=4.0)
    listener = Listener(recognizer, settings, 320, told.append, lambda: 0.0)
    listener.begin()
    sound = np.concatenate((silence(0.5), voice(3.0), silence(0.16)))
    speak(listener, sound)
    listener.let_go(lambda: False)
    listener.finish(0.0, 0.0, 0.0, lambda: False)
    (stream,) = recognizer.streams
    assert stream.foreseen == []
    (heard,) = recognizer.utterances
    assert np.array_equal(heard, sound[-len(heard) :])


@pytest.mark.parametrize(("quiet", "dropped"), [(0.0, False), (0.06, False), (0.2, True)])
def test_a_key_let_go_in_a_word_or_to_drop_it_has_nothing_worked_out(
    listener, recognizer, quiet, dropped
):
    speak(listener, silence(0.5), voice(1.0), silence(quiet))
    listener.let_go(lambda: dropped)
    assert [stream.foreseen for stream in recognizer.streams] == [[]]


def test_a_failure_of_what_may_be_the_end_is_none_of_the_utterance(listener, told, monkeypatch):
    def fail(_):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(LoudnessStream, "foresee", fail)
    speak(listener, silence(0.5), voice(1.0), silence(1.0))
    assert any(isinstance(event, Final) for event in told)
    assert not any(isinstance(event, SpeechDropped) for event in told)


def test_the_wait_for_a_text_begins_with_the_sound_that_ends_the_utterance(recognizer, told):
    listener = Listener(recognizer, SegmenterSettings(), 320, told.append, lambda: 2.5)
    listener.begin()
    sound = np.concatenate((silence(0.5), voice(1.0), silence(0.7)))
    listener.hear(sound, 2.2, 0.0, lambda: False)
    (final,) = (event for event in told if isinstance(event, Final))
    assert final.timing.compute == pytest.approx(0.3)
