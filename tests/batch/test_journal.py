"""What is done of a file survives the end of the program, whenever that comes."""

import resource
import signal
from contextlib import contextmanager
from dataclasses import replace

import pytest

from dictation.batch.journal import Journal, origin_of
from dictation.batch.outputs import OutputError
from dictation.events import TimedWord
from dictation.transcription import Segment

FIRST = Segment(0.5, 2.25, "你好。", "zh", (TimedWord("你", 0.5, 0.7, 0.9),))
SECOND = Segment(3.0, 4.0, 'He said "no".', "en")


@contextmanager
def files_no_longer_than(size):
    """The kernel refuses to write more, as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def origin(tmp_path):
    source = tmp_path / "talk.mp3"
    source.write_bytes(b"sound")
    return origin_of(source, "settings")


def kept(path, origin):
    with Journal(path, origin) as journal:
        return list(journal.segments)


def test_segments_come_back_as_they_were(tmp_path, origin):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin) as journal:
        journal.add(FIRST)
        journal.add(SECOND)
    assert kept(path, origin) == [FIRST, SECOND]


def test_without_a_segment_nothing_is_left_behind(tmp_path, origin):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin):
        assert path.exists()
    assert not path.exists()


def test_what_is_kept_is_not_written_again(tmp_path, origin):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin) as journal:
        journal.add(replace(FIRST, text="one\u2028line"))
    before = path.read_bytes()
    with Journal(path, origin) as journal, files_no_longer_than(len(before)):
        assert path.read_bytes() == before
        with pytest.raises(OutputError):
            journal.add(SECOND)
    assert path.read_bytes() == before
    assert [segment.text for segment in kept(path, origin)] == ["one\u2028line"]


@pytest.mark.parametrize("lost", [1, 20])
def test_a_line_that_was_cut_off_is_left_out_and_the_next_one_follows_the_last_whole(
    tmp_path, origin, lost
):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin) as journal:
        journal.add(FIRST)
        journal.add(SECOND)
    path.write_bytes(path.read_bytes()[:-lost])
    with Journal(path, origin) as journal:
        assert journal.segments == [FIRST]
        journal.add(SECOND)
    assert kept(path, origin) == [FIRST, SECOND]


@pytest.mark.parametrize("change", [{"size": 6}, {"modified": 1}, {"settings": "others"}])
def test_another_sound_or_other_settings_begin_anew(tmp_path, origin, change):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin) as journal:
        journal.add(FIRST)
    assert kept(path, replace(origin, **change)) == []


@pytest.mark.parametrize("rubbish", [b"", b"\n", b"\xff\xfe", b"[]", b"{}\n{}"])
def test_a_file_that_is_no_journal_is_begun_anew(tmp_path, origin, rubbish):
    path = tmp_path / ".talk.unfinished"
    path.write_bytes(rubbish)
    assert kept(path, origin) == []


def test_a_disk_that_takes_no_more_is_told_and_what_was_kept_stays(tmp_path, origin):
    path = tmp_path / ".talk.unfinished"
    with Journal(path, origin) as journal, files_no_longer_than(path.stat().st_size + 200):
        journal.add(FIRST)
        with pytest.raises(OutputError, match="unfinished: cannot be written: File too large"):
            journal.add(SECOND)
    assert kept(path, origin) == [FIRST]
