"""What the text generator promises to the corpus."""

import itertools
import re
from pathlib import Path

import pytest

from dictation.training import texts
from dictation.training.spoken_numbers import (
    EN_DIGITS,
    ENGLISH,
    MANDARIN,
    ZH_DIGITS,
    en_cardinal,
    en_ordinal,
    en_year,
    zh_cardinal,
)
from dictation.training.texts import (
    LANGUAGES,
    MAX_SPOKEN,
    SAMPLE_TEXTS,
    Language,
    interleaved,
    is_dev_pattern,
    load_grammar,
    sentences,
    space_scripts,
)

HAN = re.compile(r"[\u3400-\u9fff]")
TOUCHING = re.compile(r"[\u3400-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u3400-\u9fff]")


def draw(lang: Language, count: int, seed: int = 1, split="train", tatoeba=None):
    return list(itertools.islice(sentences(lang, seed, split, tatoeba), count))


def every_line(lang: Language) -> list[tuple[str, str]]:
    grammar = load_grammar(lang)
    return [line for group in (*grammar.patterns, *grammar.slots.values()) for line in group]


@pytest.fixture(scope="module")
def drawn():
    return {lang: draw(lang, 3000) for lang in LANGUAGES}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_seed_gives_the_same_sentences(lang, drawn):
    assert draw(lang, 300) == drawn[lang][:300]
    assert draw(lang, 300, seed=2) != drawn[lang][:300]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_comes_twice(lang, drawn):
    assert len({sentence.text for sentence in drawn[lang]}) == len(drawn[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_dev_shares_neither_sentences_nor_patterns_with_train(lang, drawn):
    dev = {sentence.text for sentence in draw(lang, 400, split="dev")}
    assert dev.isdisjoint(sentence.text for sentence in drawn[lang])
    patterns = [pattern for group in load_grammar(lang).patterns for pattern in group]
    held = [pattern for pattern in patterns if is_dev_pattern(pattern)]
    assert 0.03 < len(held) / len(patterns) < 0.15


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_samples_are_never_drawn(lang, drawn):
    assert SAMPLE_TEXTS.isdisjoint(sentence.text for sentence in drawn[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_slot_is_filled_and_every_sentence_fits(lang, drawn):
    for sentence in drawn[lang]:
        assert not set("{}\u200b") & set(sentence.text + sentence.written)
        assert "  " not in sentence.text
        assert len(sentence.text) <= MAX_SPOKEN[lang]


def test_one_space_stands_between_the_scripts(drawn):
    for sentence in drawn["mix"] + drawn["zh"]:
        assert not TOUCHING.search(sentence.text)
        assert not TOUCHING.search(sentence.written)
    assert space_scripts("把port改成8080再restart一下") == "把 port 改成 8080 再 restart 一下"
    assert space_scripts("涨了 35%的") == "涨了 35% 的"


def test_each_language_is_what_it_says(drawn):
    for sentence in drawn["mix"]:
        assert HAN.search(sentence.text) or re.search("[A-Za-z]", sentence.text)
    both = [s for s in drawn["mix"] if HAN.search(s.text) and re.search("[A-Za-z]", s.text)]
    assert len(both) > 0.97 * len(drawn["mix"])
    assert not any(HAN.search(sentence.text) for sentence in drawn["en"])
    for sentence in drawn["zh"]:
        assert (sentence.lang == "zh") == (re.search("[A-Za-z]", sentence.text) is None)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_are_words_when_spoken(lang, drawn):
    assert not any(re.search("[0-9%$]", sentence.text) for sentence in drawn[lang])
    assert sum(bool(re.search("[0-9]", s.written)) for s in drawn[lang]) > 300


@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_numbers_and_symbols_are_typed_differently(lang, drawn):
    for sentence in drawn[lang]:
        if not re.search("[0-9&+/]|Dr|Mr|Ms", sentence.written):
            assert sentence.written == sentence.text


@pytest.mark.parametrize(
    ("lang", "pattern", "digits"),
    [
        ("mix", r"response code 是([零一二三四五六七八九幺]+)", ZH_DIGITS),
        ("zh", r"(?:端口号|验证码|房间号是)([零一二三四五六七八九幺]+)", ZH_DIGITS),
    ],
)
def test_codes_are_read_digit_by_digit(lang, pattern, digits, drawn):
    found = 0
    for sentence in drawn[lang]:
        match = re.search(pattern, sentence.text)
        if match:
            typed = "".join(str(digits.index("一" if d == "幺" else d)) for d in match.group(1))
            assert typed in sentence.written
            found += 1
    assert found


def test_english_codes_are_read_digit_by_digit(drawn):
    spoken = {**{word: str(i) for i, word in enumerate(EN_DIGITS)}, "oh": "0"}
    ports = [s for s in drawn["en"] if s.text.startswith("My port is ")]
    assert ports
    for sentence in ports:
        said = sentence.text.split(". ")[0].removeprefix("My port is ").rstrip(".").split()
        assert "".join(spoken[word] for word in said) in sentence.written


def test_articles_agree_with_the_next_word(drawn):
    wrong = re.compile(r"\b(?:a (?:interview|order|hour|SQL|API)|an (?:user|URL|meeting))\b")
    assert not any(wrong.search(sentence.text) for sentence in drawn["en"])


def test_every_prefix_keeps_the_shares():
    shares: dict[Language, float] = {"mix": 0.45, "zh": 0.35, "en": 0.2}
    langs = [s.lang for s in itertools.islice(interleaved(shares, 1, "train"), 200)]
    for end in (20, 60, 100, 200):
        assert abs(langs[:end].count("en") / end - 0.2) <= 0.05


def test_the_mixed_part_is_rich():
    grammar = load_grammar("mix")
    lines = " ".join(re.sub(r"\{\w+\}", "", said) for said, _ in every_line("mix"))
    assert len({word.lower() for word in re.findall("[A-Za-z]+", lines)}) >= 600
    assert sum(len(group) for group in grammar.patterns) >= 150


@pytest.mark.parametrize("lang", LANGUAGES)
def test_patterns_name_slots_that_exist(lang):
    grammar = load_grammar(lang)
    for said, typed in every_line(lang):
        for form in (said, typed):
            for name in re.findall(r"\{(\w+)\}", form):
                assert name in grammar.slots or name in grammar.makers, (said, name)
        assert re.findall(r"\{(\w+)\}", said) == re.findall(r"\{(\w+)\}", typed)


@pytest.mark.parametrize("lang", ["zh", "mix"])
def test_the_chinese_is_simplified(lang):
    convert = pytest.importorskip("opencc").OpenCC("t2s").convert
    for said, typed in every_line(lang):
        assert convert(said) == said
        assert convert(typed) == typed


def test_tatoeba_is_simplified_and_split_by_pairs(tmp_path: Path, monkeypatch):
    pytest.importorskip("opencc")
    monkeypatch.setattr(texts, "TATOEBA_DEV_PAIRS", 2)
    rows = [
        ("I like learning English.", "我喜歡學習英語。"),
        ("I like learning English.", "我喜欢学英文。"),
        ("The weather is fine today.", "今天天氣很好！"),
        ("She bought 3 apples yesterday.", "她昨天買了3個蘋果。"),
        ("He was late for school again.", "他上學又遲到了?"),
    ]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join("\t".join((*row, "CC-BY")) for row in rows), encoding="utf-8")
    corpus = texts.load_tatoeba(path)
    everything = {*corpus.train["zh"], *corpus.dev["zh"]}
    assert "今天天气很好！" in everything
    assert "他上学又迟到了？" in everything
    assert not any("3" in text for text in everything)
    for lang in ("zh", "en"):
        assert set(corpus.train[lang]).isdisjoint(corpus.dev[lang])
    english_held = "I like learning English." in corpus.dev["en"]
    assert ("我喜欢学英文。" in corpus.dev["zh"]) == english_held


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "零"), (10, "十"), (18, "十八"), (20, "二十"), (105, "一百零五"), (110, "一百一十"),
     (222, "二百二十二"), (1010, "一千零一十"), (2000, "两千"), (12_000, "一万两千"),
     (20_005, "两万零五"), (350_000, "三十五万")],
)  # fmt: skip
def test_mandarin_numbers(number, said):
    assert zh_cardinal(number) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "zero"), (13, "thirteen"), (21, "twenty-one"), (100, "one hundred"),
     (350, "three hundred and fifty"), (1200, "one thousand two hundred"),
     (35_000, "thirty-five thousand")],
)  # fmt: skip
def test_english_numbers(number, said):
    assert en_cardinal(number) == said


def test_english_days_and_years():
    assert [en_ordinal(day) for day in (1, 12, 20, 21, 30)] == [
        "first", "twelfth", "twentieth", "twenty-first", "thirtieth",
    ]  # fmt: skip
    assert en_year(1998) == "nineteen ninety-eight"
    assert en_year(2008) == "two thousand eight"
    assert en_year(2024) == "twenty twenty-four"
    assert en_year(2000) == "two thousand"


@pytest.mark.parametrize("bad", [-1, 10**8])
def test_mandarin_numbers_have_bounds(bad):
    with pytest.raises(ValueError, match="number must be"):
        zh_cardinal(bad)


@pytest.mark.parametrize("makers", [MANDARIN, ENGLISH])
def test_a_spoken_number_has_no_digits(makers):
    import random

    for name, maker in makers.items():
        for seed in range(60):
            said, typed = maker(random.Random(seed))
            assert said, name
            assert typed, name
            assert not re.search("[0-9]", said), name


def test_texts_of_ones_own_are_told_apart_and_split(tmp_path):
    lines = [f"第{number}天的天气很好" for number in "一二三四五六七八九十百千万"]
    lines += ["打开 Chrome 的 settings 看看", "I would like some tea.", "有 404 的一行", "Ü"]
    own = tmp_path / "own.txt"
    own.write_text("\n".join(lines), encoding="utf-8")
    found = texts.load_texts((own,))
    for lang, wanted in {"zh": 13, "mix": 1, "en": 1}.items():
        assert len(found.train[lang]) + len(found.dev[lang]) == wanted
        assert set(found.train[lang]).isdisjoint(found.dev[lang])
    assert all(text.endswith("。") for text in found.train["zh"])


def test_texts_of_ones_own_are_among_the_sentences(tmp_path):
    own = tmp_path / "own.txt"
    own.write_text("\n".join(f"湖边有{c}只鸟。" for c in "一两三四五六七八九十"), encoding="utf-8")
    drawn = list(itertools.islice(sentences("zh", 1, "train", None, (own,)), 40))
    assert any("湖边有" in sentence.text for sentence in drawn)
    assert drawn == list(itertools.islice(sentences("zh", 1, "train", None, (own,)), 40))
    # All of them first, and once each; the patterns when they are spoken for.
    all_own = sentences("zh", 1, "train", None, (own,), texts_share=1.0)
    said = "".join(sentence.text for sentence in itertools.islice(all_own, 40))
    train = texts.load_texts((own,)).train["zh"]
    assert [said.count(text) for text in train] == [1] * len(train)
    assert said.rindex("湖边有") < len(said) / 2
