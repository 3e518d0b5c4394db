"""What an account of hours of dictation says, of looks made up for it."""

from dataclasses import replace

import pytest

from dictation.history import Entry
from tests.endurance.desk import Look, account
from tests.endurance.judging import as_json, judge, table

_RECORDINGS = 60
_SECONDS = 6.0


def looks(count: int = 1500, desk: int = 0) -> list[Look]:
    """So many dictations of a daemon that does not change, each heard twice as fast as spoken."""
    return [
        Look(
            desk=desk,
            at=1000.0 + number * _SECONDS / 2,
            spoken=(number + 1) * _SECONDS,
            name=f"recording {number % _RECORDINGS}",
            seconds=_SECONDS,
            paused=number % 2 == 1,
            wait=0.3 + 0.001 * (number * 7 % 11),
            delivery=0.01,
            backlog=0.0,
            cpu=0.9 + 0.01 * (number * 11 % 7),
            load=1.0,
            errors=0.1 * (number * 3 % 4),
            finished=1,
            lost=0,
            kept=0,
            unasked=0,
            memory=600.0 + number * 5 % 13,
            resident=900.0,
            threads=14,
            files=44,
        )
        for number in range(count)
    ]


def test_a_daemon_that_does_not_change_is_sound():
    found = judge([*looks(), *looks(desk=1)])
    assert found.faults == ()
    assert found.date == "1970-01-01"
    assert (found.desks, found.dictations, found.hours) == (2, 3000, 5.0)
    assert found.compression == pytest.approx(4.0, abs=0.1)
    assert [hour.dictations for hour in found.by_hour] == [1200, 1200, 600]


@pytest.mark.parametrize(
    ("name", "growth"),
    [("memory", 0.01), ("threads", 0.005), ("files", 0.005), ("errors", 0.0002), ("cpu", 0.0005)],
)
def test_what_grows_is_named(name, growth):
    grown = [
        replace(look, **{name: getattr(look, name) + growth * number})
        for number, look in enumerate(looks())
    ]
    (fault,) = judge(grown).faults
    assert fault.startswith(f"{name} grows by")


@pytest.mark.parametrize(
    ("name", "words"),
    [("lost", "reached no window"), ("unasked", "nobody said"), ("kept", "held back")],
)
def test_a_single_text_that_went_astray_is_a_fault(name, words):
    astray = looks()
    astray[700] = replace(astray[700], **{name: 1})
    (fault,) = judge(astray).faults
    assert words in fault


def test_what_grows_while_each_recording_is_heard_for_the_first_time_is_no_fault():
    warm = [
        replace(look, memory=look.memory - max(0, 60 - number))
        for number, look in enumerate(looks())
    ]
    assert judge(warm).faults == ()


def test_a_machine_that_has_more_and_more_else_to_do_is_no_fault_of_the_daemon():
    slow = [
        replace(look, wait=look.wait + 0.001 * number, load=0.01 * number)
        for number, look in enumerate(looks())
    ]
    found = judge(slow)
    assert found.slopes["wait"].low > 0.5
    assert found.faults == ()


def test_the_hours_are_a_table():
    lines = table(judge(looks())).splitlines()
    assert lines[2].startswith("| 1 | 600 | 15.0 % | 305 ms |")
    assert lines[4].startswith("| 3 | 300 |")
    assert "memory: " in lines[5]


def test_the_json_has_what_the_readme_quotes():
    found = as_json(judge(looks()))
    assert found["lost"] == 0
    assert found["slopes"]["threads"] == {"an_hour": 0.0, "low": 0.0, "high": 0.0}
    assert len(found["by_hour"][0]["wait"]) == 4


def entry(text: str, state: str = "delivered") -> Entry:
    return Entry(0.0, None, "zh", text, text, state=state)


@pytest.mark.parametrize(
    ("entries", "arrived", "lost", "unasked"),
    [
        ([entry("你好"), entry("hello")], "你好hello ", 0, 0),
        ([entry("你好"), entry("hello")], "你好", 1, 0),
        ([entry("你好")], "你好你好", 0, 2),
        ([entry("你好", "undelivered")], "", 0, 0),
        ([], "x", 0, 1),
    ],
    ids=["all there", "one lost", "one twice", "one held back", "one unasked"],
)
def test_texts_that_arrived_are_held_against_the_history(entries, arrived, lost, unasked):
    assert account(entries, arrived) == (lost, unasked)
