"""The words of a finished text: how sure the model is of each, and when it was said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex
import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torchaudio.functional import forced_align, merge_tokens

from dictation.decoding.hot_words import UNKNOWN
from dictation.decoding.times import token_spans
from dictation.events import TimedWord
from dictation.text.normalize import spoken_form
from dictation.text.tokenizer import Tokenizer
from dictation.text.words import words_in

_LETTER = regex.compile(r"[\p{L}\p{N}]")
_DIGIT = regex.compile(r"\p{N}")
_REACH = 0.3


@dataclass(frozen=True)
class Piece:
    """A part of a raw text that one or a few tokens gave, and how sure the model was (0..1)."""

    text: str
    confidence: float


def pieces_of(
    decode: Callable[[Sequence[int]], str], tokens: Sequence[int], confidences: Sequence[float]
) -> tuple[Piece, ...]:
    """Return the text of `tokens` in pieces; tokens that are part of a character go together."""
    pieces = []
    done, least = 0, 1.0
    for count, confidence in enumerate(confidences, start=1):
        text = decode(tokens[:count]).rstrip("\ufffd")
        least = min(least, confidence)
        if len(text) > done:
            pieces.append(Piece(text[done:], least))
            done, least = len(text), 1.0
    return tuple(pieces)


def timed_words(
    text: str, pieces: Sequence[Piece], log_probs: Tensor, tokenizer: Tokenizer, duration: float
) -> tuple[TimedWord, ...]:
    """Return the words of a finished text with times and confidences.

    The text itself is aligned with CTC's log-probabilities (T, V) of `duration` seconds, whatever
    CTC would have written; what it cannot spell (digits) takes the frames the rest leaves.
    """
    words = words_in(text)
    if not words:
        return ()
    spans = _spans([_tokens(word, tokenizer) for word in words], log_probs, duration)
    sure = _confidences(words, pieces)
    return tuple(
        TimedWord(word, start, end, confidence)
        for word, (start, end), confidence in zip(words, spans, sure, strict=True)
    )


def _tokens(word: str, tokenizer: Tokenizer) -> list[int]:
    """Return CTC's tokens of a word, `UNKNOWN` for each letter where it cannot be spelled."""
    letters: list[str] = _LETTER.findall(word)
    tokens = [] if _DIGIT.search(word) else tokenizer.spell(spoken_form(word, part=True))
    return tokens if tokens and UNKNOWN not in tokens else [UNKNOWN] * len(letters)


def _spans(
    words: Sequence[Sequence[int]], log_probs: Tensor, duration: float
) -> list[tuple[float, float]]:
    """Return start and end of each word in seconds."""
    targets = [token for word in words for token in word]
    repeats = sum(one == other for one, other in pairwise(targets))
    frames = log_probs.size(0)
    if frames < len(targets) + repeats:  # more letters than there is sound: spread them evenly
        peaks = [(index + 0.5) * frames / len(targets) for index in range(len(targets))]
    else:
        peaks = _peaks(targets, log_probs)
    tokens = token_spans(peaks, duration / frames, duration, _REACH)
    spans, first = [], 0
    for word in words:
        last = first + len(word) - 1
        spans.append((tokens[first][0], tokens[last][1]))
        first = last + 1
    return spans


def _peaks(targets: Sequence[int], log_probs: Tensor) -> list[float]:
    """Return the middle frame of each target in the likeliest alignment (Graves et al. 2006)."""
    columns = sorted({0, *targets})
    emissions = log_probs[:, columns].float().cpu()
    if UNKNOWN in columns:  # stands for any token at all
        anything = torch.log1p(-emissions[:, 0].exp().clamp(max=1 - 1e-6))
        emissions[:, columns.index(UNKNOWN)] = anything
    places = torch.tensor([[columns.index(target) for target in targets]])
    aligned, scores = forced_align(emissions[None].contiguous(), places)
    return [(span.start + span.end) / 2 for span in merge_tokens(aligned[0], scores[0])]


def _confidences(words: Sequence[str], pieces: Sequence[Piece]) -> list[float]:
    """Return how sure the model is of each word: as of the least sure piece in it.

    Writing a text out may change letters; those that have none to stand for take their neighbour's.
    """
    given = [
        (letter.lower(), piece.confidence)
        for piece in pieces
        for letter in _LETTER.findall(piece.text)
    ]
    wanted = [
        (letter.lower(), at) for at, word in enumerate(words) for letter in _LETTER.findall(word)
    ]
    if not given:
        return [0.0] * len(words)
    least = [1.0] * len(words)
    opcodes = Levenshtein.opcodes([one for one, _ in given], [one for one, _ in wanted])
    for code in opcodes:
        for offset in range(code.dest_end - code.dest_start):
            source = min(
                code.src_start + offset, max(code.src_start, code.src_end - 1), len(given) - 1
            )
            at = wanted[code.dest_start + offset][1]
            least[at] = min(least[at], given[source][1])
    return least
