"""N-grams: what a file in the ARPA format says, and back-off where it says nothing."""

import math

import pytest
import torch
from safetensors.torch import save_file

from dictation.language_model.arpa import read_arpa
from dictation.language_model.ngrams import History, LanguageModelError, NgramModel
from tests.language_model.arpa import TEXT, write_arpa

LN10 = math.log(10)


@pytest.fixture
def path(tmp_path):
    return write_arpa(tmp_path)


def log10_of(model: NgramModel, words: str) -> float:
    history, total = History(), 0.0
    for word in words.split():
        number = model.word(word)
        assert number is not None
        log_prob, history = model.score(history, number)
        total += log_prob
    return total / LN10


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("今天", -1.0),
        ("今天 讨论", -1.0 - 0.5),
        ("今天 讨论 今天", -1.0 - 0.5 - 0.1),
        ("讨论 今天", -1.2 - 0.9),
        # No bigram: the back-off of what came before, and the word alone.
        ("今 讨论", -2.5 - 0.2 - 1.2),
        # No trigram: the back-off of the two before, and the bigram, if there is one.
        ("今天 讨论 讨论", -1.0 - 0.5 - 0.25 - 0.4 - 1.2),
    ],
)
def test_a_row_of_words_has_the_probability_of_the_file(path, words, expected):
    assert log10_of(read_arpa(path, "zh"), words) == pytest.approx(expected, abs=0.005)


def test_each_script_is_read_on_its_own(path):
    chinese, english = read_arpa(path, "zh"), read_arpa(path, "en")
    assert (len(chinese), len(english)) == (4, 2)
    assert chinese.word("the") is None
    assert english.word("今天") is None
    assert log10_of(english, "the code") == pytest.approx(-1.5 - 0.4, abs=0.005)


def test_of_a_lower_order_the_longer_n_grams_are_left_out(path):
    model = read_arpa(path, "zh", order=2)
    assert log10_of(model, "今天 讨论 今天") == pytest.approx(-1.0 - 0.5 - 0.25 - 0.9, abs=0.005)


def test_a_saved_model_says_the_same(path, tmp_path):
    model = read_arpa(path, "zh")
    save_file(model.tensors, tmp_path / "ngrams.safetensors")
    again = NgramModel.load(tmp_path / "ngrams.safetensors")
    assert log10_of(again, "今天 讨论 今天") == log10_of(model, "今天 讨论 今天")


@pytest.mark.parametrize(
    "text", ["", "words without numbers", TEXT.replace("-2.5\t今", "much\t今"), "\\1-grams:\n-1\n"]
)
def test_a_file_of_another_kind_is_told_in_a_line(tmp_path, text):
    with pytest.raises(LanguageModelError, match=r"words\.arpa: not a model in the ARPA format"):
        read_arpa(write_arpa(tmp_path, text), "zh")


def test_a_file_that_is_not_there_or_not_text_is_told_too(tmp_path):
    with pytest.raises(LanguageModelError, match="No such file"):
        read_arpa(tmp_path / "none.arpa", "zh")
    (tmp_path / "binary.arpa").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LanguageModelError, match="not a model in the ARPA format"):
        read_arpa(tmp_path / "binary.arpa", "zh")


@pytest.mark.parametrize("name", ["bigram_words", "levels", "words"])
def test_a_damaged_file_is_told_and_read_no_further(path, tmp_path, name):
    tensors = dict(read_arpa(path, "zh").tensors)
    broken = tmp_path / "ngrams.safetensors"
    save_file(tensors | {name: tensors[name][:-1].clone()}, broken)
    with pytest.raises(LanguageModelError, match=r"ngrams\.safetensors: damaged"):
        NgramModel.load(broken)
    save_file({key: value for key, value in tensors.items() if key != name}, broken)
    with pytest.raises(LanguageModelError, match="damaged"):
        NgramModel.load(broken)
    save_file(tensors | {name: torch.zeros(3, 3)}, broken)
    with pytest.raises(LanguageModelError, match="damaged"):
        NgramModel.load(broken)
    begins = tensors["bigram_begins"].clone()
    begins[1] = 1000
    save_file(tensors | {"bigram_begins": begins}, broken)
    with pytest.raises(LanguageModelError, match="damaged"):
        NgramModel.load(broken)
    broken.write_bytes(b"no file of tensors")
    with pytest.raises(LanguageModelError, match="damaged"):
        NgramModel.load(broken)
