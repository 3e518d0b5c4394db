"""How long it takes and what it costs: latencies, processor, memory, start."""

from collections.abc import Iterator

from dictation.bench.figures import Figure, Spread
from dictation.bench.machine import Machine
from dictation.bench.record import Record
from scripts.numbers.markdown import command, number, plural, table

TARGETS = {
    "chunk_320_ms": 80.0,
    "final_10_s": 400.0,
    "ready": 5.0,
    "memory_after": 900.0,
    "delivery": 200.0,
    "cpu_idle": 0.5,
    "cpu_quiet": 3.0,
    "daemon_cpu_idle": 0.5,
    "daemon_cpu_listening": 3.0,
}
"""What was set out to be reached, in the figure's unit; lower is better."""


def speed(record: Record) -> Iterator[str]:
    """The parts of the section on speed and cost."""
    yield where(record)
    yield _commands(record)
    yield _waiting(record)
    yield "![How long one waits](docs/numbers-latency.png)"
    yield _single(record)
    yield "![What it costs](docs/numbers-cost.png)"
    yield _shortfalls(record)


def where(record: Record) -> str:
    """When, where and of which model it was measured, and whether the machine had rest for it."""
    machine, model = record.machine, record.model
    memory = "" if machine.memory is None else f", {machine.memory:.0f} GB"
    commit = "" if machine.commit is None else f", commit {machine.commit}"
    told = (
        f"Measured on {record.date} on {cores(machine)}{memory}, {machine.system}, Python "
        f"{machine.python}, torch {machine.torch}, torchaudio {machine.torchaudio}; model "
        f"{model.description}, {plural(model.threads, 'thread')}, files "
        f"{model.sha256[:12]}{commit}."
    )
    return f"{told} {busy(machine)}".rstrip()


def busy(machine: Machine) -> str:
    """A warning where other work kept most cores busy, else nothing."""
    if machine.load is None or machine.load <= 0.75 * machine.usable_cores:
        return ""
    return (
        f"The machine was busy with other work (load {machine.load:.1f} before): these are a "
        "trial's figures, on a quiet machine all waiting is shorter."
    )


def cores(machine: Machine) -> str:
    """The cores that were used, of which processor."""
    kinds = [kind for kind in ("avx512", "amx") if any(f.startswith(kind) for f in machine.flags)]
    has = f" with {' and '.join(kind.upper() for kind in kinds)}" if kinds else ""
    return f"{machine.usable_cores} of {machine.cores} cores of {machine.processor}{has}"


def _commands(record: Record) -> str:
    effort = record.effort
    much = f"--repetitions {effort.repetitions} --utterances {effort.utterances}"
    much += f" --seconds {effort.seconds:g}"
    much += "" if effort.limit is None else f" --limit {effort.limit}"
    return command(
        "dictation bench all --json numbers.json --daemon --manifest SET/manifest.jsonl ... \\",
        f"    {much}",
        "dictation bench compare docs/numbers.json numbers.json   # what changed, beyond noise",
    )


def _waiting(record: Record) -> str:
    rows = []
    for figure in record.figures:
        if isinstance(figure.value, Spread):
            found = figure.value
            ranks = [number(each) for each in (found.p50, found.p90, found.p95, found.p99)]
            rows.append((figure.what, *ranks, str(found.count), _target(figure)))
    headings = ("how long it takes, in ms", "p50", "p90", "p95", "p99", "n", "p95 to reach")
    return table(headings, rows)


def _single(record: Record) -> str:
    rows = [
        (figure.what, f"{number(figure.value)} {figure.unit}".strip(), _target(figure))
        for figure in record.figures
        if isinstance(figure.value, float | int)
    ]
    return table(("what it costs", "", "to reach"), rows)


def _target(figure: Figure) -> str:
    return f"{TARGETS[figure.name]:g}" if figure.name in TARGETS else ""


def _shortfalls(record: Record) -> str:
    missed = [
        f"{figure.what} ({number(reached)} {figure.unit}, not {TARGETS[figure.name]:g})"
        for figure in record.figures
        if figure.name in TARGETS
        and (reached := _worst(figure)) is not None
        and reached > TARGETS[figure.name]
    ]
    if missed:
        return "What falls short of the goal: " + "; ".join(missed) + "."
    return "Nothing of this that was measured falls short of the goal."


def _worst(figure: Figure) -> float | None:
    """What is held against the goal: the 95th percentile of a spread."""
    return figure.value.p95 if isinstance(figure.value, Spread) else figure.value
