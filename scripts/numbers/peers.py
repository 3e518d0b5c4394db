"""The starter beside other recognisers, on the same recordings in the same run."""

from collections.abc import Iterator, Sequence

from scripts.numbers.markdown import command, percent, table
from scripts.numbers.measured import Values, short_title, title

_OURS = "dictation"


def peers(rows: Sequence[Values]) -> Iterator[str]:
    """The README's table: errors, waiting, cost."""
    if not rows:
        return
    yield (
        f"Others on the same recordings in the same run, on {rows[0]['date']}: errors over all "
        "languages of a set, of the final text and of the last caption before the sound ended "
        "(which has not heard the last 320 ms or less); seconds (p50 / p95) to the first text from "
        "the start of speech, and to the final text from its end, without the wait for that end; "
        "computing for a second of sound; the most memory a process of its own took. "
        "faster-whisper has whisper-base in int8, five beams, language automatic, and no "
        "captions; pocketsphinx heard the English recordings only. LibriSpeech's labels are "
        "Moonshine's, of the recordings in which Whisper-base hears nine words in ten alike: that "
        "flatters Whisper-base, and the starter, which was trained on its labels of others. The "
        "synthetic sets may flatter the starter, whose training voices came from the same "
        "synthesiser."
    )
    headings = (
        *("set", "recogniser", "utterances", "final text", "captions"),
        *("first text, s", "final text, s", "CPU", "MB"),
    )
    yield table(
        headings,
        (
            (
                *(title(row["recordings"]), row["engine"], str(row["utterances"])),
                *(percent(row["text"]), percent(row["caption"])),
                *(
                    " / ".join(f"{each:.2f}" for each in row[key])
                    for key in ("first_text", "final")
                ),
                *(f"{row['cpu_per_second']:.2f} s/s", f"{row['memory']:.0f}"),
            )
            for row in sorted(rows, key=lambda row: str(row["recordings"]))
        ),
        words=2,
    )
    yield command(
        "pip install --editable '.[peers]'",
        "python -m tests.peers --whisper WHISPER_FOLDER --manifest SET/manifest.jsonl ...",
    )


def card_peers(rows: Sequence[Values]) -> Iterator[str]:
    """The card's table: errors alone, and who makes the fewest."""
    if not rows:
        return
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    names = list(dict.fromkeys(row["recordings"] for row in rows))
    by = {(row["recordings"], row["engine"]): row for row in rows}
    cells = []
    for name in names:
        ours = by[name, _OURS]
        told = [_told(by.get((name, engine)), ours) for engine in engines]
        cells.append((title(name), str(ours["utterances"]), *told, best(rows, name)))
    yield (
        f"Beside others, all of them on the same recordings, on {rows[0]['date']} (final text / "
        "last caption before the sound ended; faster-whisper is Whisper-base in int8 with five "
        "beams, language automatic; pocketsphinx heard the English recordings only):"
    )
    shown = ["starter" if engine == _OURS else engine for engine in engines]
    yield table(("set", "utterances", *shown, "best"), cells)
    yield verdict(rows)
    yield command(
        "pip install --editable '.[peers]'",
        "python -m tests.peers --whisper WHISPER_FOLDER --manifest SET/manifest.jsonl ...",
    )


def verdict(rows: Sequence[Values]) -> str:
    """Where another one makes fewer errors than the finished text."""
    ahead = _ahead(rows)
    if not ahead:
        return "None of the others that were heard makes fewer errors than the finished text."
    return f"Fewer errors than the finished text's are made by {', by '.join(ahead)}."


def best(rows: Sequence[Values], name: str) -> str:
    """Who makes the fewest errors of those that heard all of a set."""
    of_set = [row for row in rows if row["recordings"] == name and row["text"] is not None]
    most = max(row["utterances"] for row in of_set)
    engine = min(
        (row for row in of_set if row["utterances"] == most), key=lambda row: float(row["text"])
    )["engine"]
    return "starter" if engine == _OURS else str(engine)


def _ahead(rows: Sequence[Values]) -> list[str]:
    """The sets in which another one makes fewer errors, each with both rates."""
    found = []
    for name in dict.fromkeys(row["recordings"] for row in rows):
        winner = best(rows, name)
        if winner != "starter":
            by = {row["engine"]: row for row in rows if row["recordings"] == name}
            ours, theirs = (percent(by[engine]["text"]) for engine in (_OURS, winner))
            found.append(f"{winner} on {short_title(name)} ({theirs}, not {ours})")
    return found


def _told(row: Values | None, ours: Values) -> str:
    if row is None or row["text"] is None:
        return "-"
    caption = "" if row["caption"] is None else f" / {percent(row['caption'])}"
    some = "" if row["utterances"] == ours["utterances"] else f" ({row['utterances']} English)"
    return f"{percent(row['text'])}{caption}{some}"
