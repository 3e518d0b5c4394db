"""What is written in the end: the decoder's text, held against what CTC heard."""

import math
import re
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein
from torch import Tensor

from dictation.decoding.attention import RescoringWeights, attention_greedy, rescore
from dictation.decoding.context import ContextGraph
from dictation.decoding.greedy import greedy
from dictation.decoding.prefix_beam import prefix_beam_search
from dictation.events import Language
from dictation.model.decoder import AttentionDecoder
from dictation.text.format import format_words, full_width_marks, space_scripts
from dictation.text.normalize import language_of, spoken_form, words_of
from dictation.text.tokenizer import DecoderTokenizer, Tokenizer

# Decoder and CTC hear the same audio: texts further apart than this share of the longer one mean
# that the decoder has lost it (it repeats itself or makes something up). Homophones count in full,
# and the starter's CTC text alone is often half wrong, so less would throw good texts away.
_MAX_DISTANCE = 0.75
_BEAM = 10
_NUMERALS = re.compile(r"[0-9零〇一二两三四五六七八九十百千万亿点半%]+")
_NUMBER_WORDS = re.compile(
    r"\b(zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(thir|four|fif|six"
    r"|seven|eigh|nine)teen|(twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million"
    r"|point|percent)\b"
)


@dataclass(frozen=True)
class Decided:
    """The text to deliver, the words CTC heard, and how sure the model is (0..1)."""

    text: str
    words: str
    confidence: float


class SecondPass:
    """Decides the final text of an utterance from a full-context encoding.

    A decoder with tokens of its own writes the text; one that writes CTC's units (with a second
    one that reads from the end, where there is one) chooses among what CTC heard.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        decoder: AttentionDecoder | None,
        decoder_tokenizer: DecoderTokenizer | None,
        reverse_decoder: AttentionDecoder | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._decoder = decoder
        self._decoder_tokenizer = decoder_tokenizer
        self._reverse_decoder = reverse_decoder
        self.context: ContextGraph | None = None

    def decide(self, memory: Tensor, log_probs: Tensor, language: Language | None) -> Decided:
        """Return the text for memory (1, T, D) and CTC log-probabilities (T', V); without a
        language that is known, the letters tell it."""
        decoder = self._decoder
        if decoder is not None and decoder.config.start is not None:
            return self._rescored((decoder, self._reverse_decoder), memory, log_probs)
        path = greedy(log_probs)
        words = self._tokenizer.decode(path.tokens)
        if not words:
            return Decided("", "", 0.0)
        written_tokens = self._decoder_tokenizer
        if decoder is not None and written_tokens is not None:
            limit = min(decoder.config.max_tokens - 8, 12 + 4 * len(path.tokens))
            prompt = written_tokens.prompt(language or language_of(words))
            decoded = attention_greedy(decoder, memory, prompt, written_tokens.end, limit)
            text = written_tokens.decode(decoded.tokens).strip()
            if decoded.ended and "\ufffd" not in text and distance(text, words) <= _MAX_DISTANCE:
                confidence = math.exp(decoded.mean_log_prob)
                return Decided(space_scripts(full_width_marks(text)), words, confidence)
        best = log_probs.max(1).values
        return Decided(space_scripts(format_words(words)), words, float(best.mean().exp()))

    def _rescored(
        self,
        decoders: tuple[AttentionDecoder, AttentionDecoder | None],
        memory: Tensor,
        log_probs: Tensor,
    ) -> Decided:
        nbest = prefix_beam_search(log_probs, _BEAM, self.context)
        best = max(
            rescore(decoders, memory, nbest, RescoringWeights()), key=lambda each: each.score
        )
        words = self._tokenizer.decode(best.hypothesis.tokens)
        if not words:
            return Decided("", "", 0.0)
        return Decided(space_scripts(format_words(words)), words, best.confidence)


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
