"""The recogniser's parts beside others, of `dictation bench recogniser --json`."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from dictation.bench.machine import Machine
from scripts.numbers.markdown import command, number, table
from scripts.numbers.measured import Values
from scripts.numbers.speed import busy, cores


@dataclass(frozen=True)
class _Part:
    """What the README calls a part, who does it otherwise, how long WeNet's Python took for it in
    ms on a like machine, and the share of that which was the goal."""

    told: str
    other: str | None = None
    called: str = ""
    wenet: float | None = None
    goal: float | None = None


_PARTS = {
    "encoding 10 s whole": _Part(
        "encoding 10 s whole", "torchaudio Conformer", "torchaudio's Conformer", 226.0
    ),
    "chunk of 16, 4 before": _Part(
        "chunk of 16 frames, 4 chunks before",
        "plain, all anew",
        "a textbook's, caches anew",
        41.6,
        1 / 2,
    ),
    "prefix beam 10 of 250 frames": _Part(
        "prefix beam 10 of 250 frames", "plain", "a textbook's, in Python", 120.0, 1 / 5
    ),
    "rescoring 10 x 60, alike": _Part(
        "rescoring 10 x 60 tokens, alike", "plain, one by one", "one by one"
    ),
    "rescoring 10 x 60, nothing alike": _Part(
        "rescoring 10 x 60 tokens, nothing alike", "plain, one by one", "one by one", 109.0, 1 / 3
    ),
    "chunk of 8 streams at once": _Part("chunk of 8 streams at once, all 8"),
}


def recogniser(values: Values | None) -> Iterator[str]:
    """The date, the table, and which goals are reached."""
    if values is None:
        return
    machine = TypeAdapter(Machine).validate_python(values["machine"])
    yield (
        f"In one run, by turns, on {values['date']}, on {cores(machine)}, torch {machine.torch}, "
        f"one thread. {busy(machine)}"
    )
    count = max(each["milliseconds"]["count"] for each in values["timings"])
    yield command(f"dictation bench recogniser --preset u2pp --threads 1 --repetitions {count}")
    taken = {(each["part"], each["who"]): each["milliseconds"]["p50"] for each in values["timings"]}
    rows, goals = [], []
    for name, part in _PARTS.items():
        fp32 = taken.get((name, "dictation fp32"), taken.get((name, "dictation")))
        if fp32 is None:
            continue
        int8 = taken.get((name, "dictation int8"))
        other = taken.get((name, part.other or ""))
        rows.append(
            (
                part.told,
                f"{number(fp32)} ms",
                "" if int8 is None else f"{number(int8)} ms",
                "" if other is None else f"{number(other)} ms, {part.called}",
                "" if part.wenet is None else f"{part.wenet:g} ms",
            )
        )
        if part.wenet is not None and part.goal is not None:
            ways = [("fp32", fp32)] + ([] if int8 is None else [("int8", int8)])
            goals.append(_judged(part.told, part.goal * part.wenet, ways))
    headings = ("part, one thread, p50", "fp32", "int8", "in its place")
    yield table((*headings, "WeNet's Python, on a like machine"), rows)
    yield f"The goals, shares of WeNet's time: {'; '.join(goals)}."


def _judged(told: str, goal: float, ways: list[tuple[str, float]]) -> str:
    if len(ways) == 1:
        verdict = "reached" if ways[0][1] <= goal else "missed"
    else:
        verdict = ", ".join(
            f"{'reached' if taken <= goal else 'missed'} in {way}" for way, taken in ways
        )
    return f"{told} {number(goal)} ms: {verdict}"
