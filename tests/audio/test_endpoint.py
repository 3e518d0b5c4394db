"""WeNet's three rules: when an utterance ends by what is recognised in it."""

import pytest

from dictation.audio.endpoint import EndpointRules, over

RULES = EndpointRules(no_words=5.0, after_words=1.0, longest=20.0)


@pytest.mark.parametrize(
    ("words", "trailing_blank", "length", "ends"),
    [
        (True, 0.9, 8.0, False),
        (True, 1.0, 8.0, True),
        (False, 1.0, 8.0, False),
        (False, 4.9, 8.0, False),
        (False, 5.0, 8.0, True),
        (True, 0.0, 19.9, False),
        (True, 0.0, 20.0, True),
        (False, 0.0, 20.0, True),
    ],
)
def test_each_rule_has_its_own_patience(words, trailing_blank, length, ends):
    assert over(RULES, words, trailing_blank, length) is ends
