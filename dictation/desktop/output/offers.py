"""What a selection offers, as values: names of targets and the data behind each."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Payload:
    """The content of a property: its type's name, bits a unit (8, 16 or 32), and the units."""

    kind: str
    format: int
    data: bytes | tuple[int, ...]

    @property
    def size(self) -> int:
        """Length in bytes, as the X server counts."""
        return len(self.data) * self.format // 8


@dataclass(frozen=True, slots=True)
class Offer:
    """The targets that can be asked for, in the order they are listed to others."""

    targets: Mapping[str, Payload]


TEXT_TARGETS = frozenset(
    ("UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT", "STRING", "COMPOUND_TEXT")
)
"""Whoever asks for one of these wants the text itself."""


def text_offer(text: str, *, secret: bool = True) -> Offer:
    """A text under all the names that programs ask for.

    STRING is Latin-1 by ICCCM 2.6.2 and offered only where that can hold the text. A `secret`
    one asks clipboard managers (Klipper, CopyQ, GPaste and others) not to remember the text.
    """
    encoded = text.encode()
    targets = {
        "UTF8_STRING": Payload("UTF8_STRING", 8, encoded),
        "text/plain;charset=utf-8": Payload("text/plain;charset=utf-8", 8, encoded),
        "text/plain": Payload("text/plain", 8, encoded),
        "TEXT": Payload("UTF8_STRING", 8, encoded),
    }
    with suppress(UnicodeEncodeError):
        targets["STRING"] = Payload("STRING", 8, text.encode("latin-1"))
    if secret:
        targets["x-kde-passwordManagerHint"] = Payload("x-kde-passwordManagerHint", 8, b"secret")
    return Offer(MappingProxyType(targets))


_NOT_CONTENT = frozenset(
    ("TARGETS", "TIMESTAMP", "MULTIPLE", "SAVE_TARGETS", "DELETE", "INSERT_SELECTION",
     "INSERT_PROPERTY", "TARGET_SIZES", "_QT_SELECTION")
)  # fmt: skip


def saving_order(targets: Iterable[str]) -> list[str]:
    """The targets worth saving, the dearest first, since time and space may run out.

    Text comes first, then marked-up text, lists of files and the lossless picture; the many other
    picture formats that toolkits offer are conversions of the same one.
    """
    content = dict.fromkeys(name for name in targets if name not in _NOT_CONTENT)
    return sorted(content, key=_rank)


def _rank(target: str) -> int:
    if target in TEXT_TARGETS:
        return 0
    if target.startswith("image/"):
        return 2 if target == "image/png" else 4
    return 1 if target.startswith("text/") or "files" in target or "uri" in target else 3
