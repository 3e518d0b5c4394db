"""Markdown as the README has it."""

import re
import textwrap
from collections.abc import Iterable, Sequence

from dictation.bench.record import ErrorRate

_UNIT = re.compile(r"(?<=\d) (?=(?:%|ms|s|MB|GB)(?!\w))")
"""The space between a number and its unit, at which no line ends."""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """A table whose first columns, so many, are words; the others are numbers, to the right."""
    lines = [_row(headings), f"|{'---|' * words}{'---:|' * (len(headings) - words)}"]
    return "\n".join([*lines, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def command(*lines: str) -> str:
    """Lines for a shell."""
    return "\n".join(("```sh", *lines, "```"))


def joined(parts: Iterable[str], indent: str = "") -> str:
    """Parts with empty lines between; prose is folded, tables, commands and pictures stay."""
    return "\n\n".join(_folded(part, indent) for part in parts)


def _folded(part: str, indent: str) -> str:
    if part.startswith(("|", "!", "```")):
        return part
    kept = _UNIT.sub("\u00a0", part)
    folded = textwrap.fill(
        kept, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return folded.replace("\u00a0", " ")


def number(value: float) -> str:
    """A number with the digits that count, without an exponent."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def percent(share: float | ErrorRate | None, digits: int = 1) -> str:
    """A share in percent; a dash where there is none."""
    found = share.rate if isinstance(share, ErrorRate) else share
    return "-" if found is None else f"{100 * found:.{digits}f} %"


def points(change: float | None, digits: int = 1) -> str:
    """A change with its sign, but for 0; a dash where there is none."""
    if change is None:
        return "-"
    told = f"{change:+.{digits}f}"
    return told if float(told) else told[1:]


def plural(count: int, what: str) -> str:
    """So many of something."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
