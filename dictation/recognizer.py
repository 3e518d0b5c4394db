"""Audio in, text out: a stream with captions as it comes, or a whole utterance at once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.measured import fastest_precision
from dictation.checkpoints.own import Checkpoint
from dictation.checkpoints.weights import ModelError
from dictation.decoding.attention import RescoringWeights
from dictation.decoding.captions import CaptionWriter
from dictation.decoding.hot_words import hot_words_of
from dictation.decoding.second_pass import Decided, SecondPass, SecondPassSettings
from dictation.decoding.spelling import Spelling, UnitSpelling, WrittenSpelling
from dictation.events import Language
from dictation.model.config import DecoderConfig
from dictation.model.encoder import EncoderOutput
from dictation.model.joint import Listener
from dictation.model.placement import PlacedModel, Placement, choose_device, choose_precision
from dictation.recognition.results import (
    FEATURE_RATE,
    LANGUAGES,
    SILENCE,
    Captioned,
    CaptionSearch,
    PartialResult,
    Recognition,
    Samples,
    StreamSettings,
)
from dictation.recognition.stream import RecognitionStream, accept_together, as_tensor
from dictation.text.hot_words import HotWordsError, WordFile, WordList
from dictation.text.normalize import written_language

__all__ = [
    "ModelError",
    "PartialResult",
    "Recognition",
    "RecognitionStream",
    "Recognizer",
    "RescoringWeights",
    "SecondPassSettings",
]

CaptionSource = Literal["ctc", "decoder"]
"""Who writes the captions: CTC, or the decoder where it also writes the final text."""

# From which probability on the second listener hears it, too: of the starter's development sets a
# tenth of what is Mandarin, and all that is mixed and not lost on both.
_MAY_BE_MIXED = 0.05
_log = logging.getLogger(__name__)


class Recognizer:
    """A loaded model, ready to open streams; not for use from several threads at once."""

    sample_rate = 16_000

    def __init__(
        self,
        checkpoint: Checkpoint,
        placement: Placement,
        second_pass: SecondPassSettings | None = None,
        blank_threshold: float = 0.8,
        captions: CaptionSource = "ctc",
        window_ms: int = 0,
    ) -> None:
        self.blank_threshold = blank_threshold
        self._window_ms = window_ms
        self._size = sum(parameter.numel() for parameter in checkpoint.model.parameters())
        self._placed = PlacedModel(checkpoint.model, placement)
        self._checkpoint = checkpoint
        self._model = checkpoint.model
        self._words: WordFile | None = None
        self._second_pass = _second_pass(checkpoint, second_pass)
        self._writer = None
        if captions == "decoder":
            self._writer = _caption_writer(self._second_pass)

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
        captions: CaptionSource = "ctc",
        window_ms: int = 0,
    ) -> "Recognizer":
        """Load a model folder, our own or WeNet's as it was published.

        `device`: auto, cpu, cuda, cuda:N or mps; `precision`: auto (the fastest that the processor
        offers, measured once and remembered), fp32, bf16, fp16 or int8; `threads` of the processor,
        None: torch's choice, at most two: more are no quicker and suffer more from other work;
        `second_pass`: how the final text is decided; `blank_threshold`: probability from which on a
        frame counts as blank; `captions`: who writes them, the decoder where it writes
        the final text, too; `window_ms`: how much sound is encoded again, for captions, with what
        comes after it. Raises ModelError or PlacementError.
        """
        torch.set_num_threads(threads or min(2, torch.get_num_threads()))
        place_at = choose_device(device)
        model = Path(folder)
        checkpoint = load_folder(model)
        chosen = choose_precision(
            place_at, precision, lambda: fastest_precision(checkpoint.model.config, model)
        )
        placement = Placement(place_at, chosen)
        return cls(checkpoint, placement, second_pass, blank_threshold, captions, window_ms)

    @property
    def description(self) -> str:
        """Name, size, device and precision, for people."""
        name, placement = self._checkpoint.name, self._placed.placement
        size = f"{self._size / 1e6:.0f} M parameters"
        return f"{name}, {size}, {placement.device}, {placement.precision}"

    def stream(
        self,
        *,
        chunk_ms: int = 320,
        left_ms: int | None = None,
        language: Language | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> RecognitionStream:
        """Open a stream with captions every `chunk_ms`, rounded to frames of the model's encoder;
        `left_ms` of the past are attended to, None: all of the utterance. `language`: what is
        spoken, None: the model tells; `clock`: in seconds, tells when captions take too long."""
        self._refresh_words()
        frame_ms = 1000 * self._model.encoder.top_factor // FEATURE_RATE
        if chunk_ms <= 0:
            raise ValueError(f"chunk_ms {chunk_ms} is no span of time")
        # An encoder of a sixth of the frames has one every 60 ms, of which 320 is no multiple.
        frames = max(1, round(chunk_ms / frame_ms))
        chunk_size = frames * self._model.encoder.top_factor // self._model.encoder.factor
        left = -1 if left_ms is None else -(-left_ms // (frames * frame_ms))
        second_pass, search = self._second_pass, None
        # The decoder's captions have no use for a search of CTC.
        if self._writer is None and second_pass.context() is not None:
            search = CaptionSearch(second_pass.context, second_pass.settings.n_best)
        window = max(1, self._window_ms // (frames * frame_ms))
        settings = StreamSettings(chunk_size, left, language, self.blank_threshold, search, window)
        return RecognitionStream(
            self._placed, self._checkpoint.tokenizer, settings, self._finish, self._writer, clock
        )

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
            frames = self._model.features(as_tensor(samples))
            return self._finish(frames, None, language)

    def tell_language(self, samples: Samples) -> Language | None:
        """Which language 16 kHz mono samples are in, with full context and without a text; None
        where the model cannot tell, or of less than a frame."""
        with torch.inference_mode():
            frames = self._model.features(as_tensor(samples))
            if frames.size(0) < self._model.encoder.top_factor:
                return None
            return self._placed.run(lambda: self._told(self._encoded(self._model, frames)))

    def accept_batch(
        self, streams: Sequence[RecognitionStream], samples: Sequence[Samples]
    ) -> list[PartialResult | None]:
        """Take samples (N,) for each of several streams of this recogniser, as `accept` does; those
        whose chunks are whole at the same time are encoded together."""
        return accept_together(self._placed, streams, samples)

    def _finish(
        self, frames: Tensor, captioned: Captioned | None, language: Language | None
    ) -> Recognition:
        """Encode all frames (T, F) again with full context and decide on the text."""
        if frames.size(0) < self._model.encoder.top_factor:
            shown = "" if captioned is None else captioned.words
            return Recognition("", "", shown, language or "en", 0.0)
        return self._placed.run(lambda: self._decide(frames, captioned, language))

    def _decide(
        self, frames: Tensor, captioned: Captioned | None, language: Language | None
    ) -> Recognition:
        told, decided = self._decided(frames, captioned or Captioned(""), language)
        return Recognition(
            text=decided.text,
            words=decided.words,
            first_pass=decided.words if captioned is None else captioned.words,
            # The text tells better than the head what a sentence ended up in.
            language=language or written_language(decided.text) or told or "en",
            confidence=decided.confidence,
            timed=decided.timed,
            decoder_passes=decided.passes,
        )

    def _decided(
        self, frames: Tensor, captioned: Captioned, language: Language | None
    ) -> tuple[Language | None, Decided]:
        """Return which language the frames are told to be in, and what is written of them.

        Where they may be mixed, the listener for that writes first, and counts if its text is: the
        other mishears the foreign word and finds no other language. What captions took for mixed
        it hears before the other, who then has no need to.
        """
        model, mixed, shown = self._model, self._model.mixed, captioned.words
        alone = mixed if mixed is not None and language == "mix" else model
        asks = language is None and mixed is not None
        taken_for_mixed = asks and captioned.language == "mix"
        if taken_for_mixed and (decided := self._in_two_languages(frames, shown)) is not None:
            return "mix", decided
        output = self._encoded_to_the_end(alone, frames)
        if asks and not taken_for_mixed and self._may_be_mixed(output):
            decided = self._in_two_languages(frames, shown)
            if decided is not None:
                return "mix", decided
        told = language or self._told(output)
        return told, self._written(alone, output, told, shown)

    def _in_two_languages(self, frames: Tensor, shown: str) -> Decided | None:
        """Return what the second listener writes, None where it is not in two languages."""
        mixed = self._model.mixed
        assert mixed is not None
        decided = self._written(mixed, self._encoded_to_the_end(mixed, frames), "mix", shown)
        return decided if written_language(decided.text) == "mix" else None

    def _written(
        self, listener: Listener, output: EncoderOutput, language: Language | None, shown: str
    ) -> Decided:
        log_probs = listener.ctc_log_probs(output.top)[0]
        if log_probs.isnan().any():
            name = self._checkpoint.name
            raise ModelError(f"{name}: no probabilities come of these weights; fetch it again")
        return self._second_pass.decide(output.memory, log_probs, language, shown)

    def _may_be_mixed(self, output: EncoderOutput) -> bool:
        log_probs = self._model.language_log_probs(output)
        assert log_probs is not None
        mixed = float(log_probs[0, LANGUAGES.index("mix")].exp())
        return mixed >= _MAY_BE_MIXED and self._told(output) != "en"

    def _encoded_to_the_end(self, listener: Listener, frames: Tensor) -> EncoderOutput:
        """Encode all frames, for the decoder of a Whisper with silence after them."""
        if self._model.config.features.frontend != "whisper":
            return self._encoded(listener, frames)
        silence = self._model.features(torch.zeros(SILENCE, device=frames.device))
        output = self._encoded(listener, torch.cat([frames, silence]))
        heard = -(-frames.size(0) // self._model.encoder.top_factor)
        return replace(
            output, top=output.top[:, :heard], top_lengths=output.top_lengths.clamp(max=heard)
        )

    def _encoded(self, listener: Listener, frames: Tensor) -> EncoderOutput:
        features = self._placed.to_model(frames[None])
        lengths = torch.tensor([frames.size(0)], device=features.device)
        output: EncoderOutput = listener.encoder(features, lengths)
        return output

    def _told(self, output: EncoderOutput) -> Language | None:
        log_probs = self._model.language_log_probs(output)
        return None if log_probs is None else LANGUAGES[int(log_probs[0].argmax())]


def _second_pass(checkpoint: Checkpoint, settings: SecondPassSettings | None) -> SecondPass:
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    decoders = spelling = None
    if model.decoder is not None:
        decoders = (model.decoder, model.reverse_decoder)
        spelling = _spelling(checkpoint, model.decoder.config)
    frame_seconds = model.encoder.top_factor / FEATURE_RATE
    return SecondPass(
        tokenizer,
        decoders,
        spelling,
        settings or SecondPassSettings(),
        frame_seconds,
        checkpoint.ngrams,
    )


def _caption_writer(second_pass: SecondPass) -> CaptionWriter | None:
    if second_pass.writer is None:
        return None
    decoder, spelling = second_pass.writer
    return CaptionWriter(decoder, spelling, second_pass.settings.max_distance)


def _spelling(checkpoint: Checkpoint, config: DecoderConfig) -> Spelling | None:
    if config.start is not None and config.end is not None:
        return UnitSpelling(checkpoint.tokenizer, config.start, config.end)
    if checkpoint.decoder_tokenizer is not None:
        return WrittenSpelling(checkpoint.tokenizer, checkpoint.decoder_tokenizer)
    return None
