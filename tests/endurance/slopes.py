"""How much something grows with each hour of speech, and how sure that is."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

_SURE = 2.576
"""Standard errors on each side of what is 99 % sure, with many points.

Of a hundred sound runs one is suspected, for each thing that is looked at.
"""


@dataclass(frozen=True)
class Point:
    """A value at an hour; points of one group differ by the hour only."""

    group: Hashable
    hour: float
    value: float


@dataclass(frozen=True)
class Slope:
    """Growth in an hour by least squares, and the 99 % confidence interval from `low` to `high`."""

    an_hour: float
    low: float
    high: float


def slope(points: Sequence[Point]) -> Slope | None:
    """Fit one slope with an offset for each group; None of too few points to tell how sure it is.

    The within estimator: hours and values less their group's mean (Wooldridge, Introductory
    Econometrics, 14.1).
    """
    groups: dict[Hashable, list[Point]] = defaultdict(list)
    for point in points:
        groups[point.group].append(point)
    free = len(points) - len(groups) - 1
    if free < 1:
        return None
    hours = np.concatenate([_centred([p.hour for p in group]) for group in groups.values()])
    values = np.concatenate([_centred([p.value for p in group]) for group in groups.values()])
    spread = float(hours @ hours)
    if spread == 0.0:
        return None
    fitted = float(hours @ values) / spread
    rest = values - fitted * hours
    margin = _SURE * float(np.sqrt(rest @ rest / free / spread))
    return Slope(round(fitted, 4), round(fitted - margin, 4), round(fitted + margin, 4))


def averaged(points: Sequence[Point], hours: float) -> list[Point]:
    """The means of each group over so many hours each: neighbours in time are no new evidence."""
    blocks: dict[tuple[Hashable, int], list[Point]] = defaultdict(list)
    for point in points:
        blocks[point.group, int(point.hour / hours)].append(point)
    return [
        Point(
            group,
            float(np.mean([each.hour for each in block])),
            float(np.mean([each.value for each in block])),
        )
        for (group, _), block in blocks.items()
    ]


def _centred(values: Sequence[float]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    array = np.asarray(values, dtype=np.float64)
    return array - array.mean()
