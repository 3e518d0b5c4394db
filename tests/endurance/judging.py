"""From single looks to the account: hours, slopes, and what is wrong.

The account as JSON (`account`), which the README quotes:

    date                    of its end, YYYY-MM-DD, UTC
    hours, minutes          of speech over all desks, and by the clock
    compression             the first over the second
    desks, dictations, texts
    lost, unasked, kept     texts that reached no window and are not marked so; characters that
                            nobody said (a text that came twice); texts that are marked undelivered
    silent                  dictations that gave no text
    by_hour                 for each hour of a daemon's speech, all desks together: dictations,
                            errors (mean over dictations), wait and delivery (seconds, percentiles
                            50, 90, 95 and 99), cpu (seconds of computing for a second of speech),
                            load (of the machine), memory and resident (MB, without and with pages
                            of files), threads, files (means)
    slopes                  memory, threads, files, errors, cpu, wait: growth in an hour of a
                            daemon's speech, with its 99 % confidence interval (`an_hour`, `low`,
                            `high`)
    faults                  what is wrong, in words; empty when nothing is
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np

from tests.endurance.desk import Look
from tests.endurance.slopes import Point, Slope, averaged, slope

_PERCENTILES = (50, 90, 95, 99)
_BLOCKS = 20
_WARM_UP_SECONDS = 300.0

ALLOWED = {"memory": 5.0, "threads": 0.0, "files": 0.0, "errors": 0.0, "cpu": 0.02}
"""What may grow in an hour without being a fault: MB, counts, edits over length, seconds of
computing for a second of speech. How long one waits is only told: what else the machine does has a
part in it."""


@dataclass(frozen=True)
class Hour:
    """What an hour of speech was like."""

    hour: int
    dictations: int
    errors: float
    wait: tuple[float, ...]
    delivery: tuple[float, ...]
    cpu: float
    load: float
    memory: float
    resident: float
    threads: float
    files: float


@dataclass(frozen=True)
class Account:
    """All of it; see above."""

    date: str
    hours: float
    minutes: float
    compression: float
    desks: int
    dictations: int
    texts: int
    lost: int
    unasked: int
    kept: int
    silent: int
    by_hour: tuple[Hour, ...]
    slopes: dict[str, Slope | None]
    faults: tuple[str, ...]


def judge(looks: Sequence[Look]) -> Account:
    """Put the looks of all desks together."""
    desks = sorted({look.desk for look in looks})
    by_desk = [[look for look in looks if look.desk == desk] for desk in desks]
    speech = sum(look.seconds for look in looks)
    clock = max(look.at for look in looks) - min(each[0].at for each in by_desk)
    # The first of each desk is there before anything is said of the time it took.
    clock = max(clock, 1.0)
    numbers = sorted({_hour_of(look) for look in looks})
    slopes = {name: slope(points) for name, points in _evidence(by_desk).items()}
    lost, unasked = sum(each.lost for each in looks), sum(each.unasked for each in looks)
    kept = sum(each.kept for each in looks)
    return Account(
        date=datetime.fromtimestamp(max(look.at for look in looks), UTC).date().isoformat(),
        hours=round(speech / 3600, 2),
        minutes=round(clock / 60, 1),
        compression=round(speech / clock, 1),
        desks=len(desks),
        dictations=len(looks),
        texts=sum(each.finished for each in looks),
        lost=lost,
        unasked=unasked,
        kept=kept,
        silent=sum(each.finished == 0 for each in looks),
        by_hour=tuple(_hour(n, [each for each in looks if _hour_of(each) == n]) for n in numbers),
        slopes=slopes,
        faults=(*_missing(lost, unasked, kept), *_grown(slopes)),
    )


def settled(looks: Sequence[Look]) -> list[Look]:
    """The looks of one desk without the warm-up: five minutes in which each recording is heard."""
    seen: set[str] = set()
    for number, look in enumerate(looks):
        if look.name in seen and look.spoken >= _WARM_UP_SECONDS:
            return list(looks[number:])
        seen.add(look.name)
    return []


def _evidence(by_desk: Sequence[Sequence[Look]]) -> dict[str, list[Point]]:
    """Points for each slope: of what a daemon holds by desk and in blocks, after the warm-up; of
    errors and waits by recording, each of which is heard again and again."""
    held = {
        name: [point for looks in by_desk for point in _blocks(settled(looks), read)]
        for name, read in _HELD.items()
    }
    heard = [look for looks in by_desk for look in looks]
    errors = [Point((e.desk, e.name), e.spoken / 3600, e.errors) for e in heard]
    warm = [look for looks in by_desk for look in settled(looks)]
    computing = [_like(each, each.cpu / each.seconds) for each in warm]
    waits = [_like(each, each.wait) for each in warm if each.wait is not None]
    return {**held, "errors": errors, "cpu": computing, "wait": waits}


def _like(look: Look, value: float) -> Point:
    """A value to be held against that of the same recording, ended in the same way."""
    return Point((look.desk, look.name, look.paused), look.spoken / 3600, value)


_HELD: dict[str, Callable[[Look], float]] = {
    "memory": lambda look: look.memory,
    "threads": lambda look: look.threads,
    "files": lambda look: look.files,
}


def _blocks(looks: Sequence[Look], read: Callable[[Look], float]) -> list[Point]:
    if len(looks) < _BLOCKS:
        return []
    points = [Point(each.desk, each.spoken / 3600, read(each)) for each in looks]
    return averaged(points, (points[-1].hour - points[0].hour) / _BLOCKS)


def _missing(lost: int, unasked: int, kept: int) -> list[str]:
    told = []
    if lost:
        told.append(f"{lost} texts reached no window and are not marked so")
    if unasked:
        told.append(f"{unasked} characters came that nobody said, or twice")
    if kept:
        told.append(f"{kept} texts were held back although nothing was in the way")
    return told


def _grown(slopes: dict[str, Slope | None]) -> list[str]:
    return [
        f"{name} grows by {each.an_hour:g} an hour ({each.low:g} to {each.high:g})"
        for name, each in slopes.items()
        if each is not None and name in ALLOWED and each.low > ALLOWED[name]
    ]


def _hour_of(look: Look) -> int:
    return int(max(0.0, look.spoken - look.seconds) // 3600) + 1


def _hour(number: int, looks: Sequence[Look]) -> Hour:
    return Hour(
        hour=number,
        dictations=len(looks),
        errors=round(float(np.mean([each.errors for each in looks])), 4),
        wait=_percentiles([each.wait for each in looks if each.wait is not None]),
        delivery=_percentiles([each.delivery for each in looks if each.delivery is not None]),
        cpu=round(sum(each.cpu for each in looks) / sum(each.seconds for each in looks), 3),
        load=round(float(np.mean([each.load for each in looks])), 1),
        memory=round(float(np.mean([each.memory for each in looks])), 1),
        resident=round(float(np.mean([each.resident for each in looks])), 1),
        threads=round(float(np.mean([each.threads for each in looks])), 2),
        files=round(float(np.mean([each.files for each in looks])), 2),
    )


def _percentiles(values: Sequence[float]) -> tuple[float, ...]:
    if not values:
        return ()
    return tuple(round(float(each), 3) for each in np.percentile(values, _PERCENTILES))


def table(account: Account) -> str:
    """The hours as a Markdown table, with the slopes below."""
    lines = [
        "| hour | dictations | error rate | to the text, p50 | p90 | p95 | p99 | delivery, p95 "
        "| computing | load | memory, its own | resident | threads | files |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in account.by_hour:
        waits = " | ".join(f"{1000 * wait:.0f} ms" for wait in each.wait)
        memory = f"{each.memory:.0f} MB | {each.resident:.0f} MB"
        delivery = f"{1000 * each.delivery[2]:.0f} ms" if each.delivery else "-"
        lines.append(
            f"| {each.hour} | {each.dictations} | {100 * each.errors:.1f} % | {waits} | {delivery} "
            f"| {each.cpu:.2f} s/s | {each.load:.0f} | {memory} "
            f"| {each.threads:.0f} | {each.files:.0f} |"
        )
    for name, found in account.slopes.items():
        told = "too little to tell"
        if found is not None:
            told = f"{found.an_hour:+g} an hour ({found.low:+g} to {found.high:+g})"
        lines.append(f"{name}: {told}")
    return "\n".join(lines)


def as_json(account: Account) -> dict[str, object]:
    """The account as plain values."""
    return asdict(account)
