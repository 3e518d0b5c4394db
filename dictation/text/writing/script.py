"""Simplified and traditional Chinese, by OpenCC."""

from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from opencc import OpenCC

Script = Literal["simplified", "traditional"]


def to_simplified(text: str) -> str:
    """Write traditional characters as simplified ones."""
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        converted: str = _converter("t2s").convert(text)
        return converted
    # GB 2312 has no traditional character: the usual text needs no table.
    return text


def to_traditional(text: str) -> str:
    """Write simplified characters as traditional ones."""
    if text.isascii():
        return text
    converted: str = _converter("s2t").convert(text)
    return converted


@cache
def _converter(direction: Literal["t2s", "s2t"]) -> "OpenCC":
    from opencc import OpenCC

    return OpenCC(direction)
