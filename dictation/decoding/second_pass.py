"""What is written in the end: the decoders' text, held against what CTC heard."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rapidfuzz.distance import Levenshtein
from torch import Tensor

from dictation.decoding.attention import RescoringWeights, Texts, attention_log_probs, rescore
from dictation.decoding.attention_beam import attention_beam_search
from dictation.decoding.correction import corrected
from dictation.decoding.digit_strings import with_digits_heard
from dictation.decoding.fusion import CtcFusion, Ngrams, WritingFusion
from dictation.decoding.greedy import GreedyPath, greedy
from dictation.decoding.hot_words import HotWords
from dictation.decoding.prefix_beam import Context, prefix_beam_search
from dictation.decoding.questions import with_question_mark
from dictation.decoding.refinement import Refined, refine
from dictation.decoding.spelling import Spelling
from dictation.decoding.words import Piece, pieces_of, timed_words
from dictation.events import Language, TimedWord
from dictation.model.decoder import AttentionDecoder
from dictation.text.format import format_words
from dictation.text.normalize import language_of, spoken_form, words_of
from dictation.text.tokenizer import WORD_BEGIN, Tokenizer
from dictation.text.writing.spacing import space_scripts

_NUMERALS = re.compile(r"[0-9零〇一二两三四五六七八九十百千万亿点半%]+")
_NUMBER_WORDS = re.compile(
    r"\b(zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six"
    r"|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million"
    r"|point|percent)\b"
)
_SPECIAL = re.compile("<.+>")
_SLACK = 12


@dataclass(frozen=True)
class SecondPassSettings:
    """How the final text is decided.

    `final`: "rescore" chooses among CTC's `n_best` hypotheses, "refine" lets the decoder write the
    likeliest token after token, "search" lets it keep the `beam` likeliest beginnings; "auto"
    searches where the decoder has a vocabulary of written text.
    `max_distance`: decoder and CTC hear the same audio, so texts further apart than this (see
    `distance`) mean that the decoder has lost it (it repeats itself or makes something up), and the
    rescored hypothesis is taken.
    `draft`: the decoder checks what CTC heard; without, it writes token by token, the same text.
    `language_model`: what people write weighs in where texts are searched, if there are n-grams.
    """

    final: Literal["auto", "rescore", "refine", "search"] = "auto"
    n_best: int = 10
    beam: int = 3
    weights: RescoringWeights = field(default_factory=RescoringWeights)
    max_distance: float = 0.75
    draft: bool = True
    language_model: bool = True


@dataclass(frozen=True)
class Decided:
    """The text to deliver, the words CTC heard, and how sure the model is (0..1), of the whole and
    of each of its `pieces`; `passes`: runs of the decoder to write it; `timed`: its words."""

    text: str
    words: str
    confidence: float
    pieces: tuple[Piece, ...] = ()
    passes: int = 0
    timed: tuple[TimedWord, ...] = ()


_NOTHING = Decided("", "", 0.0)


class SecondPass:
    """Decides the final text of an utterance from a full-context encoding."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None] | None,
        spelling: Spelling | None,
        settings: SecondPassSettings,
        frame_seconds: float,
        ngrams: Ngrams | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._ngrams = ngrams
        self._unit_texts = [_text_of(unit) for unit in tokenizer.units]
        self._decoders = decoders
        self._spelling = spelling
        self.settings = settings
        self._frame_seconds = frame_seconds
        self.hot_words = HotWords()

    def decide(
        self, memory: Tensor, log_probs: Tensor, language: Language | None, shown: str = ""
    ) -> Decided:
        """Return the text for memory (1, T, D) and CTC log-probabilities (T', V); without a
        language that is known, the letters tell it. `shown`: what CTC heard on the way."""
        if self._decoders is None or self._spelling is None:
            return self._timed(self._heard(log_probs), log_probs)
        if not self._writes(self._decoders[0]):
            decided = self._rescored(self._decoders, self._spelling, memory, log_probs, language)
            return self._timed(decided, log_probs)
        decided = self._refined(self._decoders, self._spelling, memory, log_probs, language, shown)
        decided = self._timed(decided, log_probs)
        if not self.hot_words.phrases or not decided.text:
            return decided
        return self._corrected(
            decided, self._decoders[0], self._spelling, memory, log_probs, language
        )

    def context(self) -> Context | None:
        """Return what guides a search of CTC: n-grams and hot words, as far as there are any."""
        graph = self.hot_words.graph
        if not self._ngrams or not self.settings.language_model:
            return graph
        return CtcFusion(self._ngrams, self._unit_texts, graph)

    @property
    def writer(self) -> tuple[AttentionDecoder, Spelling] | None:
        """The decoder that writes the texts and how it spells; None where CTC's are chosen from."""
        if self._decoders is None or self._spelling is None:
            return None
        return (self._decoders[0], self._spelling) if self._writes(self._decoders[0]) else None

    def _writes(self, decoder: AttentionDecoder) -> bool:
        if self.settings.final == "auto":
            return decoder.config.start is None
        return self.settings.final != "rescore"

    def _timed(self, decided: Decided, log_probs: Tensor) -> Decided:
        duration = log_probs.size(0) * self._frame_seconds
        timed = timed_words(decided.text, decided.pieces, log_probs, self._tokenizer, duration)
        return replace(decided, timed=timed)

    def _corrected(
        self,
        decided: Decided,
        decoder: AttentionDecoder,
        spelling: Spelling,
        memory: Tensor,
        log_probs: Tensor,
        language: Language | None,
    ) -> Decided:
        """Put hot words into a text that the decoder wrote."""
        prompt = spelling.prompt(language or language_of(decided.words))

        def score(texts: Sequence[str]) -> list[float]:
            spelled = [spelling.spelled(text) for text in texts]
            short = [each for each in spelled if _fits(decoder, prompt, each)]
            rows = iter(attention_log_probs(decoder, memory, prompt, spelling.end, short))
            return [
                float(next(rows).sum()) if _fits(decoder, prompt, each) else -math.inf
                for each in spelled
            ]

        text = corrected(
            decided.text,
            decided.timed,
            self.hot_words.phrases,
            log_probs,
            self._frame_seconds,
            score,
        )
        if text == decided.text:
            return decided
        return self._timed(_rewritten(decided, text, decoder, spelling, memory, prompt), log_probs)

    def _heard(self, log_probs: Tensor) -> Decided:
        """Write out CTC's words alone."""
        context = self.context()
        if context is not None:
            best = prefix_beam_search(log_probs, self.settings.n_best, context)[0]
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

    def _as_shown(self, shown: str, spelling: Spelling) -> Decided:
        """Write out the words that were heard on the way, of which nobody is sure."""
        tokens = spelling.spell(self._tokenizer.spell(shown))
        pieces = pieces_of(spelling.raw, tokens, [0.0] * len(tokens))
        return Decided(space_scripts(format_words(shown)), shown, 0.0, pieces)

    def _refined(
        self,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None],
        spelling: Spelling,
        memory: Tensor,
        log_probs: Tensor,
        language: Language | None,
        shown: str,
    ) -> Decided:
        path = greedy(log_probs)
        tokens: Sequence[int] = path.tokens
        words = self._tokenizer.decode(tokens)
        # What CTC heard on the way and no more in the end is the decoder's to judge: noise or not.
        in_doubt = not words
        if in_doubt:
            words, tokens = shown, self._tokenizer.spell(shown)
        if not words:
            return _NOTHING
        prompt = spelling.prompt(language or language_of(words))
        limit = _SLACK + 4 * len(tokens)
        if decoders[0].config.positions == "learned":
            limit = min(limit, decoders[0].config.max_tokens - 2 * len(prompt))
        written = self._written(decoders[0], spelling, memory, prompt, tokens, limit)
        if in_doubt and written.ended and not written.tokens:
            return _NOTHING
        # Now and then a byte that belongs to no character stands in a text that is right otherwise.
        raw = spelling.raw(written.tokens).replace("\ufffd", "")
        if not written.ended or distance(raw, words) > self.settings.max_distance:
            fallen_back = self._rescored(decoders, spelling, memory, log_probs, language)
            if not fallen_back.text:
                fallen_back = self._heard(log_probs)
            if not fallen_back.text:
                fallen_back = self._as_shown(shown, spelling)
            return Decided(
                fallen_back.text,
                words,
                fallen_back.confidence,
                fallen_back.pieces,
                written.passes + fallen_back.passes,
            )
        decided = Decided(
            spelling.finished(raw),
            words,
            math.exp(sum(written.log_probs) / len(written.log_probs)),
            pieces_of(spelling.raw, written.tokens, [math.exp(p) for p in written.log_probs[:-1]]),
            written.passes,
        )
        text = spelling.finished(with_digits_heard(raw, words))
        if text == decided.text or not _fits(decoders[0], prompt, spelling.spelled(text)):
            return decided
        return _rewritten(decided, text, decoders[0], spelling, memory, prompt)

    def _written(
        self,
        decoder: AttentionDecoder,
        spelling: Spelling,
        memory: Tensor,
        prompt: Sequence[int],
        tokens: Sequence[int],
        limit: int,
    ) -> Refined:
        settings = self.settings
        if settings.final != "refine":
            fusion = None
            if self._ngrams and "zh" in self._ngrams and settings.language_model:
                fusion = WritingFusion(self._ngrams["zh"], spelling.raw)
            state = decoder.initial_state(memory)
            written = attention_beam_search(
                decoder, state, prompt, spelling.end, settings.beam, limit, fusion
            )
            marks = spelling.end_marks
            return with_question_mark(
                decoder, state, prompt, spelling.end, written, marks, spelling.raw
            )
        draft = spelling.spell(tokens) if settings.draft else ()
        return refine(decoder, memory, prompt, spelling.end, draft, limit)

    def _rescored(
        self,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None],
        spelling: Spelling,
        memory: Tensor,
        log_probs: Tensor,
        language: Language | None,
    ) -> Decided:
        settings = self.settings
        nbest = prefix_beam_search(log_probs, settings.n_best, self.context())
        heard = self._tokenizer.decode(nbest[0].tokens)
        prompt = spelling.prompt(language or language_of(heard))
        spelled = [spelling.spell(each.tokens) for each in nbest]
        if not all(_fits(decoders[0], prompt, each) for each in spelled):
            return self._heard(log_probs)
        texts = Texts(prompt, spelling.end, spelled)
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


def _rewritten(
    decided: Decided,
    text: str,
    decoder: AttentionDecoder,
    spelling: Spelling,
    memory: Tensor,
    prompt: Sequence[int],
) -> Decided:
    """Return another text in place of what the decoder wrote, and how sure it is of that."""
    tokens = spelling.spelled(text)
    (row,) = attention_log_probs(decoder, memory, prompt, spelling.end, [tokens])
    return replace(
        decided,
        text=text,
        confidence=float(row.mean().exp()),
        pieces=pieces_of(spelling.raw, tokens, row[:-1].exp().tolist()),
    )


def _text_of(unit: str) -> str:
    return " " if _SPECIAL.fullmatch(unit) else unit.replace(WORD_BEGIN, " ")


def _fits(decoder: AttentionDecoder, prompt: Sequence[int], tokens: Sequence[int]) -> bool:
    """Whether a decoder with learned positions has as many as the text takes."""
    config = decoder.config
    return config.positions != "learned" or len(prompt) + len(tokens) <= config.max_tokens


def distance(written: str, words: str) -> float:
    """Return how far a written text is from recognised words, 0 (the same) to 1 (one is empty).

    A character that is another one counts half: who writes as much as was heard makes nothing up,
    and where the two disagree on most of it CTC is the one that is wrong. Numbers are left out on
    both sides: one has them in digits, the other in words.
    """
    a, b = (_comparable(text) for text in (written, words))
    longest = max(len(a), len(b))
    return Levenshtein.distance(a, b, weights=(2, 2, 1)) / (2 * longest) if longest else 0.0


def _comparable(text: str) -> str:
    spoken = _NUMBER_WORDS.sub(" ", spoken_form(text).lower())
    return "".join(words_of(_NUMERALS.sub(" ", spoken)))
