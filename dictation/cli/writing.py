"""`dictation format`: the text pipeline from standard input to standard output."""

import io
import sys
from pathlib import Path

from dictation.config import load_settings
from dictation.text.pipeline import Context, write
from dictation.writing import text_settings, user_words, writing_words


def write_lines(config: Path | None) -> None:
    """Write each line as dictation writes an utterance; a line that is a command does its part."""
    settings = load_settings(config)
    chosen = text_settings(settings)
    words = writing_words(settings, user_words(settings))
    lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
    try:
        for line in lines:
            out.write(write(line.rstrip("\r\n"), chosen, words, Context()).text + "\n")
            out.flush()
    finally:
        # The interpreter closes the streams; these wrappers must not do it first.
        lines.detach()
        out.detach()
