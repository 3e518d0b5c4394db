"""The one vocabulary of both languages: Chinese characters as they are, Latin words in pieces."""

import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import sentencepiece
import tokenizers

from dictation.errors import DictationError
from dictation.text.normalize import is_cjk, join_words, words_of

_BLANK, _UNKNOWN, _CLOSING = "<blank>", "<unk>", "<sos/eos>"
WORD_BEGIN = "\u2581"
"""Stands before a unit that begins a word in Latin letters."""
_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\u3400-\u4dbf\u4e00-\u9fff]+")


class TokenizerError(DictationError):
    """A vocabulary file is missing, damaged or does not fit its model."""


def piece_cutter(pieces: bytes) -> sentencepiece.SentencePieceProcessor:
    """Read a sentencepiece model; raises TokenizerError."""
    try:
        if not pieces:
            raise RuntimeError("it is empty")  # else it would be an error at the first text
        return sentencepiece.SentencePieceProcessor(model_proto=pieces)
    except RuntimeError as error:
        raise TokenizerError(f"damaged sentencepiece model ({error})") from error


class Tokenizer(Protocol):
    """Text to CTC token ids and back; id 0 is the blank. `units`: what each id stands for."""

    units: tuple[str, ...]

    def __len__(self) -> int: ...

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        ...

    def spell(self, text: str) -> list[int]:
        """Return the ids of `spoken_form` text, in the letter case that the units have."""
        ...

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token ids for people."""
        ...


class CtcTokenizer:
    """Text to CTC token ids and back; id 0 is the blank, id 1 stands for what has no token.

    Runs of Latin text are cut by a sentencepiece model, as in WeNet's mixed char and BPE units
    (wenet/text/char_tokenizer and bpe_tokenizer); ids come from the list of units alone.
    """

    def __init__(self, units: Sequence[str], pieces: bytes) -> None:
        if list(units[:2]) != [_BLANK, _UNKNOWN]:
            raise TokenizerError(f"the first units must be {_BLANK} and {_UNKNOWN}")
        self.units = tuple(units)
        self.pieces = pieces
        self._ids = {unit: index for index, unit in enumerate(units)}
        self._cutter = piece_cutter(pieces)

    def __len__(self) -> int:
        return len(self.units)

    @classmethod
    def load(cls, folder: Path) -> "CtcTokenizer":
        """Read `units.txt` and `pieces.model`; raises TokenizerError."""
        try:
            units = (folder / "units.txt").read_text(encoding="utf-8").split("\n")
            return cls(units[:-1], (folder / "pieces.model").read_bytes())
        except OSError as error:
            raise TokenizerError(f"{error.filename}: {error.strerror}") from error
        except (UnicodeDecodeError, TokenizerError) as error:
            raise TokenizerError(f"{folder}: damaged vocabulary ({error})") from error

    def save(self, folder: Path) -> None:
        """Write `units.txt` and `pieces.model`."""
        (folder / "units.txt").write_text("\n".join(self.units) + "\n", encoding="utf-8")
        (folder / "pieces.model").write_bytes(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `spoken_form` text."""
        ids: list[int] = []
        for run in _RUN.findall(text):
            if is_cjk(run[0]):
                ids.append(self._ids.get(run, 1))
            elif run.strip():
                ids += [self._ids.get(piece, 1) for piece in self._cutter.encode_as_pieces(run)]
        return ids

    def spell(self, text: str) -> list[int]:
        """Return the ids of `spoken_form` text, which is what the units were made of."""
        return self.encode(text)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token ids; blank, unknown and the end give nothing."""
        units = (self.units[index] for index in ids if index > 1)
        joined = "".join(unit for unit in units if unit != _CLOSING)
        return join_words(words_of(joined.replace(WORD_BEGIN, " ")))


def build_ctc_tokenizer(
    characters: Iterable[str], latin: Iterable[str], pieces: int, *, closing: bool = False
) -> CtcTokenizer:
    """Learn a vocabulary: every character given, and `pieces` pieces of the Latin texts given.

    `closing`: a last unit opens and closes the texts of a decoder that writes these units.
    """
    trained = _train_pieces(latin, pieces)
    cutter = sentencepiece.SentencePieceProcessor(model_proto=trained)
    latin_units = [cutter.id_to_piece(index) for index in range(1, cutter.get_piece_size())]
    last = [_CLOSING] if closing else []
    units = [_BLANK, _UNKNOWN, *sorted(set(characters)), *latin_units, *last]
    return CtcTokenizer(units, trained)


def _train_pieces(latin: Iterable[str], pieces: int) -> bytes:
    model = io.BytesIO()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(latin),
        model_writer=model,
        vocab_size=pieces,
        model_type="unigram",
        character_coverage=1.0,
        required_chars=letters + letters.lower() + "0123456789'@",
        normalization_rule_name="identity",
        bos_id=-1,
        eos_id=-1,
        unk_id=0,
        minloglevel=2,
    )
    return model.getvalue()


class DecoderTokenizer:
    """The attention decoder's own tokens: Whisper's byte-level BPE, cut down to two languages."""

    def __init__(self, definition: str) -> None:
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(definition)
        except Exception as error:
            raise TokenizerError(f"damaged decoder tokenizer ({error})") from error
        self.definition = definition
        self.end = self._special("<|endoftext|>")
        self._prompts = {
            language: tuple(
                self._special(name)
                for name in (
                    "<|startoftranscript|>",
                    f"<|{'en' if language == 'en' else 'zh'}|>",
                    "<|transcribe|>",
                    "<|notimestamps|>",
                )
            )
            for language in ("zh", "en", "mix")
        }

    def __len__(self) -> int:
        size: int = self._tokenizer.get_vocab_size()
        return size

    @property
    def ids(self) -> dict[str, int]:
        """All tokens, in their own spelling of bytes, with their ids, in the order of these."""
        found: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        return dict(sorted(found.items(), key=lambda each: each[1]))

    @classmethod
    def load(cls, path: Path) -> "DecoderTokenizer":
        """Read a tokenizers JSON file; raises TokenizerError."""
        try:
            return cls(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise TokenizerError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise TokenizerError(f"{path}: not UTF-8 ({error})") from error

    def prompt(self, language: str) -> tuple[int, ...]:
        """Return the tokens that open a transcript in a language (`mix` counts as Mandarin)."""
        return self._prompts[language]

    def encode(self, text: str) -> list[int]:
        """Return the ids of written text, without prompt and end."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids."""
        text: str = self._tokenizer.decode(list(ids))
        return text

    def _special(self, name: str) -> int:
        index = self._tokenizer.token_to_id(name)
        if index is None:
            raise TokenizerError(f"decoder tokenizer without {name}")
        return int(index)


_KEPT_SPECIAL = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|zh|>",
    "<|en|>",
    "<|transcribe|>",
    "<|notimestamps|>",
)


def shrink_whisper_tokenizer(
    definition: str, texts: Iterable[str], also: Iterable[str] = ()
) -> tuple[str, list[int]]:
    """Cut Whisper's tokenizer down to the tokens that `texts` use, those that are named by `also`,
    and those they are merged from.

    Every text stays encodable (all 256 bytes are kept), and a text whose tokens are all kept is
    encoded as before. Returns the new definition and, for each new id, the old one.
    """
    values = json.loads(definition)
    whole = tokenizers.Tokenizer.from_str(definition)
    vocabulary: dict[str, int] = values["model"]["vocab"]
    merges = [
        tuple(merge.split(" ") if isinstance(merge, str) else merge)
        for merge in values["model"]["merges"]
    ]
    used = {
        whole.id_to_token(index)
        for text in texts
        for index in whole.encode(text, add_special_tokens=False).ids
    }
    kept = {token for token in vocabulary if len(token) == 1} | used | set(also)
    for left, right in reversed(merges):
        if left + right in kept:
            kept |= {left, right}
    # Whisper's vocabulary has one of the special tokens among the others.
    kept -= set(_KEPT_SPECIAL)
    ordered = sorted((token for token in vocabulary if token in kept), key=vocabulary.__getitem__)
    special = [entry for entry in values["added_tokens"] if entry["content"] in _KEPT_SPECIAL]
    old = [vocabulary[token] for token in ordered] + [entry["id"] for entry in special]
    values["model"]["vocab"] = {token: index for index, token in enumerate(ordered)}
    values["model"]["merges"] = [
        list(merge) for merge in merges if "".join(merge) in kept and kept.issuperset(merge)
    ]
    values["added_tokens"] = [
        entry | {"id": len(ordered) + index} for index, entry in enumerate(special)
    ]
    values["post_processor"] = None
    return json.dumps(values, ensure_ascii=False), old
