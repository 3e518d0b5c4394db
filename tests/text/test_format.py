"""From recognised words to written text."""

import pytest

from dictation.text.format import format_words, full_width_marks, space_scripts


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("这个 API 的 response code 是四零四", "这个 API 的 response code 是404。"),
        ("my port is eight zero eight zero", "My port is 8080."),
        ("the code is four oh four", "The code is 404."),
        ("we need two or three of them", "We need two or three of them."),
        ("i think i'm late", "I think I'm late."),
        ("一个人去了两三次", "一个人去了两三次。"),
        ("一百二十三个人", "一百二十三个人。"),
        ("三点一四一五", "三点一四一五。"),
        ("", ""),
    ],
)
def test_words_are_written_out(words, text):
    assert format_words(words) == text


@pytest.mark.parametrize(
    ("text", "spaced"),
    [
        ("这个API的code是404。", "这个 API 的 code 是 404。"),
        ("这个 API 的 code", "这个 API 的 code"),
        ("他说 ，好 。", "他说，好。"),
        ("涨了35%左右", "涨了 35% 左右"),
    ],
)
def test_scripts_are_spaced(text, spaced):
    assert space_scripts(text) == spaced
    assert space_scripts(spaced) == spaced


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("好,我们走.", "好，我们走。"),
        ("这个版本是 2.1 吗?", "这个版本是 2.1 吗？"),
        ("Version 2.1, please.", "Version 2.1, please."),
        ("帮我看一下这个 bug.", "帮我看一下这个 bug。"),
        ("I said 你好 to him.", "I said 你好 to him."),
    ],
)
def test_marks_follow_their_script(text, marked):
    assert full_width_marks(text) == marked
