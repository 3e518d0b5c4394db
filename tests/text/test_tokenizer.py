"""Words in, tokens out, words back."""

import pytest

from dictation.text.normalize import join_words, spoken_form, words_of
from dictation.text.tokenizer import CtcTokenizer, TokenizerError, build_ctc_tokenizer
from tests.models import CHINESE, LATIN


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("WE CALL IT BEAR", "we call it bear"),
        ("It's four o'clock, isn't it?", "it's four o'clock isn't it"),
        ("这个 API 的 response code 是四零四。", "这个 API 的 response code 是四零四"),
        ("明天下午三点开 meeting!", "明天下午三点开 meeting"),
        ("请看URL", "请看 URL"),
        ("The API's limits, the URLs", "the API's limits the URLs"),
        ("pull-request", "pull request"),
        ("Ｈｅｌｌｏ", "hello"),
        ("", ""),
    ],
)
def test_a_transcript_becomes_what_is_said(text, spoken):
    assert spoken_form(text) == spoken
    assert join_words(words_of(spoken)) == spoken


@pytest.fixture
def tokenizer():
    return build_ctc_tokenizer(CHINESE, LATIN, 68)


@pytest.mark.parametrize(
    "text", ["这个 API 的 response code 是四零四", "please review the URL", "今天我们讨论"]
)
def test_text_comes_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_each_chinese_character_is_a_token(tokenizer):
    assert [tokenizer.units[index] for index in tokenizer.encode("今天讨论")] == list("今天讨论")


def test_any_acronym_can_be_spelled(tokenizer):
    assert tokenizer.decode(tokenizer.encode("QXZ")) == "QXZ"


def test_what_has_no_token_is_unknown_and_left_out(tokenizer):
    assert tokenizer.encode("魑") == [1]
    assert tokenizer.decode([1, 0, *tokenizer.encode("今")]) == "今"


def test_a_vocabulary_survives_its_folder(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    loaded = CtcTokenizer.load(tmp_path)
    assert loaded.units == tokenizer.units
    assert loaded.encode("这个 API") == tokenizer.encode("这个 API")


def test_a_vocabulary_without_its_blank_is_refused(tokenizer):
    with pytest.raises(TokenizerError, match="<blank>"):
        CtcTokenizer(tokenizer.units[1:], tokenizer.pieces)
