"""What is recognised wrongly: error rates, languages, words where nobody speaks, hot words."""

from collections.abc import Iterator

from dictation.bench.record import Languages, Record, SetRates
from scripts.numbers.markdown import command, percent, plural, points, table
from scripts.numbers.measured import SPOKEN, title

_LEAST_UTTERANCES = 10
"""A rate of fewer says nothing."""

_LOSS_GOAL, _GAIN_GOAL = 3.0, 15


def accuracy(record: Record) -> Iterator[str]:
    """The parts of the README's section on accuracy, with the picture."""
    rates = list(_rates(record))
    if not rates:
        return
    yield (
        f"Error rates on {record.date}, on the same machine: captions (as they "
        f"stand in the end), CTC with the whole utterance, and the finished text; {_EXPLAINED}"
    )
    yield from rates
    yield "![Error rates](docs/numbers-errors.png)"
    yield from _languages(record)
    yield from _lengths(record)
    yield from _silence(record)
    yield from _names(record)


def card_accuracy(record: Record) -> Iterator[str]:
    """The parts that the model's card has of it."""
    rates = list(_rates(record))
    if not rates:
        return
    yield (
        "Captions are the streaming first pass, CTC is that of the full-context second encoding, "
        f"the final text is what the second pass makes of it; {_EXPLAINED}"
    )
    yield from rates
    yield from _languages(record)
    yield from _lengths(record)
    yield from _silence(record)


_EXPLAINED = (
    "characters for Chinese (CER), words for English (WER), both for mixed sentences (MER); "
    "numbers in digits are as right as in words, for CTC in words alone. Loss: "
    "points by which captions in chunks of 320 ms are worse than CTC with the whole utterance "
    f"(goal: {_LOSS_GOAL:g}). Gain: the share of CTC's errors that the finished text does not "
    f"have, from the same encoding (goal: {_GAIN_GOAL} %)."
)


def chosen_rates(record: Record) -> list[tuple[str, SetRates]]:
    """The rates worth telling, each with what it is of: by set and language, none of few words."""
    return [
        (f"{title(row.name)}, {SPOKEN[row.spoken]}", row)
        for row in record.rates
        if row.spoken != "all" and row.name != "all sets" and row.utterances >= _LEAST_UTTERANCES
    ]


def _rates(record: Record) -> Iterator[str]:
    rows = chosen_rates(record)
    if not rows:
        return
    whole = [row for row in record.rates if row.name == "all sets" and row.spoken == "all"]
    rows += [("all of them", row) for row in whole]
    chunks_ms = sorted({chunk_ms for _, row in rows for chunk_ms in row.captions})
    headings = (
        *("set", "utterances", "measure"),
        *(f"captions, {chunk_ms} ms" for chunk_ms in chunks_ms),
        *("CTC, full context", "final text", "loss", "gain"),
    )
    yield table(
        headings,
        (
            (
                *(told, str(row.utterances), row.measure),
                *(percent(row.captions.get(chunk_ms)) for chunk_ms in chunks_ms),
                *(percent(row.words), percent(row.text), _loss(row), _gain(row)),
            )
            for told, row in rows
        ),
    )
    limit = "" if record.effort.limit is None else f" --limit {record.effort.limit}"
    asked = " ".join(f"--chunk-ms {chunk_ms}" for chunk_ms in chunks_ms)
    yield command(f"dictation evaluate --stream {asked}{limit} --manifest SET/manifest.jsonl ...")


def _loss(row: SetRates) -> str:
    caption = row.captions.get(min(row.captions, default=0))
    if caption is None or caption.rate is None or row.words.rate is None:
        return "-"
    return points(100 * (caption.rate - row.words.rate))


def _gain(row: SetRates) -> str:
    if not row.words.rate or row.text.rate is None:
        return "-"
    return percent(1 - row.text.rate / row.words.rate, 0)


def _languages(record: Record) -> Iterator[str]:
    whole = next((each for each in record.sets if each.name == "all sets"), None)
    if whole is None or not whole.languages:
        return
    right, heard = _right(whole.languages)
    captions = " and ".join(
        f"{factor:.2f} s in chunks of {chunk_ms} ms"
        for chunk_ms, factor in whole.captions_factors.items()
    )
    yield (
        f"Captions took {captions} and the final text {whole.final_factor:.2f} s of computing "
        f"for a second of sound. The language label is right for {percent(right / heard)} of "
        f"{plural(heard, 'utterance')}:"
    )
    yield table(
        ("spoken", *(f"heard as {SPOKEN[found]}" for found in _FOUND), "right"),
        (
            (
                SPOKEN[spoken],
                *(str(counts.get(found, 0)) for found in _FOUND),
                percent(counts.get(spoken, 0) / sum(counts.values())),
            )
            for spoken, counts in whole.languages.items()
        ),
    )


_FOUND = ("zh", "en", "mix")


def _right(languages: Languages) -> tuple[int, int]:
    right = sum(counts.get(spoken, 0) for spoken, counts in languages.items())
    return right, sum(sum(counts.values()) for counts in languages.values())


def _lengths(record: Record) -> Iterator[str]:
    lengths = [each for each in record.languages_by_length if each.languages]
    if not lengths:
        return
    yield (
        "The label of their first seconds alone, of recordings that are as long (where a sentence "
        "is mixed, these are often in one language still):"
    )
    rows = []
    for each in lengths:
        cells = []
        for spoken in _FOUND:
            counts = each.languages.get(spoken, {})
            total = sum(counts.values())
            share = f"{percent(counts.get(spoken, 0) / total)} of {total}" if total else "-"
            cells.append(share)
        rows.append((f"{each.seconds:g} s", *cells))
    yield table(("first", *(f"{SPOKEN[spoken]} right" for spoken in _FOUND)), rows)
    yield command("dictation evaluate --lengths --manifest SET/manifest.jsonl ...")


def _silence(record: Record) -> Iterator[str]:
    silent = [
        each
        for each in record.sets
        if each.name != "all sets" and each.silent and each.silent == each.utterances
    ]
    if not silent:
        return
    yield (
        "Words put out where nobody speaks, when the recogniser is given all of it (the daemon's "
        "segmenter would keep most of it away):"
    )
    chunks_ms = sorted(silent[0].words_captioned)
    yield table(
        ("sound", "minutes", "final texts", *(f"captions, {each} ms" for each in chunks_ms)),
        (
            (
                *(title(each.name), f"{each.minutes:.1f}", str(each.words_made_up)),
                *(str(each.words_captioned.get(chunk_ms, 0)) for chunk_ms in chunks_ms),
            )
            for each in silent
        ),
    )


def _names(record: Record) -> Iterator[str]:
    if not record.names:
        return
    first = record.names[0]
    yield (
        f"Hot words: {first.names} rare names that are listed in `words.txt`, one in each of "
        f"{first.said} of {first.utterances} synthetic clips (Kokoro; `recipes/names.py`) in "
        "Mandarin, English or both; with them, texts are those that are delivered, in which they "
        "are also written where other words sound the same:"
    )
    yield table(
        ("hot words", "names said", "written", "false insertions", "error rate"),
        (
            (
                "with" if each.listed else "without",
                *map(str, (each.said, each.written, each.inserted)),
                percent(each.error_rate),
            )
            for each in record.names
        ),
    )
    yield command("dictation evaluate --manifest SET/manifest.jsonl --hot-words words.txt")
