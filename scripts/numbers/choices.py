"""What settings change of the errors: precision, the way to the final text, who writes captions."""

from collections.abc import Iterator

from dictation.bench.record import Choice, Record
from scripts.numbers.markdown import command, number, percent, plural, points, table
from scripts.numbers.measured import short_title

_GOAL = 0.2
_ALL = "all sets"


def precisions(record: Record) -> Iterator[str]:
    """Error rates by precision, and by how many points they differ from fp32's."""
    rows = record.precisions
    if not rows:
        return
    names = list(dict.fromkeys(row.name for row in rows))
    by = {(row.precision, row.name): row for row in rows}
    first, whole = rows[0].precision, names[-1]
    words = rows[names.index(whole)].text.reference
    yield (
        f"On {record.date}, {words} words and characters of {_sets(names)} ({first} is what the "
        "changes in points are against):"
    )
    cells = []
    for precision in dict.fromkeys(row.precision for row in rows):
        row = by[precision, whole]
        changed = precision != first
        ctc = percent(row.words, 2) + (f" ({points(row.words_change, 2)})" if changed else "")
        texts = []
        for name in (whole, *(each for each in names if each != whole)):
            found = by[precision, name]
            change = f" ({points(found.text_change, 2)})" if changed else ""
            texts.append(percent(found.text, 2) + change)
        cells.append((precision, ctc, *texts))
    headings = [f"text, {short_title(each)}" for each in names if each != whole]
    yield table(("precision", "CTC, full context", "final text", *headings), cells)
    far = [
        row.precision
        for row in rows
        if row.name == whole and row.text_change is not None and row.text_change > _GOAL
    ]
    beyond = f"beyond it: {', '.join(far)}" if far else "all are within it"
    most = max(
        round(abs(row.text_change or 0.0) / 100 * row.text.reference)
        for row in rows
        if row.name != _ALL
    )
    yield (
        f"The goal is at most {_GOAL:g} points more over all sets; {beyond}. The finished text has "
        f"in a single set at most {plural(most, 'error')} more or less."
    )
    yield command(
        "dictation evaluate --precision fp32 --precision int8 --manifest SET/manifest.jsonl ..."
    )


def finals(record: Record) -> Iterator[str]:
    """Error rates of each way to the final text."""
    rows, names, by = _choices(record, "final")
    if not rows:
        return
    whole = names[-1]
    ctc = by["ctc", whole].rate.rate
    yield f"On {record.date}, {by['ctc', whole].utterances} recordings of {_sets(names)}:"
    cells = []
    for choice in dict.fromkeys(row.choice for row in rows):
        row = by[choice, whole]
        written = choice != "ctc"
        gain = "" if not written or not ctc or row.rate.rate is None else 1 - row.rate.rate / ctc
        cells.append(
            (
                f"`{choice}`" if written else "CTC, greedy",
                percent(row.rate),
                percent(gain, 0) if isinstance(gain, float) else "",
                *(percent(by[choice, name].rate) for name in names if name != whole),
                number(row.decoder_passes) if written else "",
                f"{row.factor:.2f} s/s" if written else "",
            )
        )
    headings = (
        *("`--final`", "error rate", "gain"),
        *(short_title(name) for name in names if name != whole),
        *("decoder passes for each", "computing"),
    )
    yield table(headings, cells)
    yield command(
        "dictation evaluate --final search --manifest SET/manifest.jsonl ...   # and others"
    )


def captions(record: Record) -> Iterator[str]:
    """What the decoder's captions cost and give, in a sentence."""
    rows, names, by = _choices(record, "captions")
    if not rows:
        return
    told = [
        f"{short_title(name)} {percent(by['ctc', name].rate)} and "
        f"{percent(by['decoder', name].rate)} ({by['ctc', name].utterances} recordings)"
        for name in names
        if name != _ALL
    ]
    first, second = (by[choice, names[-1]].factor for choice in ("ctc", "decoder"))
    yield (
        f"Errors of the newest caption (before words settle), {record.effort.chunk_ms} ms, of CTC "
        f"and of the decoder: {', '.join(told)}; computing {first:.2f} and {second:.2f} s for "
        f"a second of sound ({record.date}, `dictation evaluate --stream --captions decoder "
        "--manifest ...`, and `ctc`)."
    )


def _choices(
    record: Record, setting: str
) -> tuple[list[Choice], list[str], dict[tuple[str, str], Choice]]:
    """What was measured of a setting: all rows, the sets, and the rows by choice and set."""
    rows = [each for each in record.choices if each.setting == setting]
    names = list(dict.fromkeys(row.name for row in rows))
    return rows, names, {(row.choice, row.name): row for row in rows}


def _sets(names: list[str]) -> str:
    """The sets but for the sum of them."""
    told = [short_title(name) for name in names if name != _ALL]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
