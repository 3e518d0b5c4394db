"""The last touches to a text for the window it goes into."""

from dictation.desktop.applications import ApplicationRule
from dictation.desktop.output.base import OutputSettings
from dictation.desktop.output.chords import is_terminal


def worded(text: str, settings: OutputSettings, rule: ApplicationRule, name: str) -> str:
    """The text as a program of that window class or app id is to get it."""
    wanted = settings.trailing_space if rule.trailing_space is None else rule.trailing_space
    if settings.terminal_newlines == "space" and is_terminal(name):
        text = on_one_line(text)
    return spaced(text) if wanted else text


def spaced(text: str) -> str:
    """A text so that the next can follow: with a space where it ends in a Latin word or mark."""
    return text + " " if text and text[-1].isascii() and not text[-1].isspace() else text


def on_one_line(text: str) -> str:
    """A text whose line ends press no Enter: a space stands for each run of them."""
    return " ".join(line for line in text.splitlines() if line)
