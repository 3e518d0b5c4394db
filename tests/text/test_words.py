"""Words keep their times when their text is written with digits, capitals and marks."""

import pytest

from dictation.events import TimedWord
from dictation.text.words import timed_anew, words_in


def said(text):
    """Each word takes a second, the first from 0, and is less sure than the one before."""
    return [TimedWord(word, at, at + 1.0, 1.0 - at / 100) for at, word in enumerate(words_in(text))]


@pytest.mark.parametrize(
    ("spoken", "written", "times"),
    [
        ("hello world", "Hello, world.", [("Hello,", 0, 1), ("world.", 1, 2)]),
        ("是四零四吗", "是 404 吗？", [("是", 0, 1), ("404", 1, 4), ("吗？", 4, 5)]),
        ("at half past three", "At 3:30.", [("At", 0, 1), ("3:30.", 1, 4)]),
        ("嗯好", "好", [("好", 1, 2)]),
        ("软件", "軟件", [("軟", 0, 1), ("件", 1, 2)]),
        ("派森好", "Py thon 好", [("Py", 0, 1), ("thon", 1, 2), ("好", 2, 3)]),
        ("五月五", "5月五", [("5", 0, 1), ("月", 1, 2), ("五", 2, 3)]),
        ("好", "很 好", [("很", 0, 0), ("好", 0, 1)]),
        ("嗯", "", []),
    ],
)
def test_words_in_place_of_others_take_their_time(spoken, written, times):
    found = timed_anew(written, said(spoken))
    assert [(each.text, each.start, each.end) for each in found] == times


def test_a_word_is_as_sure_as_the_least_sure_it_was_made_of():
    found = timed_anew("是404吗", said("是四零四吗"))
    assert [each.confidence for each in found] == pytest.approx([1.0, 0.97, 0.96])


def test_where_nothing_tells_of_times_there_are_none():
    assert timed_anew("hello", ()) == ()
