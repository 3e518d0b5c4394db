"""Changes a list of words as its owner would with an editor: line by line, comments left alone."""

import os
import tempfile
from pathlib import Path

from dictation.text.hot_words import HotWordsError, parse_hot_words


def word_line(phrase: str, *, heard: str | None = None, boost: float | None = None) -> str:
    """The line of a list for a phrase, or for what is heard in its place."""
    if heard is not None:
        return f"{heard.strip()} -> {phrase.strip()}"
    return phrase.strip() if boost is None else f"{phrase.strip()}\t{boost:g}"


def with_line(text: str, line: str, path: Path) -> str:
    """A list with one line more; it takes the place of one about the same phrase.

    Raises HotWordsError, with `path` in its message, for a line that is none of a list.
    """
    subject = _subject(line, path)
    if subject is None:
        raise HotWordsError(f"{line!r} is no word and no replacement")
    kept = [each for each in text.splitlines() if _subject(each, path) != subject]
    return "\n".join([*kept, line]) + "\n"


def without_phrase(text: str, phrase: str, path: Path) -> str:
    """A list without the lines that are about a phrase: itself, heard, or written."""
    kept = [line for line in text.splitlines() if phrase not in _names(line, path)]
    return "".join(f"{line}\n" for line in kept)


def save_list(path: Path, text: str) -> None:
    """Write a list, whole or not at all; the folder is made. Raises HotWordsError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HotWordsError(f"{path}: cannot be written: {error.strerror}") from error


def _subject(line: str, path: Path) -> str | None:
    """What a line is about: its phrase, or what is heard; None of a comment."""
    found = parse_hot_words(line, path)
    if found.replacements:
        return found.replacements[0].heard
    return found.words[0].phrase if found.words else None


def _names(line: str, path: Path) -> set[str]:
    found = parse_hot_words(line, path)
    return {word.phrase for word in found.words} | {each.heard for each in found.replacements}
