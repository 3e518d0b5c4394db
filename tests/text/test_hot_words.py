"""The user's list of words: its file, line by line."""

import re

import pytest

from dictation.text.hot_words import (
    DEFAULT_BOOST,
    HotWord,
    HotWordsError,
    Replacement,
    WordFile,
    WordList,
    read_hot_words,
)


@pytest.fixture
def written(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "words.txt"
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_a_line_is_a_phrase_a_boosted_phrase_or_a_replacement(written):
    found = read_hot_words(
        written("# names\nKubernetes\n\n  白露 \t4.5\n爱皮埃 -> API\r\nsay less->say more\n")
    )
    assert found.words == (
        HotWord("Kubernetes", DEFAULT_BOOST),
        HotWord("白露", 4.5),
        HotWord("API", DEFAULT_BOOST),
        HotWord("say more", DEFAULT_BOOST),
    )
    assert found.replacements == (Replacement("爱皮埃", "API"), Replacement("say less", "say more"))


def test_what_a_replacement_writes_keeps_the_boost_it_has(written):
    assert read_hot_words(written("API\t5\na p i -> API\n")).words == (HotWord("API", 5.0),)


def test_the_last_line_of_a_phrase_counts(written):
    assert read_hot_words(written("API\t5\nAPI\t2\n")).words == (HotWord("API", 2.0),)


def test_a_mark_of_the_encoding_belongs_to_no_phrase(written):
    assert read_hot_words(written("白露\n", "utf-8-sig")).words == (HotWord("白露"),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ok\nAPI\tmuch\n", ":2: 'much' is no boost, which is a number up to 20"),
        ("API\t0\n", ":1: '0' is no boost"),
        ("API\t21\n", ":1: '21' is no boost"),
        ("API\tnan\n", ":1: 'nan' is no boost"),
        ("\t3\n", ":1: there is a boost but no phrase"),
        (" -> API\n", ":1: a replacement is written: heard -> written"),
        ("a p i ->\n", ":1: a replacement is written: heard -> written"),
    ],
)
def test_a_line_that_means_nothing_is_named(written, text, problem):
    path = written(text)
    with pytest.raises(HotWordsError, match=re.escape(f"{path}{problem}")):
        read_hot_words(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(HotWordsError, match="cannot be read: No such file"):
        read_hot_words(tmp_path / "words.txt")


def test_a_file_that_is_no_text_is_named(written):
    with pytest.raises(HotWordsError, match="is not UTF-8 text"):
        read_hot_words(written("白露", "gb18030"))


def test_a_list_is_read_again_only_when_it_has_changed(written, tmp_path):
    file = WordFile(tmp_path / "words.txt")
    assert file.changed() == WordList()
    assert file.changed() is None
    written("白露\n")
    assert file.changed().words == (HotWord("白露"),)
    assert file.changed() is None
    written("白露\n霜降\n")
    assert file.changed().words == (HotWord("白露"), HotWord("霜降"))
    file.path.unlink()
    assert file.changed() == WordList()


def test_a_broken_list_is_complained_of_once(written):
    file = WordFile(written("API\tmuch\n"))
    with pytest.raises(HotWordsError):
        file.changed()
    assert file.changed() is None
    written("API\t2\n")
    assert file.changed().words == (HotWord("API", 2.0),)
