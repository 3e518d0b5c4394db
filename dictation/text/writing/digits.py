"""What numbers of both languages have in common: wetext tells their worth, groups become digits."""

import re
from collections.abc import Callable
from functools import cache
from typing import Literal


@cache
def normalizer(language: Literal["zh", "en"]) -> Callable[[str], str]:
    """Return what knows the worth of a number: "twenty one" -> 21, 二十一 -> 21."""
    # Takes a quarter of a second to import: not before there is a number.
    from wetext import Normalizer

    normalize: Callable[[str], str] = Normalizer(lang=language, operator="itn").normalize
    return normalize


def groups_in_digits(match: re.Match[str], value_of: Callable[[str], str]) -> str:
    """Return the match with every group that took part in digits."""
    written, position = "", match.start()
    for group in range(1, len(match.groups()) + 1):
        if match.group(group) is not None:
            written += match.string[position : match.start(group)] + value_of(match.group(group))
            position = match.end(group)
    return written + match.string[position : match.end()]
