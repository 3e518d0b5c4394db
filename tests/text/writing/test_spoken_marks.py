"""Names of marks become marks at the edges of phrases, and stay words where they are nouns."""

import pytest

from dictation.events import TimedWord
from dictation.text.writing.spoken_marks import PHRASE_SECONDS, write_spoken_marks


def said(text):
    """The text without its bars, and its words with a pause at each bar."""
    words, at = [], 0.0
    for phrase in text.split("|"):
        for word in _words(phrase):
            words.append(TimedWord(word, at, at + 0.2, 1.0))
            at += 0.25
        at += PHRASE_SECONDS
    return " ".join(text.replace("|", " ").split()) if text.isascii() else text.replace(
        "|", ""
    ), words


def _words(phrase):
    return phrase.split() if phrase.isascii() else [c for c in phrase if not c.isspace()]


MARKS = {
    "今天天气很好逗号|我们去公园吧句号": "今天天气很好，我们去公园吧。",
    "你好|逗号世界": "你好，世界",
    "好的句号": "好的。",
    "不用逗号|我自己来": "不用，我自己来",
    "你去吗问号": "你去吗？",
    "苹果顿号|梨和香蕉": "苹果、梨和香蕉",
    "真的吗问号感叹号": "真的吗？！",
    "逗号|但是我不去": "，但是我不去",
    "hello comma|how are you question mark": "hello, how are you?",
    "I have a dog period": "I have a dog.",
    "we left|comma of course": "we left, of course",
    "comma|but not today": ", but not today",
}


@pytest.mark.parametrize(("spoken", "written"), MARKS.items())
def test_a_name_at_the_edge_of_a_phrase_is_its_mark(spoken, written):
    assert write_spoken_marks(*said(spoken)) == written


NOUNS = [
    "句号的用法很简单",
    "我们来讲|句号的用法",
    "句号|是一种标点",
    "这里应该用句号",
    "这里缺一个|逗号",
    "你把逗号|放错了",
    "我不知道逗号放在哪里",
    "请把句号和逗号分清",
    "a period of time",
    "for|a period of time",
    "for a long period",
    "it is the trial period",
    "this is a|question mark",
    "the Oxford comma",
    "The period|is over",
    "after the colon there is a space",
    "my periodical",
    "a comma is missing",
]


@pytest.mark.parametrize("spoken", NOUNS)
def test_a_name_that_is_a_noun_stays_a_word(spoken):
    text, words = said(spoken)
    assert write_spoken_marks(text, words) == text


def test_without_times_only_the_end_is_an_edge():
    assert write_spoken_marks("你好逗号世界句号", ()) == "你好逗号世界。"
    assert write_spoken_marks("hello comma world period", ()) == "hello comma world."


def test_words_of_another_text_tell_no_pauses():
    _, words = said("hello comma|world")
    assert write_spoken_marks("goodbye comma world", words) == "goodbye comma world"
