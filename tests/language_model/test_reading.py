"""Reading: a text has the probability of its likeliest words, however it is handed over."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dictation.language_model.arpa import read_arpa
from dictation.language_model.ngrams import History, NgramModel
from dictation.language_model.reading import NOTHING_READ, Reader
from tests.language_model.arpa import write_arpa

UNKNOWN_CHARACTER = -15.0


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = write_arpa(tmp_path_factory.mktemp("arpa"))
    return {"zh": read_arpa(path, "zh"), "en": read_arpa(path, "en")}


@pytest.fixture(scope="module")
def reader(models):
    return Reader(models)


def likelihood(model: NgramModel, words: list[str]) -> float:
    history, total = History(), 0.0
    for text in words:
        word = model.word(text)
        log_prob, after = UNKNOWN_CHARACTER, History()
        if word is not None:
            log_prob, after = model.score(history, word)
        history, total = after, total + log_prob
    return total


def every_cut(model: NgramModel, text: str) -> list[list[str]]:
    """All rows of known words and single characters that make a text."""
    cuts = []
    for inner in itertools.product([False, True], repeat=len(text) - 1):
        places = [0, *(i for i, cut in enumerate(inner, 1) if cut), len(text)]
        words = [text[a:b] for a, b in itertools.pairwise(places)]
        if all(len(word) == 1 or model.word(word) is not None for word in words):
            cuts.append(words)
    return cuts


@given(st.text("今天讨论龘", min_size=1, max_size=7))
def test_chinese_is_cut_into_its_likeliest_words(models, text):
    reader, model = Reader(models), models["zh"]
    expected = max(likelihood(model, words) for words in every_cut(model, text))
    assert reader.read(NOTHING_READ, text).score == pytest.approx(expected)


@given(st.text("今天讨 thecodAPI',4。", max_size=20), st.integers(0, 20))
def test_it_is_the_same_in_one_piece_or_two(models, text, cut):
    reader = Reader(models)
    whole = reader.finished(reader.read(NOTHING_READ, text))
    parts = reader.read(reader.read(NOTHING_READ, text[:cut]), text[cut:])
    assert reader.finished(parts) == whole


def test_chinese_on_both_sides_of_other_writing_stands_alone(reader):
    def score(text: str) -> float:
        return reader.finished(reader.read(NOTHING_READ, text)).score

    assert score("今天, 讨论") == pytest.approx(score("今天") + score("讨论"))
    assert score("今天讨论") > score("今天, 讨论")
    assert score("今天 API 404") == score("今天")


def test_words_in_latin_letters_are_scored_when_they_end_and_follow_each_other(reader, models):
    english = models["en"]
    open_ = reader.read(NOTHING_READ, "The code")
    assert open_.score == pytest.approx(likelihood(english, ["the"]))
    closed = reader.finished(open_)
    assert closed.score == pytest.approx(likelihood(english, ["the", "code"]))
    assert (closed.words, closed.characters) == (2, 0)


def test_acronyms_and_single_letters_are_passed_over(reader):
    assert reader.read(NOTHING_READ, "API iPhone x 404 ").score == 0.0


def test_without_a_model_of_a_script_its_words_count_for_nothing(models):
    chinese_alone = Reader({"zh": models["zh"]})
    assert chinese_alone.read(NOTHING_READ, "the code ").score == 0.0
    english_alone = Reader({"en": models["en"]})
    assert english_alone.read(NOTHING_READ, "今天").score == 0.0
    assert math.isclose(
        english_alone.read(NOTHING_READ, "今天the ").score,
        english_alone.read(NOTHING_READ, "the ").score,
    )
