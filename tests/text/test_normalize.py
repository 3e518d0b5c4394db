"""Which languages a text is in, by its letters."""

import pytest

from dictation.text.normalize import is_mixed, language_of


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("这个 API 的 response code", True),
        ("帮我 check 一下", True),
        ("请看 README", True),
        ("今天下午我们在会议室讨论 API 的事情", False),
        ("please move the meeting to 三 tomorrow", False),
        ("today we talk about 咖啡 and then go on to other things", False),
        ("我 a", False),
        ("四零四 404 2024", False),
        ("今天", False),
        ("", False),
    ],
)
def test_a_slip_of_another_language_does_not_make_a_text_mixed(text, mixed):
    assert is_mixed(text) == mixed


@pytest.mark.parametrize(
    ("text", "language"), [("今天", "zh"), ("the code", "en"), ("这个 API", "mix"), ("404", "en")]
)
def test_the_letters_tell_the_language(text, language):
    assert language_of(text) == language
