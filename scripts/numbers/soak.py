"""Hours of dictation, of `python -m tests.endurance --json`."""

from collections.abc import Iterator

from scripts.numbers.markdown import command, percent, plural, points, table
from scripts.numbers.measured import Values

_BUSY = 8.0

_GROWING = (
    ("memory", "memory", " MB", 1, 0),
    ("threads", "threads", "", 1, 0),
    ("files", "files", "", 1, 0),
    ("errors", "error rate", " points", 100, 0),
    ("cpu", "computing", " s/s", 1, 2),
    ("wait", "the wait for a text", " s", 1, 1),
)


def soak(values: Values | None) -> Iterator[str]:
    """What was heard and lost, by the hour, and what grew."""
    if values is None:
        return
    hours = values["by_hour"]
    busy = max(hour["load"] for hour in hours) > _BUSY
    yield (
        f"On {values['date']}{', beside other work that kept the machine busy' if busy else ''}: "
        f"{values['hours']:g} hours of speech in {values['minutes']:g} minutes, by "
        f"{plural(values['desks'], 'daemon')}; {values['dictations']} dictations, "
        f"{values['texts']} texts, {values['lost']} lost, {values['unasked']} characters that came "
        f"twice or unasked, {values['kept']} held back; "
        f"{plural(values['silent'], 'dictation')} gave no text."
    )
    headings = (
        *("hour", "dictations", "error rate", "to the text, p50", "p90", "p95", "p99"),
        *("delivery, p95", "computing", "load", "memory, its own", "resident", "threads", "files"),
    )
    yield table(
        headings,
        (
            (
                *(str(hour["hour"]), str(hour["dictations"]), percent(hour["errors"])),
                *(f"{1000 * wait:.0f} ms" for wait in hour["wait"]),
                f"{1000 * hour['delivery'][2]:.0f} ms" if hour["delivery"] else "-",
                *(f"{hour['cpu']:.2f} s/s", f"{hour['load']:.0f}"),
                *(f"{hour['memory']:.0f} MB", f"{hour['resident']:.0f} MB"),
                *(f"{hour['threads']:.0f}", f"{hour['files']:.0f}"),
            )
            for hour in hours
        ),
    )
    yield (
        "Growth in an hour of speech, least squares with 99 % confidence, without a warm-up in "
        f"which each recording is heard once: {'; '.join(_growth(values))}. The exit status is 1 "
        "when one of them but the wait grows, or a text is lost or comes twice."
    )
    yield command(
        f"python -m tests.endurance --hours {values['hours']:g} --manifest SET/manifest.jsonl ... "
        "--json docs/soak.json"
    )


def _growth(values: Values) -> Iterator[str]:
    for name, told, unit, scale, digits in _GROWING:
        found = values["slopes"].get(name)
        if found is None:
            yield f"{told}: too little to tell"
        elif found["low"] == found["high"] == 0:
            yield f"{told} none"
        else:
            grown, low, high = (
                points(scale * found[each], digits) for each in ("an_hour", "low", "high")
            )
            yield f"{told} {grown}{unit} ({low} to {high})"
