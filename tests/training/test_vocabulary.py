"""The vocabulary of a new model: both languages, whatever little it is trained on."""

import unicodedata

import pytest

from dictation.text.normalize import is_cjk
from dictation.training.vocabulary import common_characters, make_ctc_vocabulary


@pytest.fixture
def tokenizer(tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("open the 龘 API at home", encoding="utf-8")
    return make_ctc_vocabulary([], [texts], 66, closing=False)


def test_the_common_characters_are_those_of_two_standards():
    characters = common_characters()
    # 3,755 of GB/T 2312's first level, and 126 of the 3,500 of 现代汉语常用字表 that it has not.
    assert len(characters) == len(set(characters)) == 3_755 + 126
    assert all(is_cjk(each) and unicodedata.category(each) == "Lo" for each in characters)


@pytest.mark.parametrize(
    "word", ["蜻蜓", "蝙蝠", "蟋蟀", "橄榄", "橘子", "鳄鱼", "鹦鹉", "佳肴", "采薇"]
)
def test_words_outside_the_first_level_of_gb_2312_can_be_written(tokenizer, word):
    assert tokenizer.decode(tokenizer.encode(word)) == word


def test_what_the_data_adds_can_be_written_too(tokenizer):
    assert tokenizer.decode(tokenizer.encode("龘 API home")) == "龘 API home"
