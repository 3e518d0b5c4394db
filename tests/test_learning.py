"""What corrections in the history teach."""

import pytest

from dictation.history import Entry
from dictation.learning import Proposal, proposals, replaced
from dictation.text.hot_words import Replacement, WordList


@pytest.mark.parametrize(
    ("wrong", "right", "pairs"),
    [
        ("我和里明去。", "我和李明去。", [("里明", "李明")]),
        ("请找小里", "请找小李", [("小里", "小李")]),
        ("We use cooper nettys.", "We use Kubernetes.", [("cooper nettys", "Kubernetes")]),
        ("我用派森写", "我用 Python 写", [("派森", "Python")]),
        ("今天去", "明天去", [("今天", "明天")]),
        ("我去了", "我去了。", []),
        ("the api", "the API", []),
        ("我去", "我不去", []),
    ],
)
def test_where_two_texts_differ_one_is_heard_and_the_other_written(wrong, right, pairs):
    assert list(replaced(wrong, right)) == pairs


def entry(text, at, state="delivered", application="Editor", corrected=None):
    return Entry(at, application, "zh", text, text, None, state, {}, corrected)


def test_a_correction_that_was_told_is_proposed():
    entries = [entry("我和里明去。", 0.0, corrected="我和李明去。")] * 2
    assert proposals(entries, WordList()) == [Proposal(Replacement("里明", "李明"), 2)]


def test_what_is_taken_back_and_said_again_is_a_correction():
    entries = [entry("我和里明去公园。", 0.0, "cancelled"), entry("我和李明去公园。", 8.0)]
    assert proposals(entries, WordList()) == [Proposal(Replacement("里明", "李明"), 1)]


@pytest.mark.parametrize(
    "again",
    [
        entry("我和李明去公园。", 100.0),
        entry("我和李明去公园。", 8.0, application="XTerm"),
        entry("完全是另外一句话呀。", 8.0),
        entry("我和李明去公园。", 8.0, "undelivered"),
    ],
)
def test_what_is_said_later_elsewhere_or_otherwise_is_none(again):
    assert proposals([entry("我和里明去公园。", 0.0, "cancelled"), again], WordList()) == []


def test_what_the_list_has_is_not_proposed_again():
    known = WordList(replacements=(Replacement("里明", "李明"),))
    assert proposals([entry("找里明", 0.0, corrected="找李明")], known) == []
