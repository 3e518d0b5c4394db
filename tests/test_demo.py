"""The demo: a recording in real time, its captions, its text and where the time went."""

import io
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dictation.assets import AssetError, samples_folder
from dictation.audio import SAMPLE_RATE
from dictation.config import Settings
from dictation.demo import Sample, dictate_samples, read_samples
from dictation.errors import DictationError
from tests.loudness import LoudnessRecognizer, silence, voice


@pytest.fixture
def sample(tmp_path):
    sound = np.concatenate([silence(0.2), voice(1.5)])
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SAMPLE_RATE)
        out.writeframes((sound * 32767).astype("<i2").tobytes())
    return Sample(path, "Hello there.")


def shown(sample, load, *, terminal):
    file = io.StringIO()
    colours = "truecolor" if terminal else None
    console = Console(file=file, force_terminal=terminal, soft_wrap=True, color_system=colours)
    began = time.monotonic()
    dictate_samples([sample], load, Settings(), console, silent=True)
    return file.getvalue(), time.monotonic() - began


def test_without_a_terminal_every_caption_is_a_line(sample):
    text, seconds = shown(sample, LoudnessRecognizer, terminal=False)
    lines = text.splitlines()
    assert lines[0].startswith("loudness, no parameters, ready in ")
    assert lines[2] == "hello.wav  1.7 s"
    assert lines[3] == "  en loud"
    assert lines[-4] == "  en Loud loud"
    assert "first words" in lines[-3]
    assert "end of speech noticed after 600 ms of silence" in lines[-3]
    assert lines[-2] == "     said: Hello there."
    assert seconds > 1.7


def test_on_a_terminal_the_caption_rewrites_itself_and_the_language_has_its_colour(sample):
    text, _ = shown(sample, LoudnessRecognizer, terminal=True)
    assert "\x1b[2K" in text
    assert "\x1b[1;38;2;47;111;222m  en" in text


def test_a_model_that_does_not_load_is_one_line(sample):
    def load():
        raise DictationError("the model is damaged")

    with pytest.raises(DictationError, match="the model is damaged"):
        shown(sample, load, terminal=False)


def test_the_bundled_recordings_are_there_in_all_three_languages():
    samples = read_samples(samples_folder())
    assert [sample.path.name for sample in samples] == ["mandarin.wav", "english.wav", "mixed.wav"]
    assert all(sample.written for sample in samples)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("nonsense", "cannot be read"),
        ('[{"audio": "a.wav"}]', "cannot be read"),
        ('[{"audio": "a.wav", "written": "a"}]', "is missing"),
    ],
)
def test_damaged_samples_are_told(tmp_path: Path, index, message):
    (tmp_path / "samples.json").write_text(index)
    with pytest.raises(AssetError, match=message):
        read_samples(tmp_path)
