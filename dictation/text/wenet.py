"""Tokens of published WeNet models: characters, or characters and sentencepiece pieces."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sentencepiece

from dictation.text.tokenizer import WORD_BEGIN, TokenizerError, piece_cutter

_UNKNOWN = "<unk>"
_CHINESE = re.compile("([\u4e00-\u9fff])")
# What a recipe lists as "non-linguistic": tags of noises and the like.
_TAG = re.compile(r"(\[[^\[\]]+\]|<[^<>]+>|{[^{}]+})")
_SPACE_BESIDE_CHINESE = re.compile("(?<=[\u4e00-\u9fff]) | (?=[\u4e00-\u9fff])")
_SPECIAL = re.compile(r"<.*>")
PIECES = "pieces.model"
_DIGITS = 9


@dataclass(frozen=True)
class WenetOptions:
    """How a text is cut: `split_with_space` at spaces in place of characters (char only); `tags`
    are whole tokens, and where there are any, text becomes upper-case."""

    split_with_space: bool = False
    tags: tuple[str, ...] = ()


class WenetTokenizer:
    """Text to CTC token ids and back as WeNet's `char` and `bpe` tokenizers do it.

    With `pieces` (a sentencepiece model) text becomes upper-case, every Chinese character is a
    token and the rest is cut into pieces; without, every character is a token.
    """

    def __init__(
        self, units: Sequence[str], pieces: bytes | None, options: WenetOptions | None = None
    ) -> None:
        self.units = tuple(units)
        self.pieces = pieces
        self.options = options or WenetOptions()
        self._ids = {unit: index for index, unit in enumerate(units)}
        self._unknown = self._ids.get(_UNKNOWN, 1)
        if self._unknown >= len(self.units):
            raise TokenizerError(f"the vocabulary has no {_UNKNOWN}, only {len(units)} units")
        letters = "".join(unit for unit in units if not _SPECIAL.fullmatch(unit))
        self._capitals_only = not re.search("[a-z]", letters)
        self._cutter: sentencepiece.SentencePieceProcessor | None = None
        if pieces is not None:
            self._cutter = piece_cutter(pieces)

    def __len__(self) -> int:
        return len(self.units)

    @classmethod
    def load(cls, folder: Path, options: WenetOptions, *, pieces: bool) -> "WenetTokenizer":
        """Read what `save` wrote, with `pieces` or without; raises TokenizerError."""
        units = read_units(folder / "units.txt")
        try:
            return cls(units, (folder / PIECES).read_bytes() if pieces else None, options)
        except OSError as error:
            raise TokenizerError(f"{error.filename}: {error.strerror}") from error
        except TokenizerError as error:
            raise TokenizerError(f"{folder}: {error}") from error

    def save(self, folder: Path) -> None:
        """Write `units.txt`, in WeNet's form, and `pieces.model`."""
        lines = [f"{unit} {index}\n" for index, unit in enumerate(self.units)]
        (folder / "units.txt").write_text("".join(lines), encoding="utf-8")
        if self.pieces is not None:
            (folder / PIECES).write_bytes(self.pieces)

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text, those that are no unit included."""
        text = text.strip()
        parts = [text]
        if self.options.tags:
            parts = [part for part in _TAG.split(text.upper()) if part.strip()]
        tokens: list[str] = []
        for part in parts:
            if part in self.options.tags:
                tokens.append(part)
            elif self._cutter is not None:
                tokens += self._cut(part, self._cutter)
            else:
                characters = part.split(" ") if self.options.split_with_space else part
                tokens += [WORD_BEGIN if token == " " else token for token in characters]
        return tokens

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return [self._ids.get(token, self._unknown) for token in self.tokens(text)]

    def spell(self, text: str) -> list[int]:
        """Return the ids of `spoken_form` text, in the letter case that the units have.

        WeNet's models of characters learned from Latin letters in capitals and right beside Chinese
        ones, and WeNet leaves it to its users to write so.
        """
        if self._cutter is None and not self.options.split_with_space:
            text = _SPACE_BESIDE_CHINESE.sub("", text)
        return [self._closest(token) for token in self.tokens(text)]

    def transcript(self, ids: Iterable[int]) -> str:
        """Return the text of token ids as WeNet prints it, `<unk>` and all."""
        joined = "".join(self.units[index] for index in ids)
        return joined if self._cutter is None else joined.replace(WORD_BEGIN, " ").strip()

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of token ids for people: special tokens give nothing, and where the
        units know capitals only, the text is in small letters."""
        shown = [unit for unit in (self.units[i] for i in ids) if not _SPECIAL.fullmatch(unit)]
        text = "".join(shown).replace(WORD_BEGIN, " ").strip()
        return text.lower() if self._capitals_only else text

    def _closest(self, token: str) -> int:
        cases = (token, token.upper(), token.lower())
        return next((self._ids[each] for each in cases if each in self._ids), self._unknown)

    @staticmethod
    def _cut(text: str, cutter: sentencepiece.SentencePieceProcessor) -> list[str]:
        tokens: list[str] = []
        for part in _CHINESE.split(text.upper()):
            if _CHINESE.fullmatch(part):
                tokens.append(part)
            elif part.strip():
                tokens += cutter.encode_as_pieces(part)
        return tokens


def read_units(path: Path) -> list[str]:
    """Read lines of `token id`, ids from 0 without a gap in any order; raises TokenizerError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TokenizerError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TokenizerError(f"{path}: not UTF-8 ({error})") from error
    units: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2 or not fields[1].isdecimal() or len(fields[1]) > _DIGITS:
            raise TokenizerError(f"{path}, line {number}: expected a token and its id")
        units[int(fields[1])] = fields[0]
    if sorted(units) != list(range(len(units))):
        raise TokenizerError(f"{path}: the ids do not count from 0 without a gap")
    return [units[index] for index in range(len(units))]
