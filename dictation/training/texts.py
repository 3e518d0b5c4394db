"""Sentences people dictate, spoken and written forms side by side, for synthetic speech.

The sentence patterns and their fillers live in ``sentences/{zh,en,mix}.txt`` and are the project's
own; Tatoeba pairs can be read beside them from a file the user brings.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from dictation.training.spoken_numbers import ENGLISH, MANDARIN, Maker, Spoken

Language = Literal["zh", "en", "mix"]
Split = Literal["train", "dev"]

LANGUAGES: tuple[Language, ...] = ("zh", "en", "mix")
TATOEBA_DEV_PAIRS = 400
"""English sentences of Tatoeba kept for the dev split, with every translation of theirs."""

MAX_SPOKEN = {"zh": 52, "en": 130, "mix": 60}
"""Longest text in characters, about 12 s of speech."""

_DEV_PATTERN_SHARE = 12  # one pattern in twelve is for the dev split only
_DEV_LINE_SHARE = 40  # and one line in forty of the user's own texts
_TEXTS_SHARE = {"zh": 0.5, "en": 0.4, "mix": 0.35}
_TATOEBA_SHARE = {"zh": 0.45, "en": 0.4, "mix": 0.0}
_PAIR_SHARE = 0.14
_ARROW = " => "
_SLOT = re.compile(r"\{(\w+)\}")
_HAN = "\u3400-\u9fff"
_SEAM = "\u200b"  # where a filler meets its sentence, until the spaces are set
_SEAMED = re.compile(rf"(?<=[A-Za-z0-9]){_SEAM}+(?=[A-Za-z0-9])")
_SPACING = (
    re.compile(rf"(?<=[{_HAN}])(?=[A-Za-z0-9$@#])"),
    re.compile(rf"(?<=[A-Za-z0-9%+#])(?=[{_HAN}])"),
)
_ARTICLE = re.compile(r"\b([Aa]) (?=([A-Za-z][\w'-]*))")
_LETTER_VOWELS = "AEFHILMNORSX"
_YOU_SOUND = ("us", "uni", "use", "one", "eu", "ubi")
_FORBIDDEN = re.compile(r"[^\sA-Za-z\u3400-\u9fff，。？！：；、,.?!:;'’\"“”@&-]")

SAMPLE_TEXTS = frozenset(
    {
        "下周二上午我们先去湖边散步，中午再找一家小饭馆吃面。",
        "Please move tomorrow's planning meeting to half past nine and let the whole team know.",
        "这个 API 的 response code 是四零四，你帮我 check 一下 server 的 log。",
    }
)
"""The sentences of the samples that ship: never part of a corpus."""


@dataclass(frozen=True)
class Sentence:
    """One utterance: what is said, how a careful typist writes it, and in which language."""

    text: str
    written: str
    lang: Language


@dataclass(frozen=True)
class Grammar:
    """Sentence patterns of one language with their fillers."""

    lang: Language
    slots: dict[str, tuple[Spoken, ...]]
    patterns: tuple[tuple[Spoken, ...], ...]
    weights: tuple[float, ...]
    makers: dict[str, Maker] = field(repr=False)


@cache
def load_grammar(lang: Language) -> Grammar:
    """Read the patterns and fillers of one language from the package's data."""
    source = files("dictation.training").joinpath("sentences", f"{lang}.txt")
    slots: dict[str, list[Spoken]] = {}
    groups: list[list[Spoken]] = []
    weights: list[float] = []
    current: list[Spoken] = []
    for line in source.read_text(encoding="utf-8").splitlines():
        line = line.strip("\n")
        if line.startswith("@slot "):
            current = slots.setdefault(line.removeprefix("@slot ").strip(), [])
        elif line.startswith("@sentences "):
            weights.append(float(line.removeprefix("@sentences ")))
            current = []
            groups.append(current)
        elif line.strip() and not line.startswith("#"):
            said, arrow, typed = line.partition(_ARROW)
            current.append((said, typed if arrow else said))
    return Grammar(
        lang=lang,
        slots={name: tuple(dict.fromkeys(fillers)) for name, fillers in slots.items()},
        patterns=tuple(tuple(dict.fromkeys(group)) for group in groups),
        weights=tuple(weights),
        makers=ENGLISH if lang == "en" else MANDARIN,
    )


def stable_hash(text: str) -> int:
    """Map a text to a 64-bit number that is the same on every machine and in every run."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def is_dev_pattern(pattern: Spoken) -> bool:
    """Tell whether a sentence pattern is kept for the dev split."""
    return stable_hash(pattern[0]) % _DEV_PATTERN_SHARE == 0


def space_scripts(text: str) -> str:
    """Put one space between Chinese characters and Latin letters or digits, and tidy the rest."""
    text = _SEAMED.sub(" ", text).replace(_SEAM, "")
    for boundary in _SPACING:
        text = boundary.sub(" ", text)
    text = re.sub(r"\s+", " ", text)
    return re.sub(r"\s*([，。？！：；、])\s*", r"\1", text).strip()


def _fill(grammar: Grammar, pattern: Spoken, rng: random.Random) -> Spoken:
    """Fill every slot of a pattern; the n-th use of a slot is the same in both forms."""
    used: set[str] = set()

    def draw(name: str) -> Spoken:
        maker = grammar.makers.get(name)
        if maker is not None:
            return maker(rng)
        fillers = grammar.slots[name]
        for _ in range(8):
            choice = rng.choice(fillers)
            if choice[0] not in used:
                break
        used.add(choice[0])
        return _fill(grammar, choice, rng) if "{" in choice[0] else choice

    said, typed = pattern
    values = [draw(name) for name in _SLOT.findall(said)]
    spoken_values, written_values = iter(values), iter(values)
    return (
        _SLOT.sub(lambda _: _SEAM + next(spoken_values)[0] + _SEAM, said),
        _SLOT.sub(lambda _: _SEAM + next(written_values)[1] + _SEAM, typed),
    )


def _polish_english(text: str) -> str:
    def article(match: re.Match[str]) -> str:
        word = match.group(2)
        letters = word.isupper() and len(word) > 1
        vowel = word[0] in _LETTER_VOWELS if letters else word[0].lower() in "aeiou"
        if vowel and not letters and word.lower().startswith(_YOU_SOUND):
            vowel = False
        return f"{match.group(1)}n " if vowel else match.group(0)

    text = _ARTICLE.sub(article, text.replace(_SEAM, ""))
    return re.sub(r"(^|[.?!] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)


def from_pattern(grammar: Grammar, rng: random.Random, split: Split) -> Sentence:
    """Draw one sentence of a grammar; dev and train never share a pattern."""
    while True:
        group = rng.choices(grammar.patterns, grammar.weights)[0]
        pattern = rng.choice(group)
        if is_dev_pattern(pattern) == (split == "dev"):
            break
    said, typed = _fill(grammar, pattern, rng)
    if grammar.lang == "en":
        return Sentence(_polish_english(said), _polish_english(typed), "en")
    said, typed = space_scripts(said), space_scripts(typed)
    mixed = re.search(r"[A-Za-z]", said) and re.search(rf"[{_HAN}]", said)
    lang: Language = "mix" if mixed else ("zh" if grammar.lang == "zh" else "mix")
    return Sentence(said, typed, lang)


@dataclass(frozen=True)
class Lines:
    """Sentences that others wrote, cleaned and split, by language."""

    train: dict[Language, tuple[str, ...]]
    dev: dict[Language, tuple[str, ...]]


@lru_cache(maxsize=2)
def load_tatoeba(path: Path) -> Lines:
    """Read a tab-separated file of English and Chinese sentences.

    Sentences with digits or unusual symbols are left out (their spoken form is not known), the
    Chinese is simplified through OpenCC, and the pairs whose English has the smallest hashes are
    the dev split. Raises ModuleNotFoundError when opencc-python-reimplemented is not installed.
    """
    from opencc import OpenCC

    simplify = OpenCC("t2s").convert
    pairs: list[tuple[str, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        columns = line.split("\t")
        if len(columns) >= 2:
            pairs.append((columns[0].strip(), simplify(columns[1].strip())))
    ranked = sorted({english for english, _ in pairs}, key=stable_hash)
    held = set(ranked[:TATOEBA_DEV_PAIRS])
    held |= {chinese for english, chinese in pairs if english in held}
    chosen: dict[Split, dict[Language, dict[str, None]]] = {
        "train": {"en": {}, "zh": {}},
        "dev": {"en": {}, "zh": {}},
    }
    for english, chinese in pairs:
        split: Split = "dev" if english in held or chinese in held else "train"
        if _clean_english(english):
            chosen[split]["en"][english] = None
        if _clean_chinese(chinese):
            chosen[split]["zh"][_full_width(chinese)] = None
    return Lines(
        train={lang: tuple(texts) for lang, texts in chosen["train"].items()},
        dev={
            lang: tuple(t for t in texts if t not in chosen["train"][lang])
            for lang, texts in chosen["dev"].items()
        },
    )


@lru_cache(maxsize=2)
def load_texts(paths: tuple[Path, ...]) -> Lines:
    """Read files with a sentence a line, each of Mandarin (simplified), English or both; what has
    digits or unusual symbols is left out, and one sentence in forty is of the dev split."""
    chosen: dict[Split, dict[Language, dict[str, None]]] = {
        split: {lang: {} for lang in LANGUAGES} for split in ("train", "dev")
    }
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            text, split = line.strip(), _split_of(line.strip())
            if _clean_english(text):
                chosen[split]["en"][text] = None
            elif _clean_chinese(text):
                chosen[split]["zh"][_full_width(text)] = None
            elif _clean_mixed(text):
                chosen[split]["mix"][space_scripts(_full_width(text))] = None
    return Lines(
        train={lang: tuple(texts) for lang, texts in chosen["train"].items()},
        dev={lang: tuple(texts) for lang, texts in chosen["dev"].items()},
    )


def _split_of(text: str) -> Split:
    return "dev" if stable_hash(text) % _DEV_LINE_SHARE == 0 else "train"


def _clean_mixed(text: str) -> bool:
    return (
        6 <= len(text) <= MAX_SPOKEN["mix"]
        and re.search(r"[A-Za-z]{2}", text) is not None
        and len(re.findall(rf"[{_HAN}]", text)) >= 3
        and not re.search(rf"[^{_HAN}A-Za-z，。？！：；、,?!.' -]", text)
    )


def _clean_english(text: str) -> bool:
    return (
        10 <= len(text) <= MAX_SPOKEN["en"]
        and text.isascii()
        and _FORBIDDEN.search(text) is None
        and not re.search(r"[\"@&]|[A-Z]{2}|\b[A-Z]\.", text)
    )


def _clean_chinese(text: str) -> bool:
    return 4 <= len(text) <= MAX_SPOKEN["zh"] and not re.search(
        rf"[^{_HAN}，。？！；：、,?!.“”]", text
    )


def _full_width(text: str) -> str:
    text = text.translate(str.maketrans(",?!.", "，？！。"))
    return text if text[-1] in "。？！”" else f"{text}。"


def sentences(
    lang: Language,
    seed: int,
    split: Split,
    tatoeba: Path | None = None,
    texts: tuple[Path, ...] = (),
    texts_share: float | None = None,
) -> Iterator[Sentence]:
    """Yield distinct sentences of one language without end, the same ones for the same seed.

    About one in seven is two sentences in a row; each fits in about 12 s of speech. With files of
    the user's own texts, or of Tatoeba's pairs, a part of the sentences comes from them: of
    `texts` a share of `texts_share`, while there are any left.
    """
    rng = random.Random(f"{seed}/{split}/{lang}")
    grammar = load_grammar(lang)
    pools: list[tuple[float, list[str]]] = []
    if texts:
        share = _TEXTS_SHARE[lang] if texts_share is None else texts_share
        pools.append((share, _shuffled(load_texts(texts), lang, split, rng)))
    if tatoeba is not None and _TATOEBA_SHARE[lang]:
        pools.append((_TATOEBA_SHARE[lang], _shuffled(load_tatoeba(tatoeba), lang, split, rng)))
    seen = set(SAMPLE_TEXTS)

    def draw() -> Sentence:
        for share, pool in pools:
            if pool and rng.random() < share:
                text = pool.pop()
                return Sentence(text, text, lang)
        return from_pattern(grammar, rng, split)

    while True:
        sentence = draw()
        if rng.random() < _PAIR_SHARE:
            second = draw()
            sentence = sentence if second == sentence else _join(sentence, second)
        if sentence.text in seen or len(sentence.text) > MAX_SPOKEN[lang]:
            continue
        seen.add(sentence.text)
        yield sentence


def _shuffled(lines: Lines, lang: Language, split: Split, rng: random.Random) -> list[str]:
    pool = list((lines.train if split == "train" else lines.dev)[lang])
    rng.shuffle(pool)
    return pool


def _join(first: Sentence, second: Sentence) -> Sentence:
    """Put two sentences in one utterance; its language is mixed as soon as one of them is."""
    gap = " " if first.lang == "en" or first.text[-1] in ".?!" else ""
    lang: Language = first.lang if first.lang == second.lang else "mix"
    return Sentence(
        f"{first.text}{gap}{second.text}", f"{first.written}{gap}{second.written}", lang
    )


def interleaved(
    shares: dict[Language, float],
    seed: int,
    split: Split,
    tatoeba: Path | None = None,
    texts: tuple[Path, ...] = (),
    texts_share: float | None = None,
) -> Iterator[Sentence]:
    """Yield sentences of several languages so that every prefix keeps the given shares."""
    sources = {
        lang: sentences(lang, seed, split, tatoeba, texts, texts_share)
        for lang in shares
        if shares[lang] > 0
    }
    total = sum(shares[lang] for lang in sources)
    given = dict.fromkeys(sources, 0)
    for turn in range(1, 1 << 62):
        lang = max(sources, key=lambda name: turn * shares[name] / total - given[name])
        given[lang] += 1
        yield next(sources[lang])
