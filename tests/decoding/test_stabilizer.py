"""Captions: what was shown twice in the same place stays, whatever the script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dictation.decoding.stabilizer import Stabilizer, graphemes, rewritten, units

CAPTION = st.text(alphabet="今天a b的👍🏽é\u0301 ", max_size=12)


def shown(*texts: str) -> Stabilizer:
    caption = Stabilizer()
    for text in texts:
        caption = caption.show(text)
    return caption


def test_what_was_shown_once_may_change():
    assert shown("今天") == Stabilizer("", "今天")
    assert shown("今天", "明天").text == "明天"


def test_what_was_shown_twice_stays():
    assert shown("今天", "今天我") == Stabilizer("今天", "我")
    assert shown("今天", "今天我", "明天我们").text == "今天我们"


def test_a_latin_word_that_may_still_grow_is_not_stable():
    assert shown("open the doc", "open the doc") == Stabilizer("open the", " doc")
    assert shown("open the doc", "open the doc", "open the document").text == "open the document"


def test_a_caption_in_both_languages_is_stable_word_by_word():
    caption = shown("打开 pull", "打开 pull request", "打开 pull request 看")
    assert caption == Stabilizer("打开 pull request", " 看")


def test_words_inserted_before_what_is_stable_do_not_double_it():
    assert shown("we go home now", "we go home now ok", "so we go home now ok").text == (
        "we go home now ok"
    )


def test_a_hypothesis_that_shrinks_takes_nothing_back_that_is_stable():
    assert shown("今天我们", "今天我们", "").text == "今天我们"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("你好 API 吗", ["你", "好", " API", " 吗"]),
        ("e\u0301te\u0301 👍🏽x", ["e\u0301te\u0301", " 👍🏽x"]),
        ("", []),
    ],
)
def test_units_are_chinese_characters_and_other_words(text, parts):
    assert units(text) == parts


def test_letters_are_counted_as_a_reader_does():
    assert len(graphemes("👩‍👩‍👧e\u0301好")) == 3
    assert rewritten("我们好👍🏽", "我们好👍") == 1
    assert rewritten("今天", "今天我们") == 0
    assert rewritten("今天我", "明天我") == 3


@given(st.lists(CAPTION, max_size=6))
def test_the_stable_part_only_grows(texts):
    caption = Stabilizer()
    for text in texts:
        following = caption.show(text)
        assert following.stable.startswith(caption.stable)
        assert rewritten(caption.text, following.text) <= len(graphemes(caption.unstable))
        caption = following


@given(st.text(alphabet="今a👍🏽 \n\u0301"))
def test_units_and_graphemes_lose_nothing(text):
    assert "".join(units(text)) == "".join(graphemes(text)) == text
