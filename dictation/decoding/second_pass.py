"""What is written in the end: the decoders' text, held against what CTC heard."""

import math
import re
from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz.distance import Levenshtein
from torch import Tensor

from dictation.decoding.attention import RescoringWeights, Texts, rescore
from dictation.decoding.context import ContextGraph
from dictation.decoding.greedy import GreedyPath, greedy
from dictation.decoding.prefix_beam import prefix_beam_search
from dictation.decoding.refinement import refine
from dictation.decoding.spelling import Spelling
from dictation.decoding.words import Piece, pieces_of
from dictation.events import Language
from dictation.model.decoder import AttentionDecoder
from dictation.text.format import format_words, space_scripts
from dictation.text.normalize import language_of, spoken_form, words_of
from dictation.text.tokenizer import Tokenizer

_NUMERALS = re.compile(r"[0-9零〇一二两三四五六七八九十百千万亿点半%]+")
_NUMBER_WORDS = re.compile(
    r"\b(zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six"
    r"|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million"
    r"|point|percent)\b"
)
_SLACK = 12


@dataclass(frozen=True)
class SecondPassSettings:
    """How the final text is decided.

    `final`: "rescore" chooses among CTC's `n_best` hypotheses, "refine" lets the decoder write;
    "auto" refines where the decoder has a vocabulary of written text.
    `max_distance`: decoder and CTC hear the same audio, so texts further apart than this share of
    the longer one mean that the decoder has lost it (it repeats itself or makes something up), and
    the rescored hypothesis is taken. Homophones count in full.
    """

    final: Literal["auto", "rescore", "refine"] = "auto"
    n_best: int = 10
    weights: RescoringWeights = field(default_factory=RescoringWeights)
    max_distance: float = 0.75


@dataclass(frozen=True)
class Decided:
    """The text to deliver, the words CTC heard, and how sure the model is (0..1), of the whole and
    of each of its `pieces`; `passes`: how often the decoder was run to write it."""

    text: str
    words: str
    confidence: float
    pieces: tuple[Piece, ...] = ()
    passes: int = 0


_NOTHING = Decided("", "", 0.0)


class SecondPass:
    """Decides the final text of an utterance from a full-context encoding."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None] | None,
        spelling: Spelling | None,
        settings: SecondPassSettings,
    ) -> None:
        self._tokenizer = tokenizer
        self._decoders = decoders
        self._spelling = spelling
        self._settings = settings
        self.context: ContextGraph | None = None

    def decide(self, memory: Tensor, log_probs: Tensor, language: Language | None) -> Decided:
        """Return the text for memory (1, T, D) and CTC log-probabilities (T', V); without a
        language that is known, the letters tell it."""
        if self._decoders is None or self._spelling is None:
            return self._heard(log_probs)
        if self._refines(self._decoders[0]):
            return self._refined(self._decoders, self._spelling, memory, log_probs, language)
        return self._rescored(self._decoders, self._spelling, memory, log_probs, language)

    def _refines(self, decoder: AttentionDecoder) -> bool:
        if self._settings.final == "auto":
            return decoder.config.start is None
        return self._settings.final == "refine"

    def _heard(self, log_probs: Tensor) -> Decided:
        """Write out CTC's words alone."""
        if self.context is not None:
            best = prefix_beam_search(log_probs, self._settings.n_best, self.context)[0]
            path = GreedyPath(best.tokens, best.frames)
        else:
            path = greedy(log_probs)
        words = self._tokenizer.decode(path.tokens)
        if not words:
            return _NOTHING
        sure = log_probs[list(path.frames), list(path.tokens)].exp().tolist()
        pieces = pieces_of(self._tokenizer.decode, path.tokens, sure)
        mean = float(log_probs.max(1).values.mean().exp())
        return Decided(space_scripts(format_words(words)), words, mean, pieces)

    def _refined(
        self,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None],
        spelling: Spelling,
        memory: Tensor,
        log_probs: Tensor,
        language: Language | None,
    ) -> Decided:
        path = greedy(log_probs)
        words = self._tokenizer.decode(path.tokens)
        if not words:
            return _NOTHING
        prompt = spelling.prompt(language or language_of(words))
        limit = _SLACK + 4 * len(path.tokens)
        if decoders[0].config.positions == "learned":
            limit = min(limit, decoders[0].config.max_tokens - 2 * len(prompt))
        draft = spelling.spell(path.tokens)
        written = refine(decoders[0], memory, prompt, spelling.end, draft, limit)
        raw = spelling.raw(written.tokens)
        if (
            not written.ended
            or "\ufffd" in raw
            or distance(raw, words) > self._settings.max_distance
        ):
            fallen_back = self._rescored(decoders, spelling, memory, log_probs, language)
            if not fallen_back.text:
                fallen_back = self._heard(log_probs)
            return Decided(
                fallen_back.text,
                words,
                fallen_back.confidence,
                fallen_back.pieces,
                written.passes + fallen_back.passes,
            )
        return Decided(
            spelling.finished(raw),
            words,
            math.exp(sum(written.log_probs) / len(written.log_probs)),
            pieces_of(spelling.raw, written.tokens, [math.exp(p) for p in written.log_probs[:-1]]),
            written.passes,
        )

    def _rescored(
        self,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None],
        spelling: Spelling,
        memory: Tensor,
        log_probs: Tensor,
        language: Language | None,
    ) -> Decided:
        settings = self._settings
        nbest = prefix_beam_search(log_probs, settings.n_best, self.context)
        heard = self._tokenizer.decode(nbest[0].tokens)
        prompt = spelling.prompt(language or language_of(heard))
        texts = Texts(prompt, spelling.end, [spelling.spell(each.tokens) for each in nbest])
        rescored = rescore(decoders, memory, nbest, settings.weights, texts)
        best = max(rescored, key=lambda each: each.score)
        words = self._tokenizer.decode(best.hypothesis.tokens)
        if not words:
            return _NOTHING
        return Decided(
            space_scripts(format_words(words)),
            words,
            best.confidence,
            pieces_of(spelling.raw, best.spelled, best.token_confidences),
            passes=1,
        )


def distance(written: str, words: str) -> float:
    """Return how far a written text is from recognised words, 0 (the same) to 1.

    Numbers are left out on both sides: one has them in digits, the other in words.
    """
    a, b = (_comparable(text) for text in (written, words))
    longest = max(len(a), len(b))
    return Levenshtein.distance(a, b) / longest if longest else 0.0


def _comparable(text: str) -> str:
    spoken = _NUMBER_WORDS.sub(" ", spoken_form(text).lower())
    return "".join(words_of(_NUMERALS.sub(" ", spoken)))
