"""What a user's corrections teach: words for their list, found in the history."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from dictation.history import Entry
from dictation.text.hot_words import Replacement, WordList
from dictation.text.normalize import is_cjk

_AGAIN_SECONDS = 60.0
_ALIKE = 0.5
_LONGEST = 6
_UNIT = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[A-Za-z0-9]+(?:['’.-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What could be written in place of what was heard, and how often it was corrected so."""

    replacement: Replacement
    times: int


def proposals(entries: Sequence[Entry], known: WordList) -> list[Proposal]:
    """Propose what is not in the user's list yet, the most frequent first.

    A correction is a text that its owner has corrected, or one that was taken back and said again
    within a minute, in the same application and in mostly the same words.
    """
    written = {(each.heard, each.written) for each in known.replacements}
    counted = Counter(
        pair for wrong, right in corrections(entries) for pair in replaced(wrong, right)
    )
    return [
        Proposal(Replacement(heard, right), times)
        for (heard, right), times in counted.most_common()
        if (heard, right) not in written
    ]


def corrections(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Pairs of a text and what it should have been; `entries` oldest first."""
    for entry in entries:
        if entry.corrected is not None:
            yield entry.text, entry.corrected
    for entry, following in pairwise(entries):
        again = (
            entry.state == "cancelled"
            and following.state == "delivered"
            and following.application == entry.application
            and following.at - entry.at <= _AGAIN_SECONDS
        )
        if again and entry.corrected is None and _likeness(entry.text, following.text) >= _ALIKE:
            yield entry.text, following.corrected or following.text


def replaced(wrong: str, right: str) -> Iterator[tuple[str, str]]:
    """What is heard and what is written where two texts differ, marks and capitals aside.

    A Chinese character alone takes a neighbour with it: 里 is not always 李, but 里明 is 李明.
    """
    before, after = _units(wrong), _units(right)
    matcher = SequenceMatcher(None, _folded(before), _folded(after), autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "replace":
            continue
        if _too_short(before[start:end]) or _too_short(after[first:last]):
            if end < len(before) and last < len(after) and _same(before[end], after[last]):
                end, last = end + 1, last + 1
            elif start and first and _same(before[start - 1], after[first - 1]):
                start, first = start - 1, first - 1
            else:
                continue
        if max(end - start, last - first) <= _LONGEST:
            yield _joined(before[start:end]), _joined(after[first:last])


def _units(text: str) -> list[str]:
    return _UNIT.findall(text)


def _folded(units: Iterable[str]) -> list[str]:
    return [unit.casefold() for unit in units]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold() and is_cjk(one)


def _too_short(units: list[str]) -> bool:
    return len(units) == 1 and is_cjk(units[0])


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, _folded(_units(one)), _folded(_units(other))).ratio()


def _joined(units: list[str]) -> str:
    text = ""
    for unit in units:
        text += unit if not text or is_cjk(unit) or is_cjk(text[-1]) else f" {unit}"
    return text
