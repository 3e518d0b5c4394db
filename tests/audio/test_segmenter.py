"""What the segmenter promises, on synthetic sound whose voice is known to the millisecond."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dictation.audio import SAMPLE_RATE
from dictation.audio.segmenter import (
    End,
    Onset,
    Pause,
    Segmenter,
    SegmenterSettings,
    Speech,
)

SHORT = SegmenterSettings(
    end_ms=300, max_seconds=2.0, cut_window_seconds=0.8, cut_pause_ms=150, pre_roll_ms=200
)


@dataclass
class Utterance:
    onset: int
    start: int
    end: int
    reason: str
    wait_seconds: float
    samples: np.ndarray


def segment(audio, settings=None, blocks=None, release=True):
    """Feed `audio` in blocks of the given lengths and return the utterances."""
    segmenter = Segmenter(settings or SegmenterSettings())
    events = []
    edges = np.cumsum([0, *(blocks or [])])
    edges = [*edges[edges < len(audio)], len(audio)]
    for first, last in pairwise(edges):
        events += segmenter.accept(audio[first:last])
    if release:
        events += segmenter.finish()
    return utterances(events)


def utterances(events):
    found, onset, parts = [], None, []
    for event in events:
        if isinstance(event, Onset):
            assert onset is None, "an utterance started inside another"
            onset, parts = event.sample, []
        elif isinstance(event, Speech):
            assert onset is not None, "speech outside of an utterance"
            assert len(event.samples) > 0
            parts.append(event.samples)
        elif isinstance(event, Pause):
            assert onset is not None, "a pause outside of an utterance"
        else:
            assert onset is not None, "an end without a start"
            samples = np.concatenate(parts)
            found.append(
                Utterance(
                    onset,
                    event.sample - len(samples),
                    event.sample,
                    event.reason,
                    event.wait_seconds,
                    samples,
                )
            )
            onset = None
    return found


def voice(seconds, pitch=140.0, level=0.2):
    """Four syllables a second: harmonics under three formants (G. Fant's source-filter model)."""
    count = round(seconds * SAMPLE_RATE)
    times = np.arange(count) / SAMPLE_RATE
    signal = np.zeros(count)
    for harmonic in range(1, int(4000 / pitch)):
        frequency = harmonic * pitch
        gain = sum(
            1 / (1 + ((frequency - f) / b) ** 2) for f, b in ((700, 90), (1200, 110), (2600, 160))
        )
        signal += gain * np.sin(2 * np.pi * frequency * times)
    signal *= 1 - 0.8 * np.cos(2 * np.pi * 4 * times)
    return (level * signal / np.sqrt(np.mean(signal**2))).astype(np.float32)


def hiss(seconds, level=0.0003, seed=0):
    noise = np.random.default_rng(seed).normal(size=round(seconds * SAMPLE_RATE))
    return (level * noise).astype(np.float32)


def test_one_sentence_is_one_utterance_with_its_pre_roll():
    audio = np.concatenate((hiss(2.0), voice(1.5), hiss(2.0)))
    (utterance,) = segment(audio)
    assert abs(utterance.onset - 2.0 * SAMPLE_RATE) <= 0.05 * SAMPLE_RATE
    assert utterance.onset - utterance.start == 0.5 * SAMPLE_RATE
    assert utterance.end >= 3.5 * SAMPLE_RATE
    assert utterance.reason == "silence"
    assert utterance.wait_seconds == pytest.approx(0.6)


def test_speech_is_delivered_as_it_comes_not_at_the_end():
    segmenter = Segmenter()
    segmenter.accept(hiss(1.0))
    heard = 0
    for block in np.split(voice(2.0), 20):
        heard += sum(len(e.samples) for e in segmenter.accept(block) if isinstance(e, Speech))
    assert heard >= 2.0 * SAMPLE_RATE


def test_a_click_shorter_than_the_start_time_is_not_an_utterance():
    audio = np.concatenate((hiss(1.5), voice(0.04), hiss(1.5)))
    assert segment(audio) == []


@pytest.mark.parametrize(
    "added", [lambda times: 0.1, lambda times: 0.03 * np.sin(2 * np.pi * 50 * times)]
)
def test_an_offset_of_the_sound_card_and_mains_hum_hide_no_quiet_speech(added):
    audio = np.concatenate((hiss(3.0), voice(1.5, level=0.01), hiss(2.0)))
    times = np.arange(len(audio)) / SAMPLE_RATE
    (clean,) = segment(audio)
    (found,) = segment((audio + added(times)).astype(np.float32))
    assert abs(found.onset - clean.onset) <= 0.03 * SAMPLE_RATE
    assert abs(found.end - clean.end) <= 0.03 * SAMPLE_RATE


def test_a_short_pause_stays_inside_the_utterance():
    audio = np.concatenate((hiss(1.0), voice(0.8), hiss(0.35), voice(0.8), hiss(1.5)))
    (utterance,) = segment(audio)
    assert np.array_equal(utterance.samples, audio[utterance.start : utterance.end])
    assert utterance.end - utterance.onset > 1.9 * SAMPLE_RATE


def test_a_long_pause_makes_two_utterances():
    audio = np.concatenate((hiss(1.0), voice(0.8), hiss(1.2), voice(0.8), hiss(1.2)))
    first, second = segment(audio)
    assert first.end <= second.start


def test_releasing_the_key_keeps_every_sample_said_so_far():
    audio = np.concatenate((hiss(1.0), voice(0.7)))[: -SAMPLE_RATE // 1000]
    (utterance,) = segment(audio)
    assert utterance.end == len(audio)
    assert (utterance.reason, utterance.wait_seconds) == ("released", 0.0)


def test_releasing_the_key_in_silence_says_nothing():
    segmenter = Segmenter()
    segmenter.accept(hiss(1.0))
    assert segmenter.finish() == []
    assert segmenter.finish() == []


def test_the_stream_goes_on_after_a_release_with_the_same_count():
    segmenter = Segmenter()
    first = segmenter.accept(np.concatenate((hiss(1.0), voice(0.5)))[:-7])
    first += segmenter.finish()
    second = segmenter.accept(np.concatenate((hiss(1.0), voice(0.5))))
    second += segmenter.finish()
    one, two = utterances(first + second)
    assert one.end == 1.5 * SAMPLE_RATE - 7
    assert abs(two.onset - (2.5 * SAMPLE_RATE - 7)) <= 0.05 * SAMPLE_RATE


def test_speech_that_is_under_way_at_the_first_sample_is_not_lost():
    (utterance,) = segment(voice(1.0))
    assert (utterance.start, utterance.end) == (0, SAMPLE_RATE)


def test_a_speech_without_end_is_cut_at_its_quietest_point():
    loud = voice(6.0)
    dip = slice(round(1.60 * SAMPLE_RATE), round(1.68 * SAMPLE_RATE))
    loud[dip] *= 0.01
    first, *others = segment(loud, SHORT)
    assert first.reason == "too_long"
    assert dip.start <= first.end <= dip.stop
    assert others[0].onset == others[0].start == first.end


def test_a_speech_without_end_loses_no_sample_at_its_cuts():
    audio = voice(9.0)
    parts = segment(audio, SHORT)
    assert len(parts) >= 4
    assert np.array_equal(np.concatenate([part.samples for part in parts]), audio)
    assert all(len(part.samples) <= SHORT.max_seconds * SAMPLE_RATE for part in parts)


def test_a_long_utterance_ends_at_a_pause_that_would_not_end_a_short_one():
    pause = hiss(0.25)
    short = np.concatenate((voice(0.6), pause, voice(0.4), hiss(1.0)))
    long = np.concatenate((voice(1.4), pause, voice(0.4), hiss(1.0)))
    assert len(segment(short, SHORT)) == 1
    first, second = segment(long, SHORT)
    assert first.reason == "too_long"
    assert 1.4 * SAMPLE_RATE <= first.end <= 1.65 * SAMPLE_RATE
    assert second.start == first.end


@pytest.mark.parametrize(
    "audio",
    [
        pytest.param(np.zeros(10 * SAMPLE_RATE, dtype=np.float32), id="digital silence"),
        pytest.param(hiss(10.0, level=0.0001), id="very low noise"),
        pytest.param(np.full(10 * SAMPLE_RATE, 0.3, dtype=np.float32), id="offset"),
        pytest.param(np.full(10 * SAMPLE_RATE, np.nan, dtype=np.float32), id="NaN"),
        pytest.param(np.zeros(0, dtype=np.float32), id="nothing"),
        pytest.param(voice(0.1, level=0.0002), id="inaudible voice"),
    ],
)
def test_nothing_audible_opens_nothing(audio):
    assert segment(audio) == []


@pytest.mark.parametrize("trail_ms", [0, 100, 300])
def test_what_a_silence_ends_was_all_there_at_its_pause(trail_ms):
    settings = SegmenterSettings(trail_ms=trail_ms)
    audio = np.concatenate((hiss(1.0), voice(0.6), hiss(0.45), voice(0.6), hiss(1.0)))
    events = Segmenter(settings).accept(audio)
    kinds = [type(event) for event in events]
    # Of what follows the first pause the rest of the silence is the beginning.
    assert kinds == [Onset, Speech, Pause, Speech, Pause, End]
    first, second = (event for event in events if isinstance(event, Speech))
    assert len(second.samples) > 0.45 * SAMPLE_RATE - trail_ms * SAMPLE_RATE // 1000
    assert len(first.samples) < 2.0 * SAMPLE_RATE


def test_an_utterance_too_long_to_be_delivered_at_once_has_no_pause():
    audio = np.concatenate((hiss(1.0), voice(2.2), hiss(0.15), voice(0.3), hiss(1.0)))
    events = Segmenter(SHORT).accept(audio)
    assert End in [type(event) for event in events]
    at = next(i for i, event in enumerate(events) if isinstance(event, End))
    assert not any(isinstance(event, Pause) for event in events[:at])


def test_a_reset_forgets_everything():
    audio = np.concatenate((hiss(1.0), voice(0.5)))
    segmenter = Segmenter()
    first = segmenter.accept(audio)
    segmenter.reset()
    again = segmenter.accept(audio)
    assert [type(e) for e in first] == [type(e) for e in again]
    assert first[0] == again[0] == Onset(again[0].sample)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_ms": 0}, "start_ms"),
        ({"start_ms": 200}, "start_window_ms"),
        ({"end_ms": 0}, "end_ms"),
        ({"pre_roll_ms": -10}, "negative"),
        ({"max_seconds": 2.0}, "max_seconds"),
    ],
)
def test_settings_that_cannot_work_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SegmenterSettings(), **change)


pieces = st.lists(
    st.tuples(
        st.sampled_from(["voice", "quiet", "silence", "noise"]),
        st.floats(0.02, 1.2),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=8,
)


def sound(kind, seconds, seed):
    match kind:
        case "voice":
            return voice(seconds, pitch=90.0 + 50 * seed)
        case "quiet":
            return hiss(seconds, seed=seed)
        case "noise":
            return hiss(seconds, level=0.1, seed=seed)
        case _:
            return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


@settings(max_examples=40, deadline=None)
@given(plan=pieces, blocks=st.lists(st.integers(1, 5000), max_size=60))
def test_any_split_into_blocks_gives_the_same_utterances_and_they_are_slices(plan, blocks):
    audio = np.concatenate([sound(*piece) for piece in plan])
    whole = segment(audio, SHORT)
    split = segment(audio, SHORT, blocks)
    facts = [(u.onset, u.start, u.end, u.reason, u.wait_seconds) for u in whole]
    assert facts == [(u.onset, u.start, u.end, u.reason, u.wait_seconds) for u in split]
    past = 0
    for one, other in zip(whole, split, strict=True):
        assert past <= one.start <= one.onset <= one.end <= len(audio)
        assert np.array_equal(one.samples, audio[one.start : one.end])
        assert np.array_equal(one.samples, other.samples)
        assert len(one.samples) <= SHORT.max_seconds * SAMPLE_RATE
        past = one.end


@settings(max_examples=20, deadline=None)
@given(plan=pieces)
def test_every_utterance_ends_once_the_user_lets_go(plan):
    segmenter = Segmenter(SHORT)
    events = []
    for piece in plan:
        events += segmenter.accept(sound(*piece))
        events += segmenter.finish()
        starts = sum(isinstance(event, Onset) for event in events)
        assert starts == sum(isinstance(event, End) for event in events)
