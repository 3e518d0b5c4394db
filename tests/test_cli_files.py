"""`dictation transcribe`: what it prints and writes, and what it says when something is wrong."""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from dictation.audio import SAMPLE_RATE
from dictation.batch.work import Recipe, Task, left_to_do
from dictation.cli.files import FileOptions, recipe_of, report, tasks_of, work_alone
from dictation.cli.progress import ProgressBars, clock
from dictation.config import ModelSection, Settings
from dictation.errors import DictationError
from dictation.transcription import TranscriptionSettings
from dictation.transcripts.kinds import Format
from tests.audio.media import encode, write_wav
from tests.loudness import LoudnessRecognizer, silence, voice

SPOKEN = np.concatenate([silence(0.5), voice(2.0), silence(1.0), voice(1.0, level=0.1)])
TEXT = "loud loud loud soft soft\n"


@pytest.fixture
def wav(tmp_path):
    def write(name: str, samples: np.ndarray = SPOKEN) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_wav(path, samples, SAMPLE_RATE)

    return write


def transcribed(files, recognizer=None, **wanted) -> bool:
    options = FileOptions(**wanted)
    recipe = Recipe(
        ModelSection(),
        TranscriptionSettings(stream=options.stream),
        options.formats or (Format.TXT,),
        options.force,
    )
    tasks, told = left_to_do(tasks_of([str(file) for file in files], options), recipe)
    messages = work_alone(tasks, recipe, recognizer or LoudnessRecognizer())
    return report(told, tasks, options, messages)


def test_the_text_is_printed(wav, capsys):
    assert transcribed([wav("a.wav")])
    assert capsys.readouterr() == (TEXT, "")


def test_texts_are_written_as_the_settings_have_it_and_with_the_users_words(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("派森 -> Python\n", encoding="utf-8")
    settings = Settings.model_validate({"text": {"numbers": False}})
    writing = recipe_of(settings, FileOptions(hot_words=words)).options.writing
    assert not writing.steps.numbers
    assert writing.words.spelt[0][1] == "Python"
    assert recipe_of(settings, FileOptions(formatted=False)).options.writing is None


def test_subtitles_are_printed_for_one_file(wav, capsys):
    assert transcribed([wav("a.wav")], formats=(Format.SRT,))
    assert capsys.readouterr().out.startswith("1\n00:00:00,5")


def test_a_json_object_a_line_is_printed(wav, capsys):
    path = wav("a.wav")
    assert transcribed([path, wav("b.wav", silence(1.0))], as_json=True)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], first["language"]) == (str(path), "en")
    assert first["duration"] == pytest.approx(4.5)
    assert [segment["text"] for segment in first["segments"]] == ["loud loud loud", "soft soft"]
    assert first["segments"][0].keys() == {"start", "end", "text", "language", "words"}
    assert (second["text"], second["language"], second["segments"]) == ("", None, [])


def test_captions_are_printed_as_they_come(wav, capsys):
    assert transcribed([wav("a.wav")], stream=True, partials=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert all(" s … " in line for line in lines[:-1])
    assert lines[-1] == TEXT.strip()


def test_an_error_in_one_file_does_not_stop_the_others(wav, tmp_path, capsys):
    empty = tmp_path / "empty.wav"
    empty.touch()
    missing = tmp_path / "missing.wav"
    good = wav("good.wav")
    assert not transcribed([empty, missing, good])
    printed = capsys.readouterr()
    assert printed.out == f"==> {good} <==\n{TEXT}"
    errors = printed.err.splitlines()
    assert len(errors) == 2
    assert "empty.wav" in errors[0]
    assert "missing.wav does not exist" in errors[1]


def test_a_truncated_file_gives_what_there_is_and_a_warning(tmp_path, capsys):
    whole = tmp_path / "whole.mp3"
    encode(whole, "mp3", SAMPLE_RATE, np.tile(SPOKEN, 3))
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[:-4000])
    assert transcribed([cut])
    printed = capsys.readouterr()
    assert printed.out.startswith("loud loud")
    assert printed.err.startswith(f"dictation: {cut}")


def test_a_dash_is_standard_input(wav, capsys, monkeypatch, tmp_path):
    class Stdin:
        buffer = io.BytesIO(wav("a.wav").read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert transcribed(["-"])
    assert capsys.readouterr().out == TEXT
    with pytest.raises(DictationError, match="standard input has no name"):
        transcribed(["-"], folder=tmp_path)


def test_every_format_of_every_file_in_a_folder_is_written(wav, tmp_path, capsys):
    wav("in/one.wav")
    wav("in/deeper/two.wav")
    (tmp_path / "in" / "notes.md").write_text("no sound")
    out = tmp_path / "out"
    assert transcribed([tmp_path / "in"], folder=out, formats=tuple(Format))
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert names == {f"{stem}.{form}" for stem in ("one", "deeper/two") for form in Format}
    assert (out / "one.txt").read_text() == TEXT
    assert capsys.readouterr() == ("", "")


def test_the_sound_of_a_video_is_transcribed(tmp_path, capsys):
    film = tmp_path / "film.mp4"
    encode(film, "aac", SAMPLE_RATE, np.pad(SPOKEN, 4000), picture=True)
    assert transcribed([film])
    assert capsys.readouterr().out.startswith("loud loud")


def test_what_is_done_is_not_done_again_unless_forced(wav, tmp_path, capsys):
    path, out = wav("a.wav"), tmp_path / "out"

    class Never(LoudnessRecognizer):
        def transcribe(self, samples):
            raise AssertionError

    assert transcribed([path], folder=out)
    (out / "a.txt").write_text("corrected by hand\n")
    assert transcribed([path], folder=out, recognizer=Never())
    assert "a.wav: is done already" in capsys.readouterr().err
    assert transcribed([path], folder=out, formats=(Format.TXT, Format.SRT))
    assert (out / "a.srt").exists()
    assert (out / "a.txt").read_text() == "corrected by hand\n"
    assert transcribed([path], folder=out, force=True)
    assert (out / "a.txt").read_text() == TEXT


def test_a_text_older_than_its_sound_is_an_error(wav, tmp_path, capsys):
    path, out = wav("a.wav"), tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("of something else")
    later = (out / "a.txt").stat().st_mtime + 10
    os.utime(path, (later, later))
    assert not transcribed([path], folder=out)
    assert "a.txt is there and older than" in capsys.readouterr().err
    assert (out / "a.txt").read_text() == "of something else"


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, RuntimeError("out of memory")])
def test_what_was_begun_goes_on_where_it_stopped(wav, tmp_path, capsys, interrupted):
    path, out = wav("a.wav"), tmp_path / "out"

    class Stopping(LoudnessRecognizer):
        calls = 0

        def transcribe(self, samples):
            self.calls += 1
            if self.calls == 2:
                raise interrupted
            return super().transcribe(samples)

    if interrupted is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            transcribed([path], folder=out, recognizer=Stopping())
    else:
        assert not transcribed([path], folder=out, recognizer=Stopping())
    assert not (out / "a.txt").exists()
    again = Stopping()
    assert transcribed([path], folder=out, recognizer=again)
    assert again.calls == 1
    assert (out / "a.txt").read_text() == TEXT
    assert [file.name for file in out.iterdir()] == ["a.txt"]
    assert "a.wav: goes on after 0:0" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(wav, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DictationError, match="file/out: cannot be written: Not a directory"):
        transcribed([wav("a.wav")], folder=tmp_path / "file" / "out")


def test_a_full_disk_ends_the_work_and_is_told(wav, tmp_path):
    class Filling(LoudnessRecognizer):
        def transcribe(self, samples):
            # The device that is always full takes the place of the file to write.
            (out / ".a.txt.part").symlink_to("/dev/full")
            return super().transcribe(samples)

    out = tmp_path / "out"
    with pytest.raises(DictationError, match=r"a\.txt: cannot be written: No space left"):
        transcribed([wav("a.wav", SPOKEN[: SAMPLE_RATE * 3])], folder=out, recognizer=Filling())
    assert transcribed([tmp_path / "a.wav"], folder=out)
    assert (out / "a.txt").read_text() == "loud loud loud\n"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"formats": (Format.SRT, Format.VTT)}, "several formats need --output-dir"),
        ({"formats": (Format.SRT,)}, "several files need --output-dir"),
    ],
)
def test_what_cannot_be_printed_is_refused(wav, wanted, said):
    with pytest.raises(DictationError, match=said):
        transcribed([wav("a.wav"), wav("b.wav")], **wanted)


def test_an_empty_folder_is_told_and_stops_no_other(wav, tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert not transcribed([empty, wav("a.wav")])
    printed = capsys.readouterr()
    assert f"{empty} is a folder" in printed.err
    assert TEXT in printed.out


def test_the_bars_show_place_speed_and_time_left_at_a_terminal(wav):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    task = Task(0, wav("lecture.wav", silence(60.0)))
    with ProgressBars([task, Task(1, wav("b.wav"))], console) as bars:
        bars.advance(task, 0.5)
        bars.say("dictation: a line between [the bars]")
        bars.advance(task, 30.0)
        bars._progress.refresh()
    assert "lecture.wav" in shown.getvalue()
    assert "0:30 / 1:00" in shown.getvalue()
    assert "dictation: a line between [the bars]\n" in shown.getvalue()


def test_there_are_no_bars_elsewhere(wav, capsys):
    console = Console(file=io.StringIO())
    with ProgressBars([Task(0, wav("a.wav", silence(60.0)))], console) as bars:
        bars.advance(Task(0, None), 1.0)
    assert console.file.getvalue() == ""


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (62.6, "1:03"), (3723, "1:02:03")])
def test_a_clock_has_hours_where_there_are_some(seconds, text):
    assert clock(seconds) == text
