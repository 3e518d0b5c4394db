"""Errors are counted in characters of Chinese and words of English, and fairly."""

import pytest

from dictation.training.scoring import Confusion, Edits, added, edits, read_out


def test_the_three_kinds_of_edits_are_counted_apart():
    assert edits("one two three", "one too three four") == Edits(3, substitutions=1, insertions=1)
    assert edits("今天我们讨论", "今天讨论") == Edits(6, deletions=2)


def test_a_chinese_character_and_an_english_word_weigh_the_same():
    assert edits("这个 API 很好", "这个 app 很好").rate == 1 / 5


def test_capitals_and_punctuation_are_no_errors():
    assert edits("Yes, the API works.", "yes the api works").errors == 0
    assert edits("12,500 people", "12500 people").errors == 0


def test_letters_may_stand_apart_or_together():
    assert edits("为其装G P S定位仪", "为其装 GPS 定位仪") == Edits(7)
    assert edits("C Z F", "czf") == Edits(1)
    assert edits("C Z F", "c z f") == Edits(1)
    assert edits("PLAN A I THINK", "plan a you think") == Edits(4, substitutions=1)


def test_what_is_made_up_where_nothing_was_said_has_no_rate():
    assert edits("", "thank you") == Edits(0, insertions=2)
    assert edits("", "thank you").rate is None


def test_sums_weigh_long_utterances_more():
    assert added([Edits(9), Edits(1, deletions=1)]).rate == 1 / 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("response code 是 404。", "response code 是四零四"),
        ("一共 350 块", "一共三百五十块"),
        ("涨了 20%", "涨了百分之二十"),
        ("气温 36.5 度", "气温三十六点五度"),
        ("等我 2 分钟", "等我两分钟"),
        ("打 110", "打幺幺零"),
        ("It opened in 1998.", "it opened in nineteen ninety eight"),
        ("404 errors", "four hundred and four errors"),
        ("the 21st of May", "the twenty first of may"),
        ("about 0.9% of 12,500", "about zero point nine percent of twelve thousand five hundred"),
        ("at 9:30", "at nine thirty"),
        ("call 30 or 2", "call thirty or two"),
    ],
)
def test_numbers_in_digits_are_read_as_they_were_said(text, said):
    assert edits(said, text).errors > 0
    assert edits(said, read_out(text, said)).errors == 0


def test_a_wrong_number_stays_an_error():
    assert edits("一共三百五十块", read_out("一共 450 块", "一共三百五十块")).errors == 1
    assert edits("the file", read_out("the 7 file", "the file")).insertions == 1


def test_languages_are_told_apart_or_confused():
    confusion = Confusion.of([("zh", "zh"), ("mix", "zh"), ("en", "en"), ("en", "en")])
    assert confusion.accuracy == 3 / 4
    assert confusion.row("mix") == {"zh": 1, "en": 0, "mix": 0}
    assert Confusion.of([]).accuracy is None
