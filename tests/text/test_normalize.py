"""Which languages a text is in, by its letters."""

import pytest

from dictation.text.normalize import language_of, written_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("这个 API 的 response code 是 404。", "mix"),
        ("使用 Debian 的核心可以使用 Debian 计划提供的更新。", "mix"),
        ("Today we talk about 咖啡 and then go on to other things.", "mix"),
        ("今天买 A 股，穿 T 恤。", "zh"),
        ("Please move the 三 meeting to tomorrow at half past nine in the big room.", "en"),
        ("404", None),
        ("", None),
    ],
)
def test_a_slip_of_another_language_does_not_make_a_text_mixed(text, language):
    assert written_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"), [("今天", "zh"), ("the code", "en"), ("这个 API", "mix"), ("404", "en")]
)
def test_the_letters_tell_the_language(text, language):
    assert language_of(text) == language
