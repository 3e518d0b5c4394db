"""Folders give their audio and video; no two files are written to one place."""

from pathlib import Path

import pytest

from dictation.batch.finding import Found, find, targets


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_a_folder_gives_what_has_sound_in_it_and_nothing_hidden(tmp_path):
    made(tmp_path, "b.MP3", "a/c.webm", "a/notes.txt", ".trash/d.wav", "a/.e.wav", "f.srt")
    places = [str(found.place) for found in find([tmp_path])]
    assert places == ["a/c.webm", "b.MP3"]


def test_a_file_is_worked_on_once_however_often_it_is_named(tmp_path):
    made(tmp_path, "a.mp3")
    assert len(find([tmp_path / "a.mp3", tmp_path, tmp_path / "a.mp3"])) == 1


def test_a_file_that_is_named_may_be_called_anything(tmp_path):
    assert [found.place.name for found in find([tmp_path / "recording.xyz"])] == ["recording.xyz"]


def test_a_folder_without_sound_is_left_to_the_reader_and_stops_no_other(tmp_path):
    silent, talk = made(tmp_path / "silent", "notes.txt"), made(tmp_path, "talk.wav") / "talk.wav"
    assert [found.path for found in find([silent, talk])] == [silent, talk]


def named(*paths: tuple[str, str]) -> list[str]:
    found = [Found(Path(path), Path(place)) for path, place in paths]
    return [str(target.folder / target.stem) for target in targets(found, Path("out"))]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([("/m/a.mp3", "a.mp3"), ("/m/b.wav", "b.wav")], ["out/a", "out/b"]),
        ([("/m/a.mp3", "a.mp3"), ("/m/a.wav", "a.wav")], ["out/a.mp3", "out/a.wav"]),
        ([("/m/a.mp3", "a.mp3"), ("/m/A.wav", "A.wav")], ["out/a.mp3", "out/A.wav"]),
        ([("/m/x/a.mp3", "x/a.mp3"), ("/m/y/a.mp3", "y/a.mp3")], ["out/x/a", "out/y/a"]),
        ([("/m/x/a.mp3", "a.mp3"), ("/m/y/a.mp3", "a.mp3")], ["out/x-a.mp3", "out/y-a.mp3"]),
        (
            [("/m/x/z/a.mp3", "a.mp3"), ("/m/y/z/a.mp3", "a.mp3"), ("/m/b.mp3", "b.mp3")],
            ["out/x-z-a.mp3", "out/y-z-a.mp3", "out/b"],
        ),
        ([("/a.mp3", "a.mp3"), ("/m/a.mp3", "a.mp3")], ["out/a.mp3", "out/m-a.mp3"]),
    ],
)
def test_names_are_short_until_two_files_would_share_one(paths, names):
    assert named(*paths) == names
