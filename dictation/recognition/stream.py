"""One utterance being recognised, chunk by chunk, and what is known of it on the way."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from dictation.decoding.captions import Caption, CaptionWriter, chunks_to_skip
from dictation.decoding.greedy import collapse
from dictation.decoding.prefix_beam import BeamState, extend, hypotheses
from dictation.decoding.stabilizer import Stabilizer
from dictation.events import Language
from dictation.model.features import FeatureState
from dictation.model.placement import PlacedModel
from dictation.model.stream import StreamState, stack_states, unstack_states
from dictation.recognition.results import (
    FEATURE_RATE,
    LANGUAGES,
    SILENCE,
    Captioned,
    Decide,
    PartialResult,
    Recognition,
    Samples,
    StreamSettings,
)
from dictation.text.normalize import language_of
from dictation.text.tokenizer import Tokenizer
from dictation.text.writing.spacing import space_scripts

# Before half a second of speech the language head guesses.
_SETTLED_SECONDS = 0.5
# What is encoded again takes at most this share of the time.
_SHARE = 0.3


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


@dataclass(frozen=True)
class _Heard:
    """What was heard of an utterance so far: CTC's tokens, the unit of the last frame, how many
    frames there were and how many blanks at their end, the sum of their top states (D,), and the
    search of CTC, if it is searched."""

    tokens: tuple[int, ...] = ()
    last: int = 0
    frames: int = 0
    blanks: int = 0
    pooled: Tensor | None = None
    search: BeamState = field(default_factory=BeamState.initial)

    def with_more(self, encoded: _Encoded, search: BeamState) -> "_Heard":
        """Return what was heard with what comes next, and with the search of all that."""
        frames = encoded.log_probs.size(0)
        best = encoded.log_probs.argmax(1).tolist()
        more = collapse(best, self.frames, self.last).tokens
        return _Heard(
            tokens=(*self.tokens, *more),
            last=best[-1],
            frames=self.frames + frames,
            blanks=encoded.blanks + (self.blanks if encoded.blanks == frames else 0),
            pooled=encoded.total if self.pooled is None else self.pooled + encoded.total,
            search=search,
        )


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
        # From the first frame on that will be encoded again.
        self._waiting = torch.zeros(0, self._model.config.features.mel_bins)
        self._shown = 0
        self._begun = self._ended = False
        search = settings.search
        self._context = None if search is None else search.context()
        self._certain = self._heard = _Heard()
        self._written = Caption()
        self._skip = 0
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
        """Flush and return what the captions end with, silence after it as in the second pass; the
        stream is spent."""
        with torch.inference_mode():
            if self._model.config.features.frontend == "whisper":
                self._hear(torch.zeros(SILENCE))
            self._wait_for(self._model.features.flush(self._features))
            while self._is_due():
                self._take(_encode(self._placed, [self])[0])
            self._ended = True
            self._skip = 0
            self._take(_encode(self._placed, [self])[0])
            if self._writer is None:
                return self._text()
            words, tokens = self._words(), self._heard.tokens
            language = self._language() or language_of(words)
            writer, caption = self._writer, self._written
            return self._placed.run(lambda: writer.whole(caption, tokens, words, language))

    def _decided(self) -> Recognition:
        with torch.inference_mode():
            features = self._model.features
            logarithms = torch.cat([*self._frames, features.flush(self._features)])
            frames = features.levelled(logarithms, self._features)
            words = self._text() if self._writer is None else self._words()
            captioned = Captioned(words, self._language())
            return self._decide(frames, captioned, self._settings.language)

    def _hear(self, samples: Tensor) -> None:
        if samples.numel():
            self._foreseen = None
        frames, self._features = self._model.features.step(samples, self._features)
        self._wait_for(frames)

    def _wait_for(self, frames: Tensor) -> None:
        self._frames.append(frames)
        self._waiting = torch.cat([self._waiting, frames])

    def _chunks(self) -> int:
        """Return how many chunks are encoded next: all that there are of the window."""
        frames = self._settings.chunk_size * self._model.encoder.factor
        whole = min(self._waiting.size(0) // frames, self._settings.window)
        return max(whole, self._shown + 1)

    def _wanted(self) -> int:
        """Feature frames to encode next: what a stream needs at its start, then chunks."""
        encoder = self._model.encoder
        if not self._begun:
            return encoder.lookahead
        return self._chunks() * self._settings.chunk_size * encoder.factor

    def _is_due(self) -> bool:
        return self._waiting.size(0) >= self._wanted()

    def _fits(self, other: "RecognitionStream") -> bool:
        """Whether both take the same step next."""
        return (self._settings, self._begun, self._wanted()) == (
            other._settings,
            other._begun,
            other._wanted(),
        )

    def _due(self) -> int:
        """Feature frames to encode now: at the end all that there are."""
        return self._waiting.size(0) if self._ended else self._wanted()

    def _due_frames(self) -> Tensor:
        """Return the frames (T, F) to encode now, at the level of all that was heard so far."""
        return self._model.features.levelled(self._waiting[: self._due()], self._features)

    def _take(self, encoded: _Encoded) -> PartialResult | None:
        """Go on from what was encoded of the frames that were due."""
        began = self._clock()
        settings, chunks = self._settings, self._chunks()
        frames = encoded.log_probs.size(0)
        fresh = (chunks - self._shown) * self._chunk_seconds()
        closing = (
            not self._begun
            or self._ended
            or chunks == settings.window
            # However slow the processor is, it keeps up.
            or encoded.seconds > _SHARE * fresh
        )
        heard = self._certain
        if frames:
            heard = heard.with_more(encoded, self._searched(heard.search, encoded.log_probs))
            self._written = self._written.hearing(encoded.memory, certain=closing)
        self._heard = heard
        if closing:
            self._waiting = self._waiting[self._due() :]
            self._encoder, self._certain = encoded.state, heard
        self._shown = 0 if closing else chunks
        self._begun = True
        if frames == 0:
            return None
        self._show(fresh)
        partial = PartialResult(
            self._caption.stable,
            self._caption.unstable,
            self._language(),
            heard.blanks * self._model.encoder.top_factor / FEATURE_RATE,
        )
        self.compute_seconds.append(encoded.seconds + self._clock() - began)
        return partial

    def _chunk_seconds(self) -> float:
        return self._settings.chunk_size * self._model.encoder.factor / FEATURE_RATE

    def _show(self, seconds: float) -> None:
        """Show what was heard, `seconds` of it new; the decoder writes it anew as long as there is
        more than before, and once more when it knows what came after, provided that there is time
        for it."""
        writer, caption, tokens = self._writer, self._written, self._heard.tokens
        self._skip -= 1
        if writer is None:
            self._caption = self._caption.show(space_scripts(self._text()))
            return
        if tokens == caption.settled:
            return
        if self._skip >= 0 or self._is_due():
            new = self._tokenizer.decode(tokens[len(caption.settled) :])
            self._caption = self._caption.show(space_scripts(f"{caption.text} {new}".strip()))
            return
        began, words = self._clock(), self._words()
        language = self._language() or language_of(words)
        self._written = self._placed.run(lambda: writer.write(caption, tokens, words, language))
        self._skip = chunks_to_skip(self._clock() - began, seconds)
        # What is shown again for want of better is no surer than before.
        if self._written.text != caption.text:
            self._caption = self._caption.show(self._written.text)

    def _language(self) -> Language | None:
        heard, frame_seconds = self._heard, self._model.encoder.top_factor / FEATURE_RATE
        if heard.pooled is None or heard.frames * frame_seconds < _SETTLED_SECONDS:
            return None
        if not heard.tokens:
            return None
        if self._settings.language is not None:
            return self._settings.language
        head = self._model.language
        if head is None:
            return language_of(self._text())
        mean = (heard.pooled / heard.frames)[None]
        return LANGUAGES[int(head(mean.to(head.hidden.weight.device))[0].argmax())]

    def _searched(self, before: BeamState, log_probs: Tensor) -> BeamState:
        search = self._settings.search
        return before if search is None else extend(before, log_probs, search.beam, self._context)

    def _words(self) -> str:
        return self._tokenizer.decode(self._heard.tokens)

    def _text(self) -> str:
        if self._settings.search is None:
            return self._words()
        return self._tokenizer.decode(hypotheses(self._heard.search, self._context)[0].tokens)


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
    model, first = placed.model, streams[0]
    began = first._clock()
    settings, chunks = first._settings, first._chunks()
    for stream in streams:
        stream._encoder.reclaim()
    states = [placed.state_here(stream._encoder) for stream in streams]
    state = states[0] if len(states) == 1 else stack_states(states)
    frames = torch.stack([stream._due_frames() for stream in streams])
    output, state = placed.step(
        placed.to_model(frames),
        state,
        chunks * settings.chunk_size,
        -(-settings.left_context // chunks) if settings.left_context > 0 else settings.left_context,
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
    spent = (first._clock() - began) / len(streams)
    return [
        _Encoded(*each, spent)
        for each in zip(states, log_probs, since, totals, memories, strict=True)
    ]
