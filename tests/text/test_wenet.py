"""WeNet's two ways to cut a text, and how its tokens are shown to people."""

import pytest

from dictation.decoding.hot_words import hot_words_of
from dictation.text.hot_words import HotWord
from dictation.text.normalize import spoken_form
from dictation.text.tokenizer import TokenizerError, build_ctc_tokenizer
from dictation.text.wenet import WenetOptions, WenetTokenizer, read_units

SPECIAL = ["<blank>", "<unk>"]
CAPITALS = build_ctc_tokenizer("", ["HELLO WORLD AND ALL THE OTHER WORDS"] * 9, 70)


def test_characters():
    tokenizer = WenetTokenizer([*SPECIAL, *"我你好a", "▁", "<sos/eos>"], None)
    assert tokenizer.tokens(" 你好 a ") == ["你", "好", "▁", "a"]
    assert tokenizer.encode("你们") == [3, 1]
    assert tokenizer.transcript([3, 4, 6, 1]) == "你好▁<unk>"
    assert tokenizer.decode([3, 4, 6, 5, 1, 7]) == "你好 a"


def test_words_and_tags():
    options = WenetOptions(split_with_space=True, tags=("[LAUGH]",))
    tokenizer = WenetTokenizer([*SPECIAL, "HELLO", "[LAUGH]"], None, options)
    assert tokenizer.tokens("hello[laugh]hello") == ["HELLO", "[LAUGH]", "HELLO"]


def test_characters_and_pieces():
    latin = [unit for unit in CAPITALS.units[2:] if unit == unit.upper()]
    units = [*SPECIAL, *"你好", *latin, "<sos/eos>"]
    tokenizer = WenetTokenizer(units, CAPITALS.pieces)
    tokens = tokenizer.tokens("你好 hello world")
    assert tokens[:2] == ["你", "好"]
    assert "".join(tokens[2:]) == "▁HELLO▁WORLD"
    ids = tokenizer.encode("你好 hello world")
    assert tokenizer.transcript(ids) == "你好 HELLO WORLD"
    assert tokenizer.decode(ids) == "你好 hello world"


@pytest.mark.parametrize(
    ("letters", "phrase", "units"),
    [
        ("ABDEOPRS小了", "小S了", "小S了"),
        ("ABDEOPRS小了", "Bad API", "BAD▁AP<unk>"),
        ("ABDEOPRS小了", "小 rods", "小RODS"),
        ("ABDEOPRS小了", "red 小 S", "RED小S"),
        ("abdeoprs小了", "RED 小了", "red小了"),
        ("ABDEabde小了", "Bad 小", "bad小"),
    ],
)
def test_phrases_for_people_take_the_letters_that_the_units_have(letters, phrase, units):
    tokenizer = WenetTokenizer([*SPECIAL, *letters, "▁"], None)
    assert tokenizer.transcript(tokenizer.spell(spoken_form(phrase, part=True))) == units
    hot = hot_words_of([HotWord(phrase)], tokenizer, decoder=False)
    assert hot.unspellable == ((phrase,) if "<unk>" in units else ())


def test_capitals_stay_where_the_units_know_small_letters_too():
    assert WenetTokenizer([*SPECIAL, *"ABcd"], None).decode([2, 3, 4]) == "ABc"


@pytest.mark.parametrize("pieces", [None, CAPITALS.pieces], ids=["characters", "pieces"])
def test_what_is_saved_comes_back(tmp_path, pieces):
    saved = WenetTokenizer([*SPECIAL, *"AB", "▁"], pieces, WenetOptions(tags=("<NOISE>",)))
    saved.save(tmp_path)
    loaded = WenetTokenizer.load(tmp_path, saved.options, pieces=pieces is not None)
    assert (loaded.units, loaded.pieces, loaded.options) == (saved.units, pieces, saved.options)


def test_units_may_stand_in_any_order(tmp_path):
    file = tmp_path / "units.txt"
    file.write_text("我 2\n<unk> 1\n<blank> 0\n\n", encoding="utf-8")
    assert read_units(file) == ["<blank>", "<unk>", "我"]


def test_units_may_have_been_through_windows(tmp_path):
    file = tmp_path / "units.txt"
    file.write_bytes("\ufeff<blank> 0\r\n<unk> 1\r\n我 2\r\n".encode())
    assert read_units(file) == ["<blank>", "<unk>", "我"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<blank> 0\n我\n", "line 2: expected a token and its id"),
        ("<blank> 0\n我 two\n", "line 2: expected a token and its id"),
        (f"<blank> 0\n我 {'9' * 5000}\n", "line 2: expected a token and its id"),
        ("<blank> 0\n我 2\n", "without a gap"),
    ],
)
def test_what_is_no_list_of_units_is_named(tmp_path, text, message):
    file = tmp_path / "units.txt"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TokenizerError, match=message):
        read_units(file)


def test_damaged_pieces_are_named():
    with pytest.raises(TokenizerError, match="damaged sentencepiece model"):
        WenetTokenizer(SPECIAL, b"nothing")


def test_a_vocabulary_without_a_unit_for_the_unknown_is_refused():
    with pytest.raises(TokenizerError, match="has no <unk>, only 1 units"):
        WenetTokenizer(["<blank>"], None)
