"""The user's list of words: names to be heard, and what is to be written for what was heard."""

import math
from dataclasses import dataclass
from pathlib import Path

from dictation.errors import DictationError

DEFAULT_BOOST = 3.0
_ARROW = "->"


class HotWordsError(DictationError):
    """A list of words that cannot be used; the message names file, line and what is right."""


@dataclass(frozen=True, slots=True)
class HotWord:
    """A phrase, and what each of its tokens adds to a hypothesis (natural logarithm)."""

    phrase: str
    boost: float = DEFAULT_BOOST


@dataclass(frozen=True, slots=True)
class Replacement:
    """What is heard, and what is to be written in its place."""

    heard: str
    written: str


@dataclass(frozen=True, slots=True)
class WordList:
    """A user's words; what a replacement writes is among `words`, too."""

    words: tuple[HotWord, ...] = ()
    replacements: tuple[Replacement, ...] = ()


def read_hot_words(path: Path) -> WordList:
    """Read a list of words, UTF-8; raises HotWordsError.

    One a line: `phrase`, `phrase<TAB>boost` or `heard -> written`; a line that starts with `#` is
    for people.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise HotWordsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise HotWordsError(f"{path}: is not UTF-8 text (byte {error.start})") from error
    return parse_hot_words(text, path)


def parse_hot_words(text: str, path: Path) -> WordList:
    """Understand the `text` of a list; `path` is for the messages of HotWordsError."""
    words: dict[str, HotWord] = {}
    replacements: dict[str, Replacement] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        where = f"{path}:{number}"
        if _ARROW in line:
            replacement = _replacement(line, where)
            replacements[replacement.heard] = replacement
            words.setdefault(replacement.written, HotWord(replacement.written))
        else:
            word = _hot_word(line, where)
            words[word.phrase] = word
    return WordList(tuple(words.values()), tuple(replacements.values()))


class WordFile:
    """A list of words on disk, read again when it has changed; a missing one is empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int, int] | None = (0, 0, 0)

    def changed(self) -> WordList | None:
        """Return the list if it is another than last time, else None.

        Raises HotWordsError, once for each state of the file.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        return WordList() if stamp is None else read_hot_words(self.path)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except (OSError, ValueError):  # the latter: a name with NUL in it
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _hot_word(line: str, where: str) -> HotWord:
    phrase, _, boost = (part.strip() for part in line.partition("\t"))
    if not phrase:
        raise HotWordsError(f"{where}: there is a boost but no phrase before it")
    if not boost:
        return HotWord(phrase)
    try:
        value = float(boost)
    except ValueError:
        value = math.nan
    if not 0.0 < value <= 20.0:
        raise HotWordsError(f"{where}: {boost!r} is no boost, which is a number up to 20")
    return HotWord(phrase, value)


def _replacement(line: str, where: str) -> Replacement:
    heard, _, written = (part.strip() for part in line.partition(_ARROW))
    if not heard or not written:
        raise HotWordsError(f"{where}: a replacement is written: heard -> written")
    return Replacement(heard, written)
