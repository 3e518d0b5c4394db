"""Audio in, text out: a stream with captions as it comes, or a whole utterance at once."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.own import Checkpoint, ModelError
from dictation.decoding.attention import RescoringWeights
from dictation.decoding.greedy import GreedyPath, collapse
from dictation.decoding.hot_words import hot_words_of
from dictation.decoding.second_pass import SecondPass, SecondPassSettings
from dictation.decoding.spelling import Spelling, UnitSpelling, WrittenSpelling
from dictation.decoding.stabilizer import Stabilizer
from dictation.events import Language, TimedWord
from dictation.model.config import DecoderConfig
from dictation.model.encoder import EncoderOutput, StreamState
from dictation.model.features import FeatureState
from dictation.model.placement import Placement, choose_placement, place
from dictation.text.hot_words import HotWordsError, WordFile, WordList
from dictation.text.normalize import language_of
from dictation.text.writing.spacing import space_scripts

__all__ = [
    "ModelError",
    "PartialResult",
    "Recognition",
    "RecognitionStream",
    "Recognizer",
    "RescoringWeights",
    "SecondPassSettings",
]

Samples = NDArray[np.float32]

_log = logging.getLogger(__name__)

_FEATURE_RATE = 100
_LANGUAGES: tuple[Language, ...] = ("zh", "en", "mix")
# Before half a second of speech the language head guesses.
_SETTLED_SECONDS = 0.5


@dataclass(frozen=True)
class PartialResult:
    """The caption so far: `stable` stays, `unstable` may still change; the language is None until
    there is enough speech to tell. `trailing_blank`: seconds of CTC's blank at its end."""

    stable: str
    unstable: str
    language: Language | None
    trailing_blank: float = 0.0

    @property
    def text(self) -> str:
        """The whole caption."""
        return self.stable + self.unstable


@dataclass(frozen=True)
class Recognition:
    """A finished utterance. `text` as written; `words`: the best CTC hypothesis, as spoken, of the
    second pass; `first_pass`: what the captions ended with; `confidence` in 0..1; `timed`: the
    words of the text, each with its time; `decoder_passes`: runs of the decoder it took."""

    text: str
    words: str
    first_pass: str
    language: Language
    confidence: float
    timed: tuple[TimedWord, ...] = ()
    decoder_passes: int = 0


class Recognizer:
    """A loaded model, ready to open streams; not for use from several threads at once."""

    sample_rate = 16_000

    def __init__(
        self,
        checkpoint: Checkpoint,
        placement: Placement,
        second_pass: SecondPassSettings | None = None,
        blank_threshold: float = 0.8,
    ) -> None:
        self.blank_threshold = blank_threshold
        place(checkpoint.model, placement)
        self._checkpoint = checkpoint
        self._placement = placement
        self._model = checkpoint.model
        self._words: WordFile | None = None
        self._second_pass = _second_pass(checkpoint, second_pass)

    @classmethod
    def load(
        cls,
        folder: Path | str,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        second_pass: SecondPassSettings | None = None,
        blank_threshold: float = 0.8,
    ) -> "Recognizer":
        """Load a model folder, our own or WeNet's as it was published.

        `device`: auto, cpu, cuda or cuda:N; `precision`: auto (the faster of what the processor
        offers, by measurement), fp32, bf16 or fp16; `threads` of the processor, None: torch's
        choice, at most two: more are no quicker and suffer more from other work; `second_pass`: how
        the final text is decided; `blank_threshold`: probability from which on a frame counts as
        blank. Raises ModelError.
        """
        torch.set_num_threads(threads or min(2, torch.get_num_threads()))
        placement = choose_placement(device, precision)
        return cls(
            load_folder(Path(folder), placement.dtype), placement, second_pass, blank_threshold
        )

    @property
    def description(self) -> str:
        """Name, size, device and precision, for people."""
        count = sum(parameter.numel() for parameter in self._model.parameters())
        placement = self._placement
        name = self._checkpoint.name
        return f"{name}, {count / 1e6:.0f} M parameters, {placement.device}, {placement.precision}"

    def stream(
        self,
        *,
        chunk_ms: int = 320,
        left_ms: int | None = None,
        language: Language | None = None,
    ) -> "RecognitionStream":
        """Open a stream with captions every `chunk_ms`, rounded to frames of the model's encoder;
        `left_ms` of the past are attended to, None: all of the utterance. `language`: what is
        spoken, None: the model tells."""
        self._refresh_words()
        frame_ms = 1000 * self._model.encoder.top_factor // _FEATURE_RATE
        if chunk_ms <= 0:
            raise ValueError(f"chunk_ms {chunk_ms} is no span of time")
        # An encoder of a sixth of the frames has one every 60 ms, of which 320 is no multiple.
        frames = max(1, round(chunk_ms / frame_ms))
        chunk_size = frames * self._model.encoder.top_factor // self._model.encoder.factor
        left = -1 if left_ms is None else -(-left_ms // (frames * frame_ms))
        return RecognitionStream(self, chunk_size, left, language)

    def use_hot_words(self, words: WordList | None) -> tuple[str, ...]:
        """Listen for the words of a list from the next utterance on, None: for none.

        Returns the phrases the model's vocabulary cannot spell, which are left out.
        """
        self._words = None
        return self._listen_for(words or WordList())

    def decide_by(self, settings: SecondPassSettings) -> None:
        """Decide on final texts in another way from now on."""
        self._second_pass.settings = settings

    def follow_hot_words(self, path: Path) -> None:
        """Listen for the words of a file, and read it again before an utterance if it has changed.

        A file that is not there has no words; one that cannot be read leaves them as they were, and
        the log says so, as of phrases that the model's vocabulary cannot spell.
        """
        self._words = WordFile(path)
        self._refresh_words()

    def _refresh_words(self) -> None:
        try:
            words = self._words.changed() if self._words is not None else None
        except HotWordsError as error:
            _log.warning("%s; the words stay as they were", error)
            return
        if words is None:
            return
        for phrase in self._listen_for(words):
            _log.warning("%r cannot be listened for: the model has no token for part of it", phrase)

    def _listen_for(self, words: WordList) -> tuple[str, ...]:
        own = self._checkpoint.decoder_tokenizer is not None
        found = hot_words_of(words.words, self._checkpoint.tokenizer, decoder=own)
        self._second_pass.hot_words = found
        return found.unspellable

    def transcribe(self, samples: Samples, *, language: Language | None = None) -> Recognition:
        """Recognise one whole utterance of 16 kHz mono samples with full context; `language`: what
        is spoken, None: the model tells."""
        self._refresh_words()
        with torch.inference_mode():
            frames = self._model.features(self._tensor(samples))
            return self._finish(frames, None, language)

    def _finish(
        self, frames: Tensor, first_pass: str | None, language: Language | None
    ) -> Recognition:
        """Encode all frames (T, F) again with full context and decide on the text."""
        if frames.size(0) < self._model.encoder.top_factor:
            return Recognition("", "", first_pass or "", language or "en", 0.0)
        features = frames[None].to(self._placement.dtype)
        lengths = torch.tensor([frames.size(0)], device=frames.device)
        output = self._model.encoder(features, lengths)
        told = None if language else self._model.language_log_probs(output)
        if told is not None:
            language = _LANGUAGES[int(told[0].argmax())]
        log_probs = self._model.ctc_log_probs(output.top)[0]
        decided = self._second_pass.decide(output.memory, log_probs, language)
        return Recognition(
            text=decided.text,
            words=decided.words,
            first_pass=decided.words if first_pass is None else first_pass,
            language=language or language_of(decided.words),
            confidence=decided.confidence,
            timed=decided.timed,
            decoder_passes=decided.passes,
        )

    def _tensor(self, samples: Samples) -> Tensor:
        if samples.ndim != 1:
            raise ValueError(f"samples must be (N,), not {samples.shape}")
        contiguous = np.ascontiguousarray(samples, dtype=np.float32)
        return torch.from_numpy(contiguous).to(self._placement.device)


def _second_pass(checkpoint: Checkpoint, settings: SecondPassSettings | None) -> SecondPass:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    decoders = spelling = None
    if model.decoder is not None:
        decoders = (model.decoder, model.reverse_decoder)
        spelling = _spelling(checkpoint, model.decoder.config)
    frame_seconds = model.encoder.top_factor / _FEATURE_RATE
    return SecondPass(
        tokenizer, decoders, spelling, settings or SecondPassSettings(), frame_seconds
    )


def _spelling(checkpoint: Checkpoint, config: DecoderConfig) -> Spelling | None:
    if config.start is not None and config.end is not None:
        return UnitSpelling(checkpoint.tokenizer, config.start, config.end)
    if checkpoint.decoder_tokenizer is not None:
        return WrittenSpelling(checkpoint.tokenizer, checkpoint.decoder_tokenizer)
    return None


class RecognitionStream:
    """One utterance being recognised, chunk by chunk."""

    def __init__(
        self,
        recognizer: Recognizer,
        chunk_size: int,
        left_context: int,
        language: Language | None,
    ) -> None:
        self._recognizer = recognizer
        self._model = recognizer._model
        self._chunk_size = chunk_size
        self._left_context = left_context
        self._spoken = language
        device = recognizer._placement.device
        self._features: FeatureState = self._model.features.initial_state(torch.device(device))
        self._encoder: StreamState = self._model.encoder.initial_state()
        self._frames: list[Tensor] = []
        self._tokens: list[int] = []
        self._last = 0
        self._pooled: Tensor | None = None
        self._encoded = 0
        self._blanks = 0
        self._caption = Stabilizer()
        self.compute_seconds: list[float] = []

    def accept(self, samples: Samples) -> PartialResult | None:
        """Take samples (N,) of any number; the caption when they completed a chunk, else None."""
        with torch.inference_mode():
            frames, self._features = self._model.features.step(
                self._recognizer._tensor(samples), self._features
            )
            return self._encode(frames, final=False)

    def finish(self) -> Recognition:
        """Flush, run the second pass and return the finished text; the stream is spent."""
        with torch.inference_mode():
            self._frames.append(self._model.features.flush(self._features))
            frames = torch.cat(self._frames)
            return self._recognizer._finish(frames, self._text(), self._spoken)

    def finish_first_pass(self) -> str:
        """Flush and return the words of the first pass alone; the stream is spent."""
        with torch.inference_mode():
            self._encode(self._model.features.flush(self._features), final=True)
        return self._text()

    def _encode(self, frames: Tensor, final: bool) -> PartialResult | None:
        began = time.perf_counter()
        self._frames.append(frames)
        output, self._encoder = self._model.encoder.step(
            frames[None].to(self._recognizer._placement.dtype),
            self._encoder,
            self._chunk_size,
            self._left_context,
            final,
        )
        if output.top.size(1) == 0:
            return None
        self._take(output)
        self._caption = self._caption.show(space_scripts(self._text()))
        frame_seconds = self._model.encoder.top_factor / _FEATURE_RATE
        partial = PartialResult(
            self._caption.stable,
            self._caption.unstable,
            self._language(),
            self._blanks * frame_seconds,
        )
        self.compute_seconds.append(time.perf_counter() - began)
        return partial

    def _take(self, output: EncoderOutput) -> None:
        logits = self._model.ctc(output.top[0]).float()
        best = logits.argmax(1).tolist()
        blank = (logits[:, 0] - logits.logsumexp(1)).exp() > self._recognizer.blank_threshold
        since = blank.flip(0).long().cumprod(0).sum()
        self._blanks = int(since) + (self._blanks if bool(blank.all()) else 0)
        path: GreedyPath = collapse(best, self._encoded, self._last)
        self._tokens += path.tokens
        self._last = best[-1]
        self._encoded += len(best)
        total = output.top[0].float().sum(0)
        self._pooled = total if self._pooled is None else self._pooled + total

    def _language(self) -> Language | None:
        frame_seconds = self._model.encoder.top_factor / _FEATURE_RATE
        if self._pooled is None or self._encoded * frame_seconds < _SETTLED_SECONDS:
            return None
        if not self._tokens:
            return None
        if self._spoken is not None:
            return self._spoken
        if self._model.language is None:
            return language_of(self._text())
        mean = (self._pooled / self._encoded)[None]
        log_probs = self._model.language(mean.to(self._recognizer._placement.dtype))
        return _LANGUAGES[int(log_probs[0].argmax())]

    def _text(self) -> str:
        return self._recognizer._checkpoint.tokenizer.decode(self._tokens)
