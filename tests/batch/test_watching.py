"""A file that appears in a watched folder is taken once it is complete."""

from pathlib import Path

from dictation.batch.watching import Look, Watch, looks

A, B = Path("a.mp3"), Path("b.mp3")


def test_a_file_is_complete_when_it_has_stayed_the_same_for_a_while():
    watch = Watch(settle=5.0)
    assert watch.complete({A: Look(10, 1)}, 0.0) == []
    assert watch.complete({A: Look(20, 2)}, 4.0) == []
    assert watch.complete({A: Look(20, 2), B: Look(7, 3)}, 8.9) == []
    assert watch.complete({A: Look(20, 2), B: Look(7, 3)}, 9.0) == [A]
    assert watch.complete({A: Look(20, 2), B: Look(7, 3)}, 14.0) == [B]
    assert watch.complete({A: Look(20, 2), B: Look(7, 3)}, 99.0) == []


def test_a_file_that_changes_later_or_comes_back_is_taken_again():
    watch = Watch(settle=1.0)
    watch.complete({A: Look(10, 1)}, 0.0)
    assert watch.complete({A: Look(10, 1)}, 1.0) == [A]
    assert watch.complete({A: Look(30, 5)}, 2.0) == []
    assert watch.complete({A: Look(30, 5)}, 3.0) == [A]
    assert watch.complete({}, 4.0) == []
    assert watch.complete({A: Look(40, 9)}, 5.0) == []
    assert watch.complete({A: Look(40, 9)}, 6.0) == [A]


def test_an_empty_file_is_still_to_be_filled():
    watch = Watch(settle=1.0)
    watch.complete({A: Look(0, 1)}, 0.0)
    assert watch.complete({A: Look(0, 1)}, 9.0) == []


def test_a_folder_is_looked_at_with_the_folders_in_it(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "a.mp3").write_bytes(b"123")
    (tmp_path / "a.txt").write_bytes(b"123")
    (seen,) = looks(tmp_path).items()
    assert (str(seen[0].place), seen[1].size) == ("deeper/a.mp3", 3)
