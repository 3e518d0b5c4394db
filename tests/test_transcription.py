"""Files become segments with times, whole or chunk by chunk, and their texts one text."""

import io
import wave
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from dictation.audio import SAMPLE_RATE
from dictation.audio.files import AudioFileError
from dictation.errors import DictationError
from dictation.events import TimedWord
from dictation.text.pipeline import TextSettings, Writing
from dictation.transcription import (
    Caption,
    Progress,
    Segment,
    TranscriptionSettings,
    joined_text,
    listen,
    overall_language,
    transcribe,
)
from tests.loudness import LoudnessRecognizer, describe, silence, voice

SPOKEN = np.concatenate(
    [silence(1.0), voice(2.0), silence(1.5), voice(1.5, level=0.1), silence(1.0)]
)


def wav(samples: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((samples * 32767).astype("<i2").tobytes())
    file.seek(0)
    return file


@pytest.mark.parametrize("stream", [False, True])
def test_each_utterance_is_a_segment_with_its_times(tmp_path, stream):
    path = tmp_path / "spoken.wav"
    path.write_bytes(wav(SPOKEN).getvalue())
    transcript = transcribe(path, LoudnessRecognizer(), TranscriptionSettings(stream=stream))
    first, second = transcript.segments
    assert (first.start, first.end) == pytest.approx((1.0, 3.3), abs=0.1)
    assert (second.start, second.end) == pytest.approx((4.5, 6.3), abs=0.1)
    assert (first.text, second.text) == ("loud loud loud", "soft soft")
    assert transcript.file == str(path)
    assert transcript.duration == pytest.approx(7.0)
    assert transcript.language == "en"
    assert transcript.text == "loud loud loud soft soft"


def test_captions_come_once_a_chunk_while_streaming_and_never_otherwise():
    settings = TranscriptionSettings(stream=True, chunk_ms=320)
    heard = list(listen(wav(SPOKEN), LoudnessRecognizer(), settings))
    captions = [each.seconds for each in heard if isinstance(each, Caption)]
    assert 11 <= len(captions) <= 16
    assert captions == sorted(captions)
    whole = listen(wav(SPOKEN), LoudnessRecognizer(), TranscriptionSettings())
    assert not any(isinstance(each, Caption) for each in whole)


def test_the_streamed_sound_is_the_same_as_the_whole():
    whole, streamed = LoudnessRecognizer(), LoudnessRecognizer()
    sounds: list[np.ndarray] = []
    whole.transcribe = lambda samples: (
        sounds.append(samples) or LoudnessRecognizer().transcribe(samples)
    )
    transcribe(wav(SPOKEN), whole)
    transcribe(wav(SPOKEN), streamed, TranscriptionSettings(stream=True))
    assert [len(sound) for sound in sounds] == [len(sound) for sound in streamed.utterances]
    assert all(map(np.array_equal, sounds, streamed.utterances))


def test_progress_reaches_the_whole_length():
    heard = listen(wav(SPOKEN), LoudnessRecognizer())
    seconds = [each.seconds for each in heard if isinstance(each, Progress)]
    assert seconds[-1] == pytest.approx(7.0)
    assert seconds == sorted(seconds)


def test_a_segment_is_told_before_the_file_is_read_to_its_end():
    heard = listen(wav(SPOKEN), LoudnessRecognizer())
    first = next(each for each in heard if isinstance(each, Segment))
    later = [each.seconds for each in heard if isinstance(each, Progress)]
    assert first.end < later[0] < later[-1] == pytest.approx(7.0)


@pytest.mark.parametrize("stream", [False, True])
def test_going_on_after_a_segment_gives_the_rest_with_the_same_times(stream):
    settings = TranscriptionSettings(stream=stream)
    first, second = transcribe(wav(SPOKEN), LoudnessRecognizer(), settings).segments
    heard = listen(wav(SPOKEN), LoudnessRecognizer(), settings, begin=first.end)
    assert [each for each in heard if isinstance(each, Segment)] == [second]


def test_words_have_their_times_in_the_file():
    class Telling(LoudnessRecognizer):
        def transcribe(self, samples):
            whole = TimedWord("all", 0.0, len(samples) / SAMPLE_RATE, 0.5)
            return replace(describe(samples), timed=(whole,))

    first, second = transcribe(wav(SPOKEN), Telling()).segments
    # What is heard of a word in the pre-roll, before the voice, is not outside its segment.
    assert first.words[0].start == pytest.approx(first.start, abs=0.01)
    assert second.words[0].end == pytest.approx(second.end, abs=0.01)


def test_texts_are_written_as_dictated_ones_and_their_words_keep_their_times():
    said = ["嗯", "code", "是", "四", "零", "四"]

    class Telling(LoudnessRecognizer):
        def transcribe(self, samples):
            timed = tuple(
                TimedWord(each, 0.5 + at / 10, 0.6 + at / 10, 0.5) for at, each in enumerate(said)
            )
            return replace(describe(samples), text="嗯，code是四零四", timed=timed)

    def words(writing):
        settings = TranscriptionSettings(writing=writing)
        segment = transcribe(wav(SPOKEN), Telling(), settings).segments[0]
        begin = segment.words[0].start
        return segment.text, [(each.text, round(each.start - begin, 3)) for each in segment.words]

    assert words(None)[0] == "嗯，code是四零四"
    assert words(Writing()) == (
        "嗯，code 是 404。",
        [("嗯，", 0.0), ("code", 0.1), ("是", 0.2), ("404。", 0.3)],
    )
    only_fillers = Writing(TextSettings(remove_fillers=True))
    assert words(only_fillers)[0] == "code 是 404。"


def test_silence_has_no_text_and_no_language():
    transcript = transcribe(wav(silence(2.0)), LoudnessRecognizer())
    assert (transcript.text, transcript.language, transcript.segments) == ("", None, ())


def test_a_tenth_of_a_second_is_no_error():
    assert transcribe(wav(voice(0.1)), LoudnessRecognizer()).duration == pytest.approx(0.1)


def test_what_is_no_audio_is_told():
    with pytest.raises(AudioFileError):
        transcribe(io.BytesIO(b"not a sound" * 100), LoudnessRecognizer())


@dataclass
class Failing(LoudnessRecognizer):
    error: Exception = field(default_factory=lambda: RuntimeError("out of memory"))

    def transcribe(self, samples):
        raise self.error


def test_a_failing_model_is_told_with_the_file(tmp_path):
    path = tmp_path / "spoken.wav"
    path.write_bytes(wav(SPOKEN).getvalue())
    with pytest.raises(DictationError, match=r"spoken\.wav: the model failed .*out of memory"):
        transcribe(path, Failing())


@pytest.mark.parametrize(
    ("languages", "whole"),
    [
        ([], None),
        (["zh", "zh"], "zh"),
        (["en"], "en"),
        (["mix", "mix"], "mix"),
        (["zh", "en"], "mix"),
        (["zh", "mix"], "mix"),
    ],
)
def test_the_language_of_a_file_is_that_of_its_utterances_or_mixed(languages, whole):
    assert overall_language(languages) == whole


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        ([], ""),
        (["hello", "world"], "hello world"),
        (["你好。", "今天"], "你好。今天"),
        (["你好", "今天"], "你好 今天"),
        (["Done.", "好的。", "OK"], "Done. 好的。OK"),
    ],
)
def test_utterances_are_joined_into_readable_text(texts, text):
    assert joined_text(texts) == text


def test_a_long_file_loses_and_doubles_nothing_at_its_seams():
    """The sound of every sentence, and no other, is in the utterance it is recognised in."""
    generator = np.random.default_rng(4)
    sentences = [
        voice(float(generator.uniform(0.8, 6.0)), level=float(generator.choice([0.1, 0.5])))
        for _ in range(40)
    ]
    pauses = [silence(float(generator.uniform(0.8, 2.0))) for _ in sentences]
    parts = [part for pair in zip(pauses, sentences, strict=True) for part in pair]
    recognizer = LoudnessRecognizer()
    file = wav(np.concatenate([*parts, silence(1.0)]))
    found = transcribe(file, recognizer, TranscriptionSettings(stream=True)).segments
    for heard, spoken in zip(recognizer.utterances, sentences, strict=True):
        np.testing.assert_allclose(
            np.trim_zeros(heard), np.trim_zeros(np.round(spoken * 32767) / 32768), atol=1e-3
        )
    times = [time for segment in found for time in (segment.start, segment.end)]
    assert times == sorted(times)


def test_a_sentence_without_a_pause_is_cut_without_loss_or_doubling():
    recognizer = LoudnessRecognizer()
    spoken = voice(75.0)
    samples = np.concatenate([silence(1.0), spoken, silence(1.0)])
    transcript = transcribe(wav(samples), recognizer, TranscriptionSettings(stream=True))
    longest = TranscriptionSettings().segmenter.max_seconds
    heard = recognizer.utterances
    assert len(transcript.segments) == len(heard) >= 4
    assert max(len(each) for each in heard) <= longest * SAMPLE_RATE
    begun = round(SAMPLE_RATE * transcript.segments[0].start)
    joined = np.concatenate(heard)
    first = int(np.flatnonzero(joined)[0])
    assert begun <= SAMPLE_RATE
    np.testing.assert_allclose(joined[first : first + len(spoken)], spoken, atol=1e-3)
