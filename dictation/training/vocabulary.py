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


def common_characters() -> list[str]:
    """Return the 3,755 characters of GB/T 2312-1980's first level, the common ones."""
    rows = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    decoded = (pair.decode("gb2312", errors="ignore") for pair in rows)
    return [character for character in decoded if character]


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
    """Return the CTC vocabulary, the decoder's, and Whisper's own id for each of the latter."""
    learned = _Texts.of(utterances, texts)
    definition = (whisper / "tokenizer.json").read_text(encoding="utf-8")
    written = (*learned.written, *sorted(learned.characters))
    smaller, old = shrink_whisper_tokenizer(definition, written)
    return learned.units(latin_pieces, closing=False), DecoderTokenizer(smaller), old


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingConfigError(f"{path}: {error}") from error
