"""Recall of listed names: what was said and written, and what was written besides."""

from dictation.training.names import Recall, recall


def test_names_are_counted_where_they_were_said_and_where_not():
    pairs = [
        ("ask Siobhan and SIOBHAN", "Ask Siobhan and Susan."),
        ("夏侯敏 来了", "夏侯敏来了。"),
        ("nobody", "夏侯敏"),
    ]
    assert recall(["Siobhan", "夏侯敏"], pairs) == Recall(said=3, written=2, inserted=1)


def test_without_names_there_is_no_rate():
    assert recall(["Siobhan"], [("a", "b")]).rate is None
    assert Recall(4, 1).rate == 0.25
