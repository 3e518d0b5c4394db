"""The vocabularies of a new model, made from what it will be trained on."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dictation.text.normalize import is_cjk, spoken_form, words_of
from dictation.text.tokenizer import (
    CtcTokenizer,
    DecoderTokenizer,
    build_ctc_tokenizer,
    shrink_whisper_tokenizer,
)
from dictation.training.config import TrainingConfigError
from dictation.training.data import written_target
from dictation.training.manifest import Utterance

_BEYOND_THE_FIRST_LEVEL = (
    "丐偎凫匕匾卦叨叽吆咧咪唠唧啰嗤嗦嘀嘁嘹噩夭奕姊嬉岖幔庵徙悴愕憔拗捺掰昙昵朦杈桦楣榄榕"
    "榛橄橘檐檩沐涮漩炫牍猬玷璧瘾癞盹瞭祠禀秕秫笙笤筝箫簸缤缭缰翎翩肴胧腌臊芙茉茴荞荠荸莺"
    "蒿薇蚓蚣蚪蚯蛉蜈蜓蜻蝌蝙蝠螃蟀蟆蟋蟥衩裆谒跛跷踱蹂躏铐铛锉阱雳霎飒馍鬓鲫鳄鳍鸠鹉鹦麸"
)
"""What 现代汉语常用字表 (1988) has beyond the first level of GB/T 2312: 126 of its 3,500."""


def common_characters() -> list[str]:
    """Return the 3,881 characters of GB/T 2312-1980's first level and of 现代汉语常用字表."""
    rows = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    decoded = (pair.decode("gb2312", errors="ignore") for pair in rows)
    return [*(character for character in decoded if character), *_BEYOND_THE_FIRST_LEVEL]


@dataclass(frozen=True)
class _Texts:
    """Texts to learn from: as they are said, and as they are written."""

    spoken: tuple[str, ...]
    written: tuple[str, ...]

    @classmethod
    def of(cls, utterances: Iterable[Utterance], texts: Iterable[Path]) -> "_Texts":
        spoken: list[str] = []
        written: list[str] = []
        for utterance in utterances:
            spoken.append(spoken_form(utterance.text))
            written.append(written_target(utterance))
        for path in texts:
            for line in _lines(path):
                written += [line, " " + line]
                if not any(map(str.isdigit, line)):  # a written number is not what is said
                    spoken.append(spoken_form(line))
        return cls(tuple(spoken), tuple(written))

    @property
    def characters(self) -> set[str]:
        return {c for text in self.spoken for c in text if is_cjk(c)} | set(common_characters())

    def units(self, latin_pieces: int, *, closing: bool) -> CtcTokenizer:
        words = ([word for word in words_of(text) if word.isascii()] for text in self.spoken)
        latin = [" ".join(each) for each in words if each]
        try:
            return build_ctc_tokenizer(self.characters, latin, latin_pieces, closing=closing)
        except RuntimeError as error:  # sentencepiece: more pieces than the texts have
            reason = str(error).rpartition("] ")[2]
            raise TrainingConfigError(f"vocabulary.latin_pieces: {reason}") from error


def make_ctc_vocabulary(
    utterances: Iterable[Utterance], texts: Iterable[Path], latin_pieces: int, *, closing: bool
) -> CtcTokenizer:
    """Return the CTC vocabulary; `closing`: with the unit a decoder of these units needs."""
    return _Texts.of(utterances, texts).units(latin_pieces, closing=closing)


def make_vocabularies(
    utterances: Iterable[Utterance], texts: Iterable[Path], latin_pieces: int, whisper: Path
) -> tuple[CtcTokenizer, DecoderTokenizer, list[int]]:
    """Return the CTC vocabulary, the decoder's, and Whisper's own id for each of the latter.

    Raises TokenizerError for a folder without Whisper's tokenizer, and TrainingConfigError.
    """
    learned = _Texts.of(utterances, texts)
    definition = DecoderTokenizer.load(whisper / "tokenizer.json").definition
    written = (*learned.written, *sorted(learned.characters))
    smaller, old = shrink_whisper_tokenizer(definition, written)
    return learned.units(latin_pieces, closing=False), DecoderTokenizer(smaller), old


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingConfigError(f"{path}: {error}") from error
