"""Two records side by side: what became worse or better, beyond what measuring again changes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dictation.bench.figures import Spread
from dictation.bench.record import ErrorRate, Record

Verdict = Literal["worse", "better", "same"]

_LEAST_NOISE = 0.05
_NOISE_OF_ONE = 0.10
_FEW = 5
_DEVIATIONS = 2.0


@dataclass(frozen=True)
class Quantity:
    """A number that is better when it is lower; `error`: its standard error."""

    name: str
    unit: str
    value: float
    error: float


@dataclass(frozen=True)
class Compared:
    """A quantity in both records; `ratio` is the second's to the first's, None over 0."""

    name: str
    unit: str
    before: float
    after: float
    ratio: float | None
    verdict: Verdict


def compare(first: Record, second: Record) -> list[Compared]:
    """Compare what both records hold, in the order of the first.

    Beyond noise is more than two standard errors of the difference, and more than 5 %; fewer
    than five measurements tell little of their spread and are taken to be right to 10 %.
    """
    later = {each.name: each for each in quantities(second)}
    return [_compared(each, later[each.name]) for each in quantities(first) if each.name in later]


def quantities(record: Record) -> Iterator[Quantity]:
    """Every number of a record with its error: the medians, single figures and error rates."""
    for figure in record.figures:
        match figure.value:
            case Spread() as spread:
                # Of normal numbers: the deviation, and from it the error of a median.
                deviation = (spread.p95 - spread.p50) / 1.645
                error = 1.253 * deviation / math.sqrt(spread.count)
                if spread.count < _FEW:
                    error = max(error, _NOISE_OF_ONE * spread.p50 / _DEVIATIONS)
                yield Quantity(figure.name, figure.unit, spread.p50, error)
            case float() | int() as value:
                yield Quantity(figure.name, figure.unit, value, _NOISE_OF_ONE * value / _DEVIATIONS)
            case None:
                pass
    for row in record.rates:
        shown = [(f"captions, {each} ms", counted) for each, counted in row.captions.items()]
        for what, counted in (*shown, ("CTC", row.words), ("final text", row.text)):
            if counted.rate is not None:
                name = f"{row.name}, {row.spoken}: {row.measure}, {what}"
                yield Quantity(name, "%", 100 * counted.rate, 100 * _rate_error(counted))
    for each in record.names:
        if each.said:
            missed = 1 - each.written / each.said
            label = "with" if each.listed else "without"
            counted = ErrorRate(missed, each.said)
            name = f"names missed, {label} hot words"
            yield Quantity(name, "%", 100 * missed, 100 * _rate_error(counted))


def _rate_error(counted: ErrorRate) -> float:
    """The standard error of a share, as if every word went wrong by itself."""
    share = min(1.0, counted.rate or 0.0)
    return math.sqrt(share * (1 - share) / max(1, counted.reference))


def _compared(first: Quantity, second: Quantity) -> Compared:
    change = second.value - first.value
    noise = max(
        _DEVIATIONS * math.hypot(first.error, second.error), _LEAST_NOISE * abs(first.value)
    )
    verdict: Verdict = "same"
    if abs(change) > noise:
        verdict = "worse" if change > 0 else "better"
    ratio = second.value / first.value if first.value else None
    return Compared(first.name, first.unit, first.value, second.value, ratio, verdict)
