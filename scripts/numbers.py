"""Write the README's numbers and draw their pictures: `python -m scripts.numbers FILE.json`.

The file is one of `dictation bench all --json FILE`; README.md is changed between its markers only.
"""

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dictation.bench.figures import Figure, Spread
from dictation.bench.record import ErrorRate, Record, SetRates, read_record
from dictation.errors import DictationError
from scripts.number_pictures import draw, number

BEGIN, END = "<!-- numbers -->", "<!-- /numbers -->"

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

TITLES = {
    "aishell-dev": "AISHELL, sentences of one speaker",
    "speechocean762-dev": "speechocean762, unseen Mandarin-accented speakers",
    "libri-dev": "LibriSpeech, unseen speakers, against Whisper-base's labels",
    "dev": "synthetic, unseen voices and patterns",
}
"""What a set is, by the name of its manifest or of its folder."""

SPOKEN = {"zh": "Mandarin", "en": "English", "mix": "mixed"}

_LEAST_UTTERANCES = 10
"""A rate of fewer says nothing."""


def main() -> None:
    """Read a record, draw the pictures, write the README's section."""
    parser = argparse.ArgumentParser(prog="python -m scripts.numbers", description=__doc__)
    parser.add_argument("record", type=Path, metavar="FILE.json")
    parser.add_argument("--readme", type=Path, default=Path("README.md"))
    parser.add_argument("--pictures", type=Path, default=Path("docs"), metavar="FOLDER")
    options = parser.parse_args()
    try:
        record = read_record(options.record)
        others = read_peers(options.record.with_name("peers.json"))
        text = updated(options.readme.read_text(encoding="utf-8"), record, others)
    except (DictationError, OSError) as error:
        sys.exit(str(error))
    for picture in draw(record, TARGETS, chosen_rates(record), options.pictures):
        print(picture)
    options.readme.write_text(text, encoding="utf-8")
    print(options.readme)


Peers = Sequence[Mapping[str, Any]]
"""The rows of `python -m tests.peers --json`."""


def read_peers(path: Path) -> Peers:
    """What other recognisers made of the same recordings; nothing without the file."""
    if not path.is_file():
        return ()
    rows: Peers = json.loads(path.read_text(encoding="utf-8"))
    return rows


def updated(readme: str, record: Record, peers: Peers = ()) -> str:
    """The README with its section written anew. Raises DictationError without the markers."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise DictationError(f"the README has no {BEGIN} and {END} to write between")
    return f"{before}{BEGIN}\n{section(record, peers)}\n{END}{after}"


def section(record: Record, peers: Peers = ()) -> str:
    """All that the README says in numbers, from one record."""
    parts = [
        _where(record),
        _commands(record),
        _waiting(record),
        "![How long one waits](docs/numbers-latency.png)",
        _single(record),
        "![What it costs](docs/numbers-cost.png)",
        *_shortfalls(record),
        *_rates(record),
        *_names(record),
        *_peers(peers),
    ]
    return "\n\n".join(map(_folded, parts))


def _folded(part: str) -> str:
    """Fold prose as the rest of the README is; tables, commands and pictures stay as they are."""
    lines = part.splitlines()
    if lines[0].startswith(("|", "!", "```")):
        return part
    return textwrap.fill(part, 100, break_long_words=False, break_on_hyphens=False)


def _where(record: Record) -> str:
    machine = record.machine
    kinds = [kind for kind in ("avx512", "amx") if any(f.startswith(kind) for f in machine.flags)]
    has = f" with {' and '.join(kind.upper() for kind in kinds)}" if kinds else ""
    memory = "" if machine.memory is None else f", {machine.memory:.0f} GB"
    commit = "" if machine.commit is None else f", commit {machine.commit}"
    told = (
        f"Measured on {record.date} on {machine.usable_cores} of {machine.cores} cores of "
        f"{machine.processor}{has}{memory}, {machine.system}, Python {machine.python}, torch "
        f"{machine.torch}, torchaudio {machine.torchaudio}; model {record.model.description}, "
        f"{_plural(record.model.threads, 'thread')}, files {record.model.sha256[:12]}{commit}."
    )
    if machine.load is not None and machine.load > machine.usable_cores / 2:
        told += (
            f" The machine was busy with other work (load {machine.load:.1f} before): these are a "
            "trial's figures, on a quiet machine all waiting is shorter."
        )
    return told


def _commands(record: Record) -> str:
    effort = record.effort
    much = f"--repetitions {effort.repetitions} --utterances {effort.utterances}"
    much += f" --seconds {effort.seconds:g}"
    much += "" if effort.limit is None else f" --limit {effort.limit}"
    return "\n".join(
        (
            "```sh",
            "dictation bench all --json numbers.json --daemon --manifest SET/manifest.jsonl ... \\",
            f"    {much}",
            "dictation bench compare docs/numbers.json numbers.json   # what changed, beyond noise",
            "python -m scripts.numbers numbers.json                   # this section, its pictures",
            "```",
        )
    )


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _waiting(record: Record) -> str:
    lines = [
        "| how long it takes, in ms | p50 | p90 | p95 | p99 | n | p95 to reach |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for figure in record.figures:
        if isinstance(figure.value, Spread):
            found = figure.value
            ranks = [number(each) for each in (found.p50, found.p90, found.p95, found.p99)]
            cells = (figure.what, *ranks, str(found.count), _target(figure))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _single(record: Record) -> str:
    lines = ["| what it costs | | unit | to reach |", "|---|---:|---|---:|"]
    for figure in record.figures:
        if isinstance(figure.value, float | int):
            cells = (figure.what, number(figure.value), figure.unit, _target(figure))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _target(figure: Figure) -> str:
    return f"{TARGETS[figure.name]:g}" if figure.name in TARGETS else ""


def _shortfalls(record: Record) -> Iterator[str]:
    missed = [
        f"{figure.what} ({number(reached)} {figure.unit}, not {TARGETS[figure.name]:g})"
        for figure in record.figures
        if figure.name in TARGETS
        and (reached := _worst(figure)) is not None
        and reached > TARGETS[figure.name]
    ]
    if missed:
        yield "What falls short of the goal: " + "; ".join(missed) + "."
    else:
        yield "Nothing that was measured falls short of the goal."


def _worst(figure: Figure) -> float | None:
    """What is held against the goal: the 95th percentile of a spread."""
    return figure.value.p95 if isinstance(figure.value, Spread) else figure.value


def chosen_rates(record: Record) -> list[tuple[str, SetRates]]:
    """The rates worth telling, each with what it is of: by set and language, none of few words."""
    return [
        (f"{TITLES.get(row.name, row.name)}, {SPOKEN[row.spoken]}", row)
        for row in record.rates
        if row.spoken != "all" and row.name != "all sets" and row.utterances >= _LEAST_UTTERANCES
    ]


def _rates(record: Record) -> Iterator[str]:
    rows = chosen_rates(record)
    if not rows:
        return
    chunk = record.effort.chunk_ms
    yield (
        f"Error rates: captions in chunks of {chunk} ms, CTC with the whole utterance, and the "
        "finished text (characters for Chinese, words for English, both for mixed sentences):"
    )
    lines = [
        f"| set | utterances | measure | captions, {chunk} ms | CTC, full context | final text |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for title, row in rows:
        rates = (_percent(row.captions), _percent(row.words), _percent(row.text))
        cells = (title, str(row.utterances), row.measure, *rates)
        lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines)
    yield "![Error rates](docs/numbers-errors.png)"
    yield _together(record)


def _together(record: Record) -> str:
    whole = record.sets[-1]
    told = []
    if whole.languages_right is not None:
        told.append(f"the language label is right for {100 * whole.languages_right:.1f} %")
    if whole.captions_factor is not None:
        told.append(
            f"captions took {whole.captions_factor:.2f} s and the final text "
            f"{whole.final_factor:.2f} s of computing for a second of sound"
        )
    if whole.silent:
        told.append(
            f"{whole.silent} recordings of noise and music gave {whole.words_made_up} words"
        )
    limit = "" if record.effort.limit is None else f" (at most {record.effort.limit} of each set)"
    return f"Of these {whole.utterances} recordings{limit}, {'; '.join(told)}."


def _names(record: Record) -> Iterator[str]:
    if not record.names:
        return
    yield (
        "Hot words: names that are listed in `words.txt`, in synthetic clips with and without them:"
    )
    lines = [
        "| hot words | names said | written | false insertions | error rate |",
        "|---|---:|---:|---:|---:|",
    ]
    for each in record.names:
        label = "with" if each.listed else "without"
        rate = "-" if each.error_rate is None else f"{100 * each.error_rate:.1f} %"
        cells = (label, str(each.said), str(each.written), str(each.inserted), rate)
        lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines)


def _peers(rows: Peers) -> Iterator[str]:
    if not rows:
        return
    yield (
        "Others on the same recordings in the same run (`python -m tests.peers`): errors over all "
        "languages of a set; seconds (p50 / p95) to the first text from the start of speech, and "
        "to the final text from its end, without the wait for that end; computing for a second "
        "of sound; the most memory a process of its own took. faster-whisper has whisper-base in "
        "int8 and no captions; pocketsphinx heard the English recordings only."
    )
    lines = [
        "| set | recogniser | utterances | errors | first text, s | final text, s | CPU | MB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in sorted(rows, key=lambda row: str(row["recordings"])):
        error = "-" if row["text"] is None else f"{100 * row['text']:.1f} %"
        waits = [" / ".join(f"{each:.2f}" for each in row[key]) for key in ("first_text", "final")]
        title = TITLES.get(row["recordings"], row["recordings"])
        cells = (title, row["engine"], str(row["utterances"]), error, *waits)
        cost = (f"{row['cpu_per_second']:.2f} s/s", f"{row['memory']:.0f}")
        lines.append(f"| {' | '.join((*cells, *cost))} |")
    yield "\n".join(lines)


def _percent(counted: ErrorRate | None) -> str:
    return "-" if counted is None or counted.rate is None else f"{100 * counted.rate:.1f} %"


if __name__ == "__main__":
    main()
