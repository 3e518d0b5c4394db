"""Listed names: how many are written where they were said, and how many where they were not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Recall:
    """Names said in some recordings, those of them that were written, those written besides."""

    said: int = 0
    written: int = 0
    inserted: int = 0

    @property
    def rate(self) -> float | None:
        """The share of what was said that was written."""
        return self.written / self.said if self.said else None


def recall(names: Sequence[str], pairs: Iterable[tuple[str, str]]) -> Recall:
    """Count names in pairs of what was said and what was written; case does not matter."""
    said = written = inserted = 0
    for spoken, text in pairs:
        for name in names:
            wanted = spoken.lower().count(name.lower())
            found = text.lower().count(name.lower())
            said += wanted
            written += min(wanted, found)
            inserted += max(0, found - wanted)
    return Recall(said, written, inserted)
