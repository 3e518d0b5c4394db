"""`dictation words`: the user's own words, which are listened for and put right."""

import sys
from pathlib import Path

from dictation.cli.history import user_history
from dictation.config import hot_words_file, load_settings
from dictation.errors import DictationError
from dictation.learning import proposals
from dictation.text.hot_words import WordList, parse_hot_words, read_hot_words
from dictation.text.word_lines import save_list, with_line, without_phrase, word_line


def list_words(config: Path | None) -> None:
    """Print the words and replacements as the file has them."""
    words = _read(_file(config))
    written = {each.written for each in words.replacements}
    for word in words.words:
        if word.phrase not in written:
            print(word.phrase)
    for each in words.replacements:
        print(f"{each.heard} -> {each.written}")


def add_word(config: Path | None, phrase: str, heard: str | None, boost: float | None) -> None:
    """Add a phrase, or what is heard in its place."""
    file = _file(config)
    save_list(file, with_line(_text(file), word_line(phrase, heard=heard, boost=boost), file))


def remove_word(config: Path | None, phrase: str) -> None:
    """Remove a phrase and its replacements. Raises DictationError when it is not there."""
    file = _file(config)
    text = _text(file)
    rest = without_phrase(text, phrase, file)
    if len(rest.splitlines()) == len(text.splitlines()):
        raise DictationError(f"{phrase!r} is not among your words ({file})")
    save_list(file, rest)


def import_words(config: Path | None, source: Path) -> None:
    """Add the lines of another list."""
    if str(source) == "-":
        lines = sys.stdin.read()
        parse_hot_words(lines, Path("standard input"))
    else:
        read_hot_words(source)
        lines = source.read_text(encoding="utf-8-sig")
    file = _file(config)
    text = _text(file)
    added = 0
    for line in lines.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            text = with_line(text, line.strip(), file)
            added += 1
    save_list(file, text)
    print(f"{added} word{'' if added == 1 else 's'} imported into {file}")


def learn_words(config: Path | None, *, add: bool) -> None:
    """Print what corrections in the history propose; with `add` put it into the list, too."""
    history = user_history(config)
    file = _file(config)
    found = proposals(history.all(), _read(file))
    history.close()
    text = _text(file)
    for proposal in found:
        each = proposal.replacement
        print(f"{each.heard} -> {each.written}")
        text = with_line(text, word_line(each.written, heard=each.heard), file)
    if add and found:
        save_list(file, text)


def _file(config: Path | None) -> Path:
    return hot_words_file(load_settings(config).recognition)


def _read(file: Path) -> WordList:
    return read_hot_words(file) if file.exists() else WordList()


def _text(file: Path) -> str:
    if not file.exists():
        return ""
    read_hot_words(file)  # tells what is wrong with a file before anything is changed in it
    return file.read_text(encoding="utf-8-sig")
