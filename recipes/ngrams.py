"""Make the ARPA files of the n-gram models from free packages.

Chinese is from Debian's sunpinyin-data (open-gram, CC BY-SA 3.0), English from pocketsphinx's
en-us.lm.bin (BSD, Carnegie Mellon University). ARPA: the manual page ngram-format(5) of SRILM.
"""

import math
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import typer
from numpy.typing import NDArray

# tslminfo prints 12 decimals: what is less than this may be printed as 0, which has no logarithm.
_LEAST = 1e-12
_TRIE = b"Trie Language Model\x03"  # the last byte is the order
_TRIE_LOG10 = math.log10(1.0001)  # pocketsphinx's logarithms are to the base 1.0001
_UNIGRAM = np.dtype([("log_prob", "<f4"), ("backoff", "<f4"), ("child", "<u4")])

Array = NDArray[Any]
Sections = list[list[str]]

app = typer.Typer(add_completion=False, help="Make the ARPA file of an n-gram model.")


@app.command()
def zh(folder: Path, out: Path, tslminfo: str = "tslminfo") -> None:
    """Write the model in FOLDER, lm_sc.t3g and pydict_sc.bin of sunpinyin-data, to OUT.

    Needs the program tslminfo of sunpinyin-utils, on PATH unless given.
    """
    words = _sunpinyin_words(folder / "pydict_sc.bin")
    model = folder / "lm_sc.t3g"
    try:
        sections = _sunpinyin_sections(_tslminfo_lines(tslminfo, model), words)
    except (ValueError, IndexError) as error:
        raise SystemExit(f"{model}: not a model of sunpinyin ({error})") from error
    _write_arpa(out, sections)


@app.command()
def en(model: Path, out: Path) -> None:
    """Write MODEL, pocketsphinx's en-us.lm.bin, to OUT."""
    try:
        with model.open("rb") as file:
            sections = _trie_sections(file)
    except (ValueError, IndexError) as error:
        raise SystemExit(f"{model}: not a trigram model of pocketsphinx ({error})") from error
    _write_arpa(out, sections)


def _sunpinyin_words(path: Path) -> dict[int, str]:
    """Return the words that ARPA can hold by their numbers (format: sunpinyin's pytrie.h)."""
    data = path.read_bytes()
    try:
        count, _, start = np.frombuffer(data, "<u4", 3).tolist()
        words = data[start:].decode("utf-32-le").removesuffix("\0").split("\0")
        if len(words) != count:
            raise ValueError(f"{len(words)} words, not {count}")
    except ValueError as error:
        raise SystemExit(f"{path}: not a dictionary of sunpinyin ({error})") from error
    return {number: word for number, word in enumerate(words) if word.split() == [word]}


def _tslminfo_lines(program: str, model: Path) -> Iterator[str]:
    """Return what tslminfo prints of a model, with probabilities instead of their logarithms."""
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"{program}: not found; it is in Debian's package sunpinyin-utils")
    command = [path, "-v", "-p", str(model)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="ascii") as process:
        yield from process.stdout or ()
    if process.returncode:
        raise SystemExit(f"{model}: {program} cannot read it (exit code {process.returncode})")


def _sunpinyin_sections(lines: Iterable[str], words: dict[int, str]) -> Sections:
    r"""Return the rows of each order (format: PrintARPA in sunpinyin's tslminfo.cpp).

    After a line "\N-gram\count", N from 0, each line has N word numbers, a probability, a
    back-off weight unless N is the highest order, and the state to back off to.
    """
    sections: Sections = []
    for line in lines:
        if line.startswith("\\"):
            sections.append([])
            continue
        order = len(sections) - 1
        *fields, _ = line.split()
        numbers = [int(field) for field in fields[:order]]
        if all(number in words for number in numbers):
            weights = (math.log10(max(float(field), _LEAST)) for field in fields[order:])
            sections[order].append(_row([words[number] for number in numbers], *weights))
    return sections[1:]


def _trie_sections(file: BinaryIO) -> Sections:
    """Return the rows of each order (format: pocketsphinx's ngram_model_trie.c and lm_trie.c).

    A path in the trie has an n-gram's words from last to first. The children of a node are those
    from its first child to the next node's.
    """
    if file.read(len(_TRIE)) != _TRIE:
        raise ValueError("wrong header")
    one, two, three, _ = np.fromfile(file, "<u4", 4).tolist()
    log_probs, backoffs, longest_log_probs = np.fromfile(file, "<f4", 3 << 16).reshape(3, -1)
    unigrams = np.fromfile(file, _UNIGRAM, one + 1)
    # The counts of bigrams and trigrams may be too high; the end of the last children is exact.
    widths = (one.bit_length(), 16, 16, three.bit_length())
    bigrams = _bit_fields(file, widths, two, int(unigrams["child"][-1]) + 1)
    trigrams = _bit_fields(file, widths[:2], three, int(bigrams[3][-1]))
    vocabulary = file.read()[4:].decode().removesuffix("\0").split("\0")
    if len(vocabulary) != one:
        raise ValueError(f"{len(vocabulary)} words, not {one}")
    last = np.repeat(np.arange(one), np.diff(unigrams["child"]))
    pair = np.repeat(np.arange(len(last)), np.diff(bigrams[3]))
    first, backoff, log_prob = (column[:-1] for column in bigrams[:3])
    columns: list[tuple[list[Array], list[Array]]] = [
        ([np.arange(one)], [unigrams["log_prob"][:-1], unigrams["backoff"][:-1]]),
        ([first, last], [log_probs[log_prob], backoffs[backoff]]),
        ([trigrams[0], first[pair], last[pair]], [longest_log_probs[trigrams[1]]]),
    ]
    return [_rows(vocabulary, numbers, weights) for numbers, weights in columns]


def _bit_fields(file: BinaryIO, widths: Sequence[int], capacity: int, count: int) -> list[Array]:
    """Read the columns of records of bit fields of up to 25 bits (lm_trie.c, bitarr.c)."""
    size = sum(widths)
    packed = np.fromfile(file, np.uint8, ((capacity + 1) * size + 7) // 8 + 8)
    # The four bytes from each byte on: a field is whole in those from the byte it begins in.
    windows: Array = np.ndarray((len(packed) - 3,), "<u4", packed, strides=(1,))
    starts = (size * np.arange(count) + offset for offset in accumulate(widths[:-1], initial=0))
    return [
        (windows[start >> 3] >> (start & 7)) & ((1 << width) - 1)
        for start, width in zip(starts, widths, strict=True)
    ]


def _rows(vocabulary: list[str], numbers: list[Array], weights: list[Array]) -> list[str]:
    ngrams = zip(*([vocabulary[n] for n in column.tolist()] for column in numbers), strict=True)
    logs = zip(*((_TRIE_LOG10 * w.astype(np.float64)).tolist() for w in weights), strict=True)
    return [_row(ngram, *log) for ngram, log in zip(ngrams, logs, strict=True)]


def _row(ngram: Iterable[str], log_prob: float, *backoff: float) -> str:
    return "\t".join([f"{log_prob:.4f}", " ".join(ngram), *(f"{log:.4f}" for log in backoff)])


def _write_arpa(path: Path, sections: Sections) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("\\data\\\n")
        for order, rows in enumerate(sections, 1):
            file.write(f"ngram {order}={len(rows)}\n")
        for order, rows in enumerate(sections, 1):
            file.write(f"\n\\{order}-grams:\n")
            file.writelines(f"{row}\n" for row in rows)
        file.write("\n\\end\\\n")


if __name__ == "__main__":
    try:
        app()
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}") from error
