"""From recognised words to written text, where no decoder writes it."""

import pytest

from dictation.text.format import format_words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("这个 API 的 response code 是四零四", "这个 API 的 response code 是404。"),
        ("my port is eight zero eight zero", "My port is 8080."),
        ("we need two or three of them", "We need two or three of them."),
        ("i think i'm late", "I think I'm late."),
        ("一个人去了两三次", "一个人去了两三次。"),
        ("", ""),
    ],
)
def test_words_are_written_out(words, text):
    assert format_words(words) == text
