"""The words of a finished text: times from CTC, confidences from whoever wrote it."""

import pytest
import torch

from dictation.decoding.words import Piece, pieces_of, timed_words
from dictation.text.tokenizer import build_ctc_tokenizer
from dictation.text.words import words_in
from tests.models import CHINESE, LATIN

TOKENIZER = build_ctc_tokenizer(CHINESE, LATIN, 68)


def heard(*peaks: tuple[str, int], frames: int = 40) -> torch.Tensor:
    """CTC's log-probabilities when it hears a text's tokens from these frames on."""
    log_probs = torch.full((frames, len(TOKENIZER)), -12.0)
    log_probs[:, 0] = 0.0
    for text, frame in peaks:
        for offset, token in enumerate(TOKENIZER.encode(text)):
            log_probs[frame + 2 * offset, 0] = -12.0
            log_probs[frame + 2 * offset, token] = 0.0
    return log_probs.log_softmax(1)


def test_words_are_chinese_characters_and_what_stands_between_spaces():
    text = "今天，我们 review 3.5 个 PR。“ok”"
    assert words_in(text) == ["今", "天，", "我", "们", "review", "3.5", "个", "PR。“ok”"]
    assert words_in("…… — 。") == []


def test_a_word_is_where_ctc_hears_it():
    log_probs = heard(("今", 5), ("天", 9), ("API", 30))
    timed = timed_words("今天 API。", (), log_probs, TOKENIZER, 1.6)
    assert [word.text for word in timed] == ["今", "天", "API。"]
    for word, frame in zip(timed, (5, 9, 30), strict=True):
        assert word.start <= frame * 0.04 <= word.end
    assert timed[2].start - timed[1].end >= 0.2


def test_what_ctc_heard_otherwise_still_has_its_place():
    log_probs = heard(("今", 5), ("个", 10), ("我", 15))
    timed = timed_words("今天我", (), log_probs, TOKENIZER, 1.6)
    assert timed[0].end <= timed[1].start <= 0.42 <= timed[1].end <= timed[2].start + 1e-9


def test_digits_take_the_place_between_their_neighbours():
    log_probs = heard(("今", 4), ("四", 12), ("零", 16), ("天", 24))
    timed = timed_words("今 40 天", (), log_probs, TOKENIZER, 1.6)
    assert timed[1].text == "40"
    assert timed[1].start <= 0.5
    assert timed[1].end >= 0.64


@pytest.mark.parametrize("text", ["今天" * 30, "API " * 30])
def test_more_words_than_sound_are_spread_over_it(text):
    timed = timed_words(text, (), heard(frames=20), TOKENIZER, 0.8)
    assert all(0.0 <= word.start <= word.end <= 0.8 for word in timed)
    assert [word.start for word in timed] == sorted(word.start for word in timed)


def test_a_word_is_as_sure_as_its_least_sure_piece():
    pieces = (Piece(" Rev", 0.9), Piece("iew", 0.6), Piece(" 今", 0.8), Piece("天", 0.7))
    timed = timed_words("Review 今天。", pieces, heard(), TOKENIZER, 1.6)
    assert [word.confidence for word in timed] == [0.6, 0.8, 0.7]


def test_words_written_as_digits_keep_a_confidence():
    pieces = (Piece("四零四", 0.5), Piece("个", 0.9))
    timed = timed_words("404 个", pieces, heard(), TOKENIZER, 1.6)
    assert [word.confidence for word in timed] == [0.5, 0.9]


def test_tokens_that_are_parts_of_a_character_are_one_piece():
    halves = ["今", "今\ufffd", "今天"]
    decode = lambda tokens: halves[len(tokens) - 1]  # noqa: E731
    assert pieces_of(decode, [1, 2, 3], [0.9, 0.5, 0.8]) == (Piece("今", 0.9), Piece("天", 0.5))
