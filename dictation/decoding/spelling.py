"""The tokens a decoder writes with, whichever they are: CTC's own units or a vocabulary apart."""

from collections.abc import Sequence
from typing import Protocol

from dictation.decoding.questions import EndMark
from dictation.events import Language
from dictation.text.format import format_words
from dictation.text.normalize import is_cjk, spoken_form
from dictation.text.tokenizer import Tokenizer
from dictation.text.writing.spacing import fit_marks, space_scripts


class Spelling(Protocol):
    """How a decoder's text becomes tokens, and its tokens text."""

    end: int
    end_marks: tuple[EndMark, ...]

    def prompt(self, language: Language) -> tuple[int, ...]:
        """Return the tokens that open a text."""
        ...

    def spell(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Return the decoder's tokens of what CTC heard, written as the decoder would write it."""
        ...

    def spelled(self, text: str) -> tuple[int, ...]:
        """Return the decoder's tokens of a finished text."""
        ...

    def raw(self, tokens: Sequence[int]) -> str:
        """Return the text of the decoder's tokens as they are."""
        ...

    def finished(self, raw: str) -> str:
        """Return a raw text as it is delivered."""
        ...


class WrittenTokens(Protocol):
    """A decoder's vocabulary of written text."""

    end: int

    def prompt(self, language: str, /) -> tuple[int, ...]: ...  # noqa: D102
    def encode(self, text: str, /) -> list[int]: ...  # noqa: D102
    def decode(self, ids: Sequence[int], /) -> str: ...  # noqa: D102


class UnitSpelling:
    """A decoder that writes CTC's units (WeNet)."""

    end_marks: tuple[EndMark, ...] = ()

    def __init__(self, tokenizer: Tokenizer, start: int, end: int) -> None:
        self._tokenizer = tokenizer
        self._start = start
        self.end = end

    def prompt(self, language: Language) -> tuple[int, ...]:
        """Return the one token that opens every text."""
        return (self._start,)

    def spell(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Return the units as they are."""
        return tuple(tokens)

    def spelled(self, text: str) -> tuple[int, ...]:
        """Return the units of a text's words."""
        return tuple(self._tokenizer.spell(spoken_form(text)))

    def raw(self, tokens: Sequence[int]) -> str:
        """Return the words of units."""
        return self._tokenizer.decode(tokens)

    def finished(self, raw: str) -> str:
        """Return words written out."""
        return space_scripts(format_words(raw))


class WrittenSpelling:
    """A decoder with tokens of its own, which writes capitals, marks and digits (Whisper)."""

    def __init__(self, tokenizer: Tokenizer, written: WrittenTokens) -> None:
        self._tokenizer = tokenizer
        self._written = written
        self.end = written.end
        self.end_marks = tuple(
            EndMark(tuple(written.encode(stop)), tuple(written.encode(question)))
            for stop, question in ("。？", ".?")
        )

    def prompt(self, language: Language) -> tuple[int, ...]:
        """Return the tokens that open a text in a language."""
        return self._written.prompt(language)

    def spell(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Return the words of CTC's units, written out, in the decoder's tokens."""
        return self.spelled(format_words(self._tokenizer.decode(tokens)))

    def spelled(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text; as Whisper writes it, with a space before Latin."""
        lead = " " if text and not is_cjk(text[0]) else ""
        return tuple(self._written.encode(lead + text)) if text else ()

    def raw(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens."""
        return self._written.decode(tokens)

    def finished(self, raw: str) -> str:
        """Return a written text with the marks and spaces of its languages."""
        return space_scripts(fit_marks(" ".join(raw.split())))
