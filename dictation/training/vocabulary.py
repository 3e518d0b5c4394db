"""The vocabularies of a new model, made from what it will be trained on."""

from collections.abc import Iterable
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


def make_vocabularies(
    utterances: Iterable[Utterance], texts: Iterable[Path], latin_pieces: int, whisper: Path
) -> tuple[CtcTokenizer, DecoderTokenizer, list[int]]:
    """Return the CTC vocabulary, the decoder's, and Whisper's own id for each of the latter."""
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
    characters = {c for text in spoken for c in text if is_cjk(c)} | set(common_characters())
    written += sorted(characters)
    latin = [" ".join(word for word in words_of(text) if word.isascii()) for text in spoken]
    ctc = build_ctc_tokenizer(characters, [text for text in latin if text], latin_pieces)
    definition = (whisper / "tokenizer.json").read_text(encoding="utf-8")
    smaller, old = shrink_whisper_tokenizer(definition, written)
    return ctc, DecoderTokenizer(smaller), old


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingConfigError(f"{path}: {error}") from error
