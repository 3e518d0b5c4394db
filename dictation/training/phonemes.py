"""Phonemes of Mandarin, English and mixed text in the alphabet Kokoro speaks.

Mandarin goes through jieba and pypinyin into misaki's notation, English through hibari's
pronouncer; a mixed sentence is both, joined in one line so that one voice reads it in one breath.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files

from dictation.training.voices import require

_SEGMENT = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")
_LETTERS = {
    "A": "ˈA",
    "B": "bˈi",
    "C": "sˈi",
    "D": "dˈi",
    "E": "ˈi",
    "F": "ˈɛf",
    "G": "ʤˈi",
    "H": "ˈAʧ",
    "I": "ˈI",
    "J": "ʤˈA",
    "K": "kˈA",
    "L": "ˈɛl",
    "M": "ˈɛm",
    "N": "ˈɛn",
    "O": "ˈO",
    "P": "pˈi",
    "Q": "kjˈu",
    "R": "ˈɑɹ",
    "S": "ˈɛs",
    "T": "tˈi",
    "U": "jˈu",
    "V": "vˈi",
    "W": "dˈʌbəljˌu",
    "X": "ˈɛks",
    "Y": "wˈI",
    "Z": "zˈi",
}
_SINGLE = {
    "得": "de5",
    "地": "de5",
    "着": "zhe5",
    "了": "le5",
    "还": "hai2",
    "都": "dou1",
    "教": "jiao1",
}
_PUNCTUATION = str.maketrans("，。？！：；、“”‘’", ",.?!:;,\"\"''")
_NOT_SOUNDS = re.compile(r"[\s,.?!:;\"“”()—…ˈˌː→↗↘↓ʰʲ]")


def load_pronunciations() -> dict[str, str]:
    """Read the words with a pronunciation of their own from the package's data."""
    source = files("dictation.training").joinpath("sentences", "pronunciations.txt")
    entries: dict[str, str] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        word, equals, said = line.partition(" = ")
        if equals and not line.startswith("#"):
            entries[word] = said
    return entries


def sound_count(phonemes: str) -> int:
    """Count the sounds of a phoneme string, without tones, stress, punctuation and spaces."""
    return len(_NOT_SOUNDS.sub("", phonemes))


class Phonemizer:
    """Turn text into Kokoro's phonemes; SynthesisUnavailableError without the extra."""

    def __init__(self) -> None:
        jieba = require("jieba")
        pypinyin = require("pypinyin")
        jieba.setLogLevel(60)
        self._cut: Callable[[str], list[str]] = jieba.lcut
        self._english: Callable[[str], str] = require("hibari.g2p").G2P()
        self._syllable: Callable[[str], str] = require("misaki.zh").ZHG2P.py2ipa
        self._pinyin: Callable[..., list[str]] = pypinyin.lazy_pinyin
        self._style: object = pypinyin.Style.TONE3
        self._own = load_pronunciations()

    def __call__(self, text: str) -> str:
        """Give the phonemes of one utterance, ready for the model's vocabulary."""
        mixed = _HAN.search(text) is not None
        parts: list[str] = []
        for segment in _SEGMENT.findall(text):
            if _HAN.match(segment):
                parts.append(" ".join(self._mandarin(word) for word in self._cut(segment)))
            else:
                segment = segment.translate(_PUNCTUATION)
                parts.append(self._latin(segment, careful=mixed))
        joined = re.sub(r"\s+", " ", " ".join(parts))
        return re.sub(r"\s+([,.!?;:])", r"\1", joined).strip()

    def _mandarin(self, word: str) -> str:
        if word in _SINGLE:
            syllables = [_SINGLE[word]]
        else:
            syllables = self._pinyin(
                word, style=self._style, neutral_tone_with_five=True, tone_sandhi=True
            )
            if "得" in word[1:-1] and len(word) == len(syllables):
                syllables[word.index("得", 1)] = "de5"
            if word[-1] == "只" and word[0] in "一两二三四五六七八九十几":
                syllables[-1] = "zhi1"
        # misaki marks a syllabic m or n with a combining bridge the vocabulary does not know
        return "".join(self._syllable(s) for s in syllables).replace("\u032f", "")

    def _latin(self, text: str, careful: bool) -> str:
        """Pronounce Latin text; ``careful`` keeps t and schwa plain, as in a Mandarin sentence."""
        text = _WORD.sub(lambda match: self._respell(match.group()), text)
        if not re.search(r"[A-Za-z]", text):
            return text
        phonemes = self._english(text)
        return phonemes.replace("T", "t").replace("ᵊ", "ə") if careful else phonemes

    def _respell(self, word: str) -> str:
        said = self._own.get(word)
        if said is None:
            if not (len(word) > 1 and word.isupper()):
                return word
            said = " ".join(word)
        if said.startswith("/"):
            return f"[{word}]({said})"
        return " ".join(
            f"[{part}](/{_LETTERS[part]}/)" if part in _LETTERS else part for part in said.split()
        )
