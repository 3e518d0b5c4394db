"""Audio in, text out: a stream with captions as it comes, or a whole utterance at once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.measured import fastest_precision
from dictation.checkpoints.own import Checkpoint, ModelError
from dictation.decoding.attention import RescoringWeights
from dictation.decoding.greedy import GreedyPath, collapse
from dictation.decoding.hot_words import hot_words_of
from dictation.decoding.second_pass import SecondPass, SecondPassSettings
from dictation.decoding.spelling import Spelling, UnitSpelling, WrittenSpelling
from dictation.decoding.stabilizer import Stabilizer
from dictation.events import Language, TimedWord
from dictation.model.config import DecoderConfig
from dictation.model.features import FeatureState
from dictation.model.placement import Placement, choose_device, choose_precision, place, retreat
from dictation.model.stream import StreamState, move_state, stack_states, unstack_states
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
T = TypeVar("T")

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
        self._size = sum(parameter.numel() for parameter in checkpoint.model.parameters())
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

        `device`: auto, cpu, cuda, cuda:N or mps; `precision`: auto (the fastest that the processor
        offers, measured once and remembered), fp32, bf16, fp16 or int8; `threads` of the processor,
        None: torch's choice, at most two: more are no quicker and suffer more from other work;
        `second_pass`: how the final text is decided; `blank_threshold`: probability from which on a
        frame counts as blank. Raises ModelError or PlacementError.
        """
        torch.set_num_threads(threads or min(2, torch.get_num_threads()))
        place_at = choose_device(device)
        checkpoint = load_folder(Path(folder))
        chosen = choose_precision(
            place_at, precision, lambda: fastest_precision(checkpoint.model.config)
        )
        return cls(checkpoint, Placement(place_at, chosen), second_pass, blank_threshold)

    @property
    def description(self) -> str:
        """Name, size, device and precision, for people."""
        name, placement = self._checkpoint.name, self._placement
        size = f"{self._size / 1e6:.0f} M parameters"
        return f"{name}, {size}, {placement.device}, {placement.precision}"

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
            frames = self._model.features(_tensor(samples))
            return self._finish(frames, None, language)

    def accept_batch(
        self, streams: Sequence["RecognitionStream"], samples: Sequence[Samples]
    ) -> list[PartialResult | None]:
        """Take samples (N,) for each of several streams of this recogniser, as `accept` does; those
        whose chunks are whole at the same time are encoded together."""
        partials: list[PartialResult | None] = [None] * len(streams)
        with torch.inference_mode():
            for stream, heard in zip(streams, samples, strict=True):
                stream._hear(_tensor(heard))
            while due := [stream for stream in streams if stream._is_due()]:
                first = due[0]
                together = [stream for stream in due if stream._fits(first)]
                for stream, encoded in zip(together, self._encode(together), strict=True):
                    partial = stream._take(encoded)
                    index = streams.index(stream)
                    partials[index] = partial or partials[index]
        return partials

    def _encode(self, streams: Sequence["RecognitionStream"]) -> list["_Encoded"]:
        """Encode the frames that are due of streams which fit together; they stay as they are."""
        return self._guarded(lambda: self._encode_there(streams))

    def _encode_there(self, streams: Sequence["RecognitionStream"]) -> list["_Encoded"]:
        began = time.perf_counter()
        first = streams[0]
        states = [self._here(stream._encoder) for stream in streams]
        state = states[0] if len(states) == 1 else stack_states(states)
        frames = torch.stack([stream._due() for stream in streams])
        output, state = self._model.encoder.step(
            frames.to(self._placement.device, self._placement.dtype),
            state,
            first._chunk_size,
            first._left_context,
            first._ended,
        )
        # Before there is a frame its type is not that of the weights.
        logits = self._model.ctc(output.top.to(self._placement.dtype)).float()
        best = logits.argmax(2).tolist()
        blank = (logits[..., 0] - logits.logsumexp(2)).exp() > self.blank_threshold
        since = blank.flip(1).long().cumprod(1).sum(1).tolist()
        totals = output.top.float().sum(1).cpu()
        states = [state] if len(streams) == 1 else unstack_states(state)
        spent = (time.perf_counter() - began) / len(streams)
        return [_Encoded(*each, spent) for each in zip(states, best, since, totals, strict=True)]

    def _here(self, state: StreamState) -> StreamState:
        """Return a state where the model is by now."""
        device = torch.device(self._placement.device)
        if state.pending.device.type == device.type:
            return state
        return move_state(state, device, self._placement.dtype)

    def _guarded(self, work: Callable[[], T]) -> T:
        """Do work that changes nothing; where the device has no room for it, move to the CPU and do
        it there."""
        try:
            return work()
        except torch.OutOfMemoryError:
            if self._placement.device == "cpu":
                raise
            device = self._placement.device
        # Out of the handler: the error holds on to what filled the memory.
        self._placement = retreat(self._model)
        _log.warning("%s has no memory left: recognising on the CPU from now on", device)
        return work()

    def _finish(
        self, frames: Tensor, first_pass: str | None, language: Language | None
    ) -> Recognition:
        """Encode all frames (T, F) again with full context and decide on the text."""
        if frames.size(0) < self._model.encoder.top_factor:
            return Recognition("", "", first_pass or "", language or "en", 0.0)
        return self._guarded(lambda: self._decide(frames, first_pass, language))

    def _decide(
        self, frames: Tensor, first_pass: str | None, language: Language | None
    ) -> Recognition:
        features = frames[None].to(self._placement.device, self._placement.dtype)
        lengths = torch.tensor([frames.size(0)], device=features.device)
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


def _tensor(samples: Samples) -> Tensor:
    if samples.ndim != 1:
        raise ValueError(f"samples must be (N,), not {samples.shape}")
    return torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))


@dataclass(frozen=True)
class _Encoded:
    """What a step of the encoder made of one stream: its state after, CTC's best tokens (t,), how
    many of them are blanks at the end, the sum of the top states (D,), and the seconds it took."""

    state: StreamState
    best: list[int]
    blanks: int
    total: Tensor
    seconds: float


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
        self._features: FeatureState = self._model.features.initial_state(torch.device("cpu"))
        self._encoder: StreamState = self._model.encoder.initial_state()
        self._frames: list[Tensor] = []
        self._waiting = torch.zeros(0, self._model.config.features.mel_bins)
        self._begun = self._ended = False
        self._tokens: list[int] = []
        self._last = 0
        self._pooled: Tensor | None = None
        self._encoded = 0
        self._blanks = 0
        self._caption = Stabilizer()
        self.compute_seconds: list[float] = []

    def accept(self, samples: Samples) -> PartialResult | None:
        """Take samples (N,) of any number; the caption when they completed a chunk, else None."""
        return self._recognizer.accept_batch([self], [samples])[0]

    def finish(self) -> Recognition:
        """Flush, run the second pass and return the finished text; the stream is spent."""
        with torch.inference_mode():
            self._frames.append(self._model.features.flush(self._features))
            frames = torch.cat(self._frames)
            return self._recognizer._finish(frames, self._text(), self._spoken)

    def finish_first_pass(self) -> str:
        """Flush and return the words of the first pass alone; the stream is spent."""
        with torch.inference_mode():
            self._wait_for(self._model.features.flush(self._features))
            self._ended = True
            self._take(self._recognizer._encode([self])[0])
        return self._text()

    def _hear(self, samples: Tensor) -> None:
        frames, self._features = self._model.features.step(samples, self._features)
        self._wait_for(frames)

    def _wait_for(self, frames: Tensor) -> None:
        self._frames.append(frames)
        self._waiting = torch.cat([self._waiting, frames])

    def _wanted(self) -> int:
        """Feature frames to encode next: what a stream needs at its start, then a chunk."""
        encoder = self._model.encoder
        return self._chunk_size * encoder.factor if self._begun else encoder.lookahead

    def _is_due(self) -> bool:
        return self._waiting.size(0) >= self._wanted()

    def _fits(self, other: "RecognitionStream") -> bool:
        """Whether both take the same step next."""
        mine = (self._chunk_size, self._left_context, self._begun)
        return mine == (other._chunk_size, other._left_context, other._begun)

    def _due(self) -> Tensor:
        return self._waiting if self._ended else self._waiting[: self._wanted()]

    def _take(self, encoded: _Encoded) -> PartialResult | None:
        """Go on from what was encoded of the frames that were due."""
        began = time.perf_counter()
        self._waiting = self._waiting[self._due().size(0) :]
        self._begun = True
        self._encoder = encoded.state
        best = encoded.best
        if not best:
            return None
        path: GreedyPath = collapse(best, self._encoded, self._last)
        self._tokens += path.tokens
        self._last = best[-1]
        self._blanks = encoded.blanks + (self._blanks if encoded.blanks == len(best) else 0)
        self._encoded += len(best)
        self._pooled = encoded.total if self._pooled is None else self._pooled + encoded.total
        self._caption = self._caption.show(space_scripts(self._text()))
        partial = PartialResult(
            self._caption.stable,
            self._caption.unstable,
            self._language(),
            self._blanks * self._model.encoder.top_factor / _FEATURE_RATE,
        )
        self.compute_seconds.append(encoded.seconds + time.perf_counter() - began)
        return partial

    def _language(self) -> Language | None:
        frame_seconds = self._model.encoder.top_factor / _FEATURE_RATE
        if self._pooled is None or self._encoded * frame_seconds < _SETTLED_SECONDS:
            return None
        if not self._tokens:
            return None
        if self._spoken is not None:
            return self._spoken
        head = self._model.language
        if head is None:
            return language_of(self._text())
        mean = (self._pooled / self._encoded)[None]
        return _LANGUAGES[int(head(mean.to(head.hidden.weight.device))[0].argmax())]

    def _text(self) -> str:
        return self._recognizer._checkpoint.tokenizer.decode(self._tokens)
