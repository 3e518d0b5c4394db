"""A measured figure: its name, its unit, what it is, and its value or spread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Percentiles and the extreme of `count` measurements."""

    p50: float
    p90: float
    p95: float
    p99: float
    worst: float
    count: int


@dataclass(frozen=True)
class Figure:
    """One line of the bench; `value` None: could not be measured, `what` says what it would be."""

    name: str
    unit: str
    what: str
    value: float | Spread | None


def spread(values: Sequence[float]) -> Spread | None:
    """Summarise measurements by nearest rank, so that each number is one that was measured."""
    if not values:
        return None
    ordered = sorted(values)
    p50, p90, p95, p99 = (_rank(ordered, share) for share in (0.5, 0.9, 0.95, 0.99))
    return Spread(p50, p90, p95, p99, ordered[-1], len(ordered))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
