"""What was said stays with its owner: through kills, full disks, and no longer than wanted."""

import signal
import sqlite3
import stat
import subprocess
import sys

import pytest

from dictation.history import Entry, History, HistoryError, HistorySettings

NOON = 1_800_000_000.0
DAY = 86_400.0


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.db"


@pytest.fixture
def history(path, clock):
    opened = History.open(path, HistorySettings(), clock)
    yield opened
    opened.close()


def entry(text, at=NOON, **values):
    return Entry(at, "Editor", "zh", text, text, **values)


def texts(entries):
    return [each.text for each in entries]


def test_an_entry_comes_back_as_it_was_written(history):
    said = Entry(
        at=NOON,
        application="Editor",
        language="mix",
        raw="code 是 四 零 四",
        text="code 是 404。",
        confidence=0.93,
        latencies={"audio": 2.5, "compute": 0.2},
    )
    number = history.add(said)
    (found,) = history.recent(10)
    assert found.id == number
    assert (found.raw, found.text, found.confidence) == (said.raw, said.text, said.confidence)
    assert (found.application, found.language, found.latencies) == (
        "Editor",
        "mix",
        {"audio": 2.5, "compute": 0.2},
    )


def test_a_text_is_undelivered_until_it_has_arrived(history):
    number = history.add(entry("你好"))
    assert history.entry(number).state == "undelivered"
    history.mark(number, "delivered", delivery=0.05)
    assert history.entry(number).state == "delivered"
    assert history.entry(number).latencies == {"delivery": 0.05}
    history.mark(number, "cancelled")
    assert history.entry(number).state == "cancelled"


def test_recent_is_newest_first_and_all_oldest_first(history):
    for text in ("一", "二", "三"):
        history.add(entry(text))
    assert texts(history.recent(2)) == ["三", "二"]
    assert texts(history.all()) == ["一", "二", "三"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("API", ["打开 API", "the api"]), ("50%", ["涨了 50%"]), ("a_b", ["a_b"]), ("没有", [])],
)
def test_search_takes_the_query_literally(history, query, found):
    for text in ("the api", "打开 API", "涨了 50%", "涨了 50 块", "a_b", "axb"):
        history.add(entry(text))
    assert texts(history.search(query)) == found


def test_a_correction_is_kept_beside_the_text(history):
    number = history.add(entry("派森"))
    history.correct(number, "Python")
    assert (history.entry(number).text, history.entry(number).corrected) == ("派森", "Python")
    with pytest.raises(HistoryError, match="has no text number 99"):
        history.correct(99, "x")


def test_only_its_owner_can_read_it(history, path):
    history.add(entry("秘密"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes.pop("history.db") == 0o600
    assert set(modes.values()) <= {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_and_file_that_others_could_read_are_closed_to_them(history, path):
    path.parent.mkdir(mode=0o755)
    path.touch(0o644)
    history.add(entry("秘密"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_switched_off_nothing_is_written(path, clock):
    history = History.open(path, HistorySettings(enabled=False), clock)
    number = history.add(entry("秘密"))
    history.mark(number, "delivered")
    assert number is None
    assert history.recent(10) == []
    assert not path.parent.exists()


def look_for_days(history, clock, days):
    """Nothing is said, but the history is looked into each day, as at a start."""
    for _ in range(days):
        clock.now += DAY
        history.close()
        history.all()


def test_texts_older_than_the_days_wanted_are_forgotten(path, clock):
    history = History.open(path, HistorySettings(days=30), clock)
    history.add(entry("old"))
    look_for_days(history, clock, 20)
    history.add(entry("new", at=clock.now))
    look_for_days(history, clock, 11)
    assert texts(history.all()) == ["new"]
    look_for_days(history, clock, 20)
    assert texts(history.all()) == [], "nothing new need be said"
    history.close()


def test_a_clock_that_is_set_ahead_for_a_while_makes_nothing_forgotten(path, clock):
    history = History.open(path, HistorySettings(days=30), clock)
    history.add(entry("before"))
    look_for_days(history, clock, 3)
    clock.now += 3650 * DAY
    history.add(entry("in ten years", at=clock.now))
    history.close()
    assert texts(history.all()) == ["before", "in ten years"]
    clock.now -= 3650 * DAY
    history.add(entry("after", at=clock.now))
    look_for_days(history, clock, 3)
    assert texts(history.all()) == ["before", "in ten years", "after"]
    history.close()


def test_after_a_long_absence_what_is_too_old_is_forgotten_a_day_later(path, clock):
    history = History.open(path, HistorySettings(days=30), clock)
    history.add(entry("old"))
    clock.now += 100 * DAY
    history.close()
    assert texts(history.all()) == ["old"]
    look_for_days(history, clock, 1)
    assert texts(history.all()) == []
    history.close()


def test_a_clock_that_goes_back_makes_nothing_forgotten(path, clock):
    history = History.open(path, HistorySettings(days=30), clock)
    history.add(entry("one"))
    clock.now = 0.0
    history.add(entry("two", at=0.0))
    clock.now = NOON
    history.add(entry("three"))
    assert texts(history.all()) == ["one", "two", "three"]
    history.close()


def test_no_more_texts_are_kept_than_wanted(path, clock):
    history = History.open(path, HistorySettings(entries=3), clock)
    for number in range(10):
        history.add(entry(str(number)))
    assert texts(history.all()) == ["7", "8", "9"]
    history.close()


def test_zero_keeps_all(path, clock):
    history = History.open(path, HistorySettings(days=0, entries=0), clock)
    history.add(entry("old", at=0.0))
    history.add(entry("new"))
    assert texts(history.all()) == ["old", "new"]
    history.close()


def test_what_is_cleared_is_in_no_file_any_more(history, path):
    for _ in range(50):
        history.add(entry("unmistakable"))
    assert history.clear() == 50
    assert history.recent(10) == []
    assert not any(b"unmistakable" in file.read_bytes() for file in path.parent.iterdir())


def test_clearing_while_another_process_has_it_open_leaves_both_working(history, path, clock):
    history.add(entry("one"))
    other = History.open(path, HistorySettings(), clock)
    assert other.clear() == 1
    other.close()
    history.add(entry("two"))
    assert texts(history.all()) == ["two"]


def test_a_file_deleted_under_it_is_made_anew(history, path):
    history.add(entry("one"))
    for file in path.parent.iterdir():
        file.unlink()
    history.add(entry("two"))
    assert texts(history.all()) == ["two"]


@pytest.mark.parametrize(
    "content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_damaged_file_is_named_with_the_way_out_and_left_alone(history, path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(HistoryError, match=r"history\.db: .*move it away"):
        history.add(entry("x"))
    assert path.read_bytes() == content


def test_a_file_of_a_newer_version_is_left_alone(history, path):
    path.parent.mkdir(parents=True)
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(HistoryError, match="newer version"):
        history.recent(1)


WRITER = """
import sys, time
from pathlib import Path
from dictation.history import Entry, History, HistorySettings
history = History.open(Path(sys.argv[1]), HistorySettings(), time.time)
number = 0
while True:
    number += 1
    text = f"{sys.argv[2]}-{number}"
    entry = history.add(Entry(time.time(), "Editor", "en", text, text))
    print(text, "written", flush=True)
    history.mark(entry, "delivered")
    print(text, "delivered", flush=True)
"""


def test_a_process_killed_at_any_point_loses_nothing_it_has_acknowledged(path, clock):
    acknowledged = []
    for life in range(8):
        command = [sys.executable, "-c", WRITER, str(path), str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            # Another number of lines in each life, so that it dies at another point.
            for _ in range(3 + 7 * life):
                acknowledged.append(tuple(process.stdout.readline().split()))
            process.send_signal(signal.SIGKILL)
            acknowledged += [tuple(line.split()) for line in process.stdout if line.endswith("\n")]
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
    history = History.open(path, HistorySettings(days=0), clock)
    states = {each.text: each.state for each in history.all()}
    history.close()
    assert {text for text, _ in acknowledged} <= states.keys()
    assert all(states[text] == "delivered" for text, what in acknowledged if what == "delivered")
    assert {"delivered", "undelivered"} >= set(states.values())


FULL = """
import resource, signal, sys, time
from pathlib import Path
from dictation.history import Entry, History, HistoryError, HistorySettings
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
history = History.open(Path(sys.argv[1]), HistorySettings(), time.time)
written = 0
try:
    while True:
        history.add(Entry(time.time(), None, "en", "x" * 2000, str(written)))
        written += 1
except HistoryError as error:
    print(error, file=sys.stderr)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert len(history.all()) == written
history.add(Entry(time.time(), None, "en", "x", "room again"))
print(written)
"""


def test_a_full_disk_is_told_keeps_what_was_written_and_is_got_over(path, clock):
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert "history.db: " in done.stderr
    history = History.open(path, HistorySettings(), clock)
    assert len(history.all()) == int(done.stdout) + 1
    assert history.recent(1)[0].text == "room again"
    history.close()
