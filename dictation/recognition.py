"""One utterance being recognised, chunk by chunk, and what is known of it on the way."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dictation.decoding.captions import Caption, CaptionWriter, chunks_to_skip
from dictation.decoding.fusion import CtcFusion
from dictation.decoding.greedy import collapse
from dictation.decoding.prefix_beam import BeamState, Context, extend, hypotheses
from dictation.decoding.stabilizer import Stabilizer
from dictation.events import Language, TimedWord
from dictation.model.features import FeatureState
from dictation.model.placement import PlacedModel
from dictation.model.stream import StreamState, stack_states, unstack_states
from dictation.text.format import format_words
from dictation.text.normalize import is_mixed, language_of
from dictation.text.tokenizer import Tokenizer
from dictation.text.writing.spacing import space_scripts

Samples = NDArray[np.float32]

FEATURE_RATE = 100
"""Feature frames a second."""
LANGUAGES: tuple[Language, ...] = ("zh", "en", "mix")
"""The classes of the language head, in its order."""
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
    second pass; `first_pass`: that of the first pass; `confidence` in 0..1; `timed`: the
    words of the text, each with its time; `decoder_passes`: runs of the decoder it took."""

    text: str
    words: str
    first_pass: str
    language: Language
    confidence: float
    timed: tuple[TimedWord, ...] = ()
    decoder_passes: int = 0


@dataclass(frozen=True)
class CaptionSearch:
    """What guides a search of CTC for captions, one for each utterance, and how many prefixes that
    search keeps."""

    context: Callable[[], Context | None]
    beam: int


@dataclass(frozen=True)
class StreamSettings:
    """Encoder frames in a chunk, chunks of the past that are attended to (-1: all), what is spoken
    (None: the model tells), the probability from which on a frame counts as blank, and how CTC is
    searched for captions (None: its best path is taken)."""

    chunk_size: int
    left_context: int
    language: Language | None
    blank_threshold: float
    search: CaptionSearch | None = None


Decide = Callable[[Tensor, str, Language | None], Recognition]
"""From all frames (T, F) of an utterance, what its captions ended with and what is spoken, to the
finished text."""


@dataclass(frozen=True)
class _Encoded:
    """What a step of the encoder made of one stream: its state after, CTC's log-probabilities
    (t, V), how many blanks are at their end, the sum of the top states (D,), the memory (1, T, D)
    and the seconds it took."""

    state: StreamState
    log_probs: Tensor
    blanks: int
    total: Tensor
    memory: Tensor
    seconds: float


class RecognitionStream:
    """One utterance being recognised, chunk by chunk."""

    def __init__(
        self,
        placed: PlacedModel,
        tokenizer: Tokenizer,
        settings: StreamSettings,
        decide: Decide,
        writer: CaptionWriter | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._placed = placed
        self._model = placed.model
        self._tokenizer = tokenizer
        self._settings = settings
        self._decide = decide
        self._writer = writer
        self._clock = clock
        self._features: FeatureState = self._model.features.initial_state(torch.device("cpu"))
        self._encoder: StreamState = self._model.encoder.initial_state()
        self._frames: list[Tensor] = []
        self._waiting = torch.zeros(0, self._model.config.features.mel_bins)
        self._begun = self._ended = False
        self._tokens: list[int] = []
        self._last = 0
        self._search = BeamState.initial()
        self._unsearched: list[Tensor] = []
        self._context = settings.search.context() if settings.search is not None else None
        self._pooled: Tensor | None = None
        self._encoded = 0
        self._blanks = 0
        self._written = Caption()
        self._skip = 0
        self._by_ctc = False
        self._caption = Stabilizer()
        self._foreseen: Recognition | None = None
        self.compute_seconds: list[float] = []

    def accept(self, samples: Samples) -> PartialResult | None:
        """Take samples (N,) of any number; the caption when they completed a chunk, else None."""
        return accept_together(self._placed, [self], [samples])[0]

    def foresee(self) -> None:
        """Run the second pass as if nothing more came; `finish` has its text if nothing does."""
        self._foreseen = self._decided()

    def finish(self) -> Recognition:
        """Flush, run the second pass and return the finished text; the stream is spent."""
        return self._foreseen or self._decided()

    def finish_first_pass(self) -> str:
        """Flush and return what the captions end with; the stream is spent."""
        with torch.inference_mode():
            self._wait_for(self._model.features.flush(self._features))
            self._ended = True
            self._skip = 0
            self._take(_encode(self._placed, [self])[0])
        if self._writer is None:
            return self._text()
        return self._written_by_ctc() if self._by_ctc else self._writer.whole(self._written)

    def _decided(self) -> Recognition:
        with torch.inference_mode():
            frames = torch.cat([*self._frames, self._model.features.flush(self._features)])
            words = self._text() if self._writer is None else self._heard()
            return self._decide(frames, words, self._settings.language)

    def _hear(self, samples: Tensor) -> None:
        if samples.numel():
            self._foreseen = None
        frames, self._features = self._model.features.step(samples, self._features)
        self._wait_for(frames)

    def _wait_for(self, frames: Tensor) -> None:
        self._frames.append(frames)
        self._waiting = torch.cat([self._waiting, frames])

    def _wanted(self) -> int:
        """Feature frames to encode next: what a stream needs at its start, then a chunk."""
        encoder = self._model.encoder
        return self._settings.chunk_size * encoder.factor if self._begun else encoder.lookahead

    def _is_due(self) -> bool:
        return self._waiting.size(0) >= self._wanted()

    def _fits(self, other: "RecognitionStream") -> bool:
        """Whether both take the same step next."""
        return (self._settings, self._begun) == (other._settings, other._begun)

    def _due(self) -> Tensor:
        return self._waiting if self._ended else self._waiting[: self._wanted()]

    def _take(self, encoded: _Encoded) -> PartialResult | None:
        """Go on from what was encoded of the frames that were due."""
        began = time.perf_counter()
        self._waiting = self._waiting[self._due().size(0) :]
        self._begun = True
        self._encoder = encoded.state
        frames = encoded.log_probs.size(0)
        if frames == 0:
            return None
        self._hear_tokens(encoded.log_probs)
        self._blanks = encoded.blanks + (self._blanks if encoded.blanks == frames else 0)
        self._encoded += frames
        self._pooled = encoded.total if self._pooled is None else self._pooled + encoded.total
        self._show(encoded.memory, frames)
        partial = PartialResult(
            self._caption.stable,
            self._caption.unstable,
            self._language(),
            self._blanks * self._model.encoder.top_factor / FEATURE_RATE,
        )
        self.compute_seconds.append(encoded.seconds + time.perf_counter() - began)
        return partial

    def _hear_tokens(self, log_probs: Tensor) -> None:
        best = log_probs.argmax(1).tolist()
        self._tokens += collapse(best, self._encoded, self._last).tokens
        self._last = best[-1]
        if self._settings.search is not None:
            self._unsearched.append(log_probs)

    def _show(self, memory: Tensor, frames: int) -> None:
        """Show what was heard; the decoder writes it anew as long as there is more than before, and
        once more when it knows what came after, provided that there is time for it."""
        writer = self._writer
        caption = self._written = self._written.hearing(memory)
        self._skip -= 1
        if writer is None:
            self._caption = self._caption.show(space_scripts(self._text()))
            return
        if len(self._tokens) == caption.settled:
            return
        if self._skip >= 0 or self._is_due():
            new = self._tokenizer.decode(self._tokens[caption.settled :])
            text = space_scripts(f"{caption.text} {new}".strip())
            self._caption = self._caption.show(self._written_by_ctc() if self._by_ctc else text)
            return
        began, words = self._clock(), self._heard()
        language = self._language() or language_of(words)
        self._written = self._placed.run(
            lambda: writer.write(caption, self._tokens, words, language)
        )
        seconds = frames * self._model.encoder.top_factor / FEATURE_RATE
        self._skip = chunks_to_skip(self._clock() - began, seconds)
        self._by_ctc = self._is_mixed() and writer.differs(self._written, self._text())
        if self._by_ctc:
            self._caption = self._caption.show(self._written_by_ctc())
        # What is shown again for want of better is no surer than before.
        elif self._written.text != caption.text:
            self._caption = self._caption.show(self._written.text)

    def _written_by_ctc(self) -> str:
        return space_scripts(format_words(self._text()))

    def _is_mixed(self) -> bool:
        """Whether there are two languages, by what CTC with a language model hears: the decoder,
        which sets out in one of them, may have lost the other."""
        if not isinstance(self._context, CtcFusion) or language_of(self._heard()) != "mix":
            return False
        text = self._text()
        return is_mixed(text) or (self._language() == "mix" and language_of(text) == "mix")

    def _language(self) -> Language | None:
        frame_seconds = self._model.encoder.top_factor / FEATURE_RATE
        if self._pooled is None or self._encoded * frame_seconds < _SETTLED_SECONDS:
            return None
        if not self._tokens:
            return None
        if self._settings.language is not None:
            return self._settings.language
        head = self._model.language
        if head is None:
            return language_of(self._text())
        mean = (self._pooled / self._encoded)[None]
        return LANGUAGES[int(head(mean.to(head.hidden.weight.device))[0].argmax())]

    def _heard(self) -> str:
        return self._tokenizer.decode(self._tokens)

    def _text(self) -> str:
        search = self._settings.search
        if search is None:
            return self._heard()
        # Most captions of a decoder are never asked for it: it waits until one is.
        if self._unsearched:
            log_probs = torch.cat(self._unsearched)
            self._unsearched = []
            self._search = extend(self._search, log_probs, search.beam, self._context)
        return self._tokenizer.decode(hypotheses(self._search, self._context)[0].tokens)


def accept_together(
    placed: PlacedModel, streams: Sequence[RecognitionStream], samples: Sequence[Samples]
) -> list[PartialResult | None]:
    """Take samples (N,) for each of several streams of a model, as `RecognitionStream.accept` does;
    those whose chunks are whole at the same time are encoded together."""
    partials: list[PartialResult | None] = [None] * len(streams)
    with torch.inference_mode():
        for stream, heard in zip(streams, samples, strict=True):
            stream._hear(as_tensor(heard))
        while due := [stream for stream in streams if stream._is_due()]:
            first = due[0]
            together = [stream for stream in due if stream._fits(first)]
            for stream, encoded in zip(together, _encode(placed, together), strict=True):
                partial = stream._take(encoded)
                index = streams.index(stream)
                partials[index] = partial or partials[index]
    return partials


def as_tensor(samples: Samples) -> Tensor:
    """Return samples (N,) as a tensor; raises ValueError for another shape."""
    if samples.ndim != 1:
        raise ValueError(f"samples must be (N,), not {samples.shape}")
    return torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))


def _encode(placed: PlacedModel, streams: Sequence[RecognitionStream]) -> list[_Encoded]:
    """Encode the frames that are due of streams which fit together; they stay as they are."""
    return placed.run(lambda: _encode_there(placed, streams))


def _encode_there(placed: PlacedModel, streams: Sequence[RecognitionStream]) -> list[_Encoded]:
    began = time.perf_counter()
    model, first = placed.model, streams[0]
    settings = first._settings
    states = [placed.state_here(stream._encoder) for stream in streams]
    state = states[0] if len(states) == 1 else stack_states(states)
    frames = torch.stack([stream._due() for stream in streams])
    output, state = placed.step(
        placed.to_model(frames),
        state,
        settings.chunk_size,
        settings.left_context,
        first._ended,
    )
    # Before there is a frame its type is not that of the weights.
    logits = model.ctc(placed.to_model(output.top)).float()
    log_probs = logits.log_softmax(2)
    blank = log_probs[..., 0].exp() > settings.blank_threshold
    since = blank.flip(1).long().cumprod(1).sum(1).tolist()
    totals = output.top.float().sum(1).cpu()
    states = [state] if len(streams) == 1 else unstack_states(state)
    memories = torch.split(output.memory, 1)
    spent = (time.perf_counter() - began) / len(streams)
    return [
        _Encoded(*each, spent)
        for each in zip(states, log_probs, since, totals, memories, strict=True)
    ]
