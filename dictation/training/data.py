"""Batches for training: utterances drawn, changed, turned into features and padded."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dictation.audio.files import read_audio
from dictation.errors import DictationError
from dictation.model.features import LogMel
from dictation.text.normalize import is_cjk, spoken_form
from dictation.text.tokenizer import DecoderTokenizer, Tokenizer
from dictation.training.augment import augment, join, mask_features
from dictation.training.config import AugmentTable
from dictation.training.manifest import Utterance

_IGNORED = -100
_DRAWS = 8


@dataclass(frozen=True)
class Batch:
    """Padded utterances. `features` (B, T, F), `lengths` (B,) frames; `targets` (B, U) CTC ids and
    `target_lengths` (B,); `tokens` (B, W) decoder input and `next_tokens` (B, W) what follows each
    (-100: not scored); `languages` (B,), -100 where nothing is said. `seconds`: audio in all.
    `kept` (B,): whether the decoder is to stay with what it made of it at first; None: nowhere."""

    features: Tensor
    lengths: Tensor
    targets: Tensor
    target_lengths: Tensor
    tokens: Tensor
    next_tokens: Tensor
    languages: Tensor
    seconds: float
    kept: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        tensors: dict[str, Any] = {
            field.name: value.to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), Tensor)
        }
        return replace(self, **tensors)


@dataclass(frozen=True)
class Corpus:
    """Utterances of one source, how often each is drawn in an epoch, and whether the decoder is to
    stay with what it made of them when the run began."""

    utterances: Sequence[Utterance]
    weight: float = 1.0
    keep: bool = False


def load_samples(path: Path) -> NDArray[np.float32]:
    """Return a whole recording as 16 kHz mono float32."""
    return np.concatenate([np.zeros(0, np.float32), *read_audio(path)])


def plan_epoch(
    corpora: Sequence[Corpus], batch_seconds: float, seed: int, epoch: int
) -> list[list[tuple[int, int]]]:
    """Return an epoch's batches as (corpus, utterance) indices, the same for the same arguments.

    Each corpus is drawn `weight` times on average; a batch holds utterances of like length, at most
    `batch_seconds` of padded audio.
    """
    rng = np.random.default_rng((seed, epoch))
    drawn: list[tuple[float, int, int]] = []
    for number, corpus in enumerate(corpora):
        for index, utterance in enumerate(corpus.utterances):
            whole = int(corpus.weight)
            times = whole + int(rng.random() < corpus.weight - whole)
            # A little noise on the length mixes the neighbours anew in each epoch.
            drawn += [
                (utterance.duration * rng.uniform(0.9, 1.1), number, index) for _ in range(times)
            ]
    drawn.sort()
    batches: list[list[tuple[int, int]]] = [[]]
    for length, number, index in drawn:
        if batches[-1] and (len(batches[-1]) + 1) * length > batch_seconds:
            batches.append([])
        batches[-1].append((number, index))
    order = rng.permutation(len(batches))
    return [batches[position] for position in order]


class BatchBuilder(Dataset[Batch]):
    """The batches of one epoch, built on demand (in loader processes)."""

    def __init__(
        self,
        corpora: Sequence[Corpus],
        plan: Sequence[Sequence[tuple[int, int]]],
        noise: Sequence[NDArray[np.float32]],
        features: LogMel,
        tokenizer: Tokenizer,
        decoder_tokenizer: DecoderTokenizer | None,
        config: AugmentTable | None,
        seed: tuple[int, ...],
    ) -> None:
        self._corpora = corpora
        self._plan = plan
        self._noise = noise
        self._features = features
        self._tokenizer = tokenizer
        self._decoder_tokenizer = decoder_tokenizer
        self._config = config
        self._seed = seed

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, position: int) -> Batch:
        utterances: list[Utterance] = []
        frames: list[Tensor] = []
        kept: list[bool] = []
        # All of a batch or none: one twice as long as the rest would double what is padded.
        lot = np.random.default_rng((*self._seed, position)).random()
        joining = self._config is not None and lot < self._config.joined
        for index, (corpus, number) in enumerate(self._plan[position]):
            rng = np.random.default_rng((*self._seed, position, index))
            utterance, keep = self._corpora[corpus].utterances[number], self._corpora[corpus].keep
            samples = load_samples(utterance.audio)
            other = self._other(utterance, keep, rng) if joining else None
            if other is not None and self._config is not None:
                pause = rng.uniform(*self._config.pause)
                samples = join(samples, load_samples(other.audio), pause, rng)
                utterance = follow(utterance, other)
            utterances.append(utterance)
            kept.append(keep)
            frames.append(self._frames(utterance, samples, rng))
        batch = collate(utterances, frames, self._tokenizer, self._decoder_tokenizer)
        return replace(batch, kept=torch.tensor(kept)) if any(kept) else batch

    def _other(
        self, utterance: Utterance, keep: bool, rng: np.random.Generator
    ) -> Utterance | None:
        """Choose what is said after an utterance of a kept corpus or of another, out of corpora of
        the same kind: nothing much longer than itself, since batches are planned by length, and
        rarely anything much shorter."""
        config = self._config
        if config is None or utterance.language is None:
            return None
        if utterance.duration > config.joined_seconds:
            return None
        corpora = [corpus.utterances for corpus in self._corpora if corpus.keep == keep]
        found = None
        for _ in range(_DRAWS):
            corpus = corpora[int(rng.integers(len(corpora)))]
            other = corpus[int(rng.integers(len(corpus)))]
            longest = min(config.joined_seconds, 1.2 * utterance.duration)
            if other.language is None or other.duration > longest:
                continue
            found = other
            if other.duration > 0.6 * utterance.duration:
                break
        return found

    def _frames(
        self, utterance: Utterance, samples: NDArray[np.float32], rng: np.random.Generator
    ) -> Tensor:
        if self._config is None:
            return self._features.forward(torch.from_numpy(samples))
        if utterance.language is None and samples.size > 16_000:
            samples = _crop(samples, int(rng.uniform(1.0, 8.0) * 16_000), rng)
        noise = None
        if self._noise:
            chosen = self._noise[int(rng.integers(len(self._noise)))]
            noise = _crop(chosen, 2 * samples.size + 32_000, rng)
        changed = augment(samples, self._config, rng, noise)
        frames = self._features.forward(torch.from_numpy(changed)).numpy()
        return torch.from_numpy(mask_features(frames, self._config, rng))


def follow(first: Utterance, second: Utterance) -> Utterance:
    """Return what one speaker says who says `first` and then `second`; its audio is the first's."""
    written = [written_target(each).strip() for each in (first, second)]
    gap = "" if any(is_cjk(text[:1]) for text in written[1:]) else " "
    if written[0][-1:].isalnum():
        gap = "，" if is_cjk(written[0][-1]) else ", "
    return Utterance(
        audio=first.audio,
        text=f"{spoken_form(first.text)} {spoken_form(second.text)}",
        written=gap.join(written),
        language=first.language if first.language == second.language else "mix",
        speaker=first.speaker,
        duration=first.duration + second.duration,
    )


def collate(
    utterances: Sequence[Utterance],
    frames: Sequence[Tensor],
    tokenizer: Tokenizer,
    decoder_tokenizer: DecoderTokenizer | None,
) -> Batch:
    """Pad utterances and their features (T, F) into a batch."""
    targets = [tokenizer.spell(spoken_form(utterance.text)) for utterance in utterances]
    pairs = [_decoder_pair(utterance, decoder_tokenizer) for utterance in utterances]
    labels = {"zh": 0, "en": 1, "mix": 2, None: _IGNORED}
    return Batch(
        features=torch.nn.utils.rnn.pad_sequence(list(frames), batch_first=True),
        lengths=torch.tensor([frame.size(0) for frame in frames]),
        targets=_padded(targets, 0),
        target_lengths=torch.tensor([len(target) for target in targets]),
        tokens=_padded([tokens for tokens, _ in pairs], 0),
        next_tokens=_padded([following for _, following in pairs], _IGNORED),
        languages=torch.tensor([labels[utterance.language] for utterance in utterances]),
        seconds=sum(frame.size(0) for frame in frames) / 100.0,
    )


class _Telling(Dataset[Batch | DictationError]):
    """Some of an epoch's batches; what is wrong with a recording comes in place of its batch, as an
    error in a loader's process would be wrapped into a traceback."""

    def __init__(self, builder: BatchBuilder, numbers: Sequence[int]) -> None:
        self._builder = builder
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, position: int) -> Batch | DictationError:
        try:
            return self._builder[self._numbers[position]]
        except DictationError as error:
            return error


def loader(builder: BatchBuilder, numbers: Sequence[int], workers: int) -> Iterator[Batch]:
    """Yield the batches of an epoch with these numbers, built by `workers` processes.

    Raises AudioFileError for a recording that cannot be read.
    """
    for batch in DataLoader(
        _Telling(builder, numbers),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=8 if workers else None,
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=_one_thread,
    ):
        if isinstance(batch, DictationError):
            raise batch
        yield batch


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)


def written_target(utterance: Utterance) -> str:
    """Return the text the decoder learns to write, in Whisper's manner (a space before Latin).

    Transcripts wholly in capitals, as corpora of read speech have them, become a sentence; longer
    ones without any punctuation get their full stop.
    """
    text = utterance.written.strip()
    letters = re.sub(r"[^A-Za-z]", "", text)
    if letters and letters.isupper() and not any(map(is_cjk, text)) and len(text) > 4:
        text = re.sub(r"\bi\b", "I", text.capitalize())
    if text and text[-1].isalnum():
        if is_cjk(text[-1]) and len(text) > 5:
            text += "。"
        elif text.count(" ") > 1:
            text += "。" if any(map(is_cjk, text)) else "."
    return text if not text or is_cjk(text[0]) else " " + text


def _decoder_pair(
    utterance: Utterance, tokenizer: DecoderTokenizer | None
) -> tuple[list[int], list[int]]:
    if tokenizer is None:
        return [0], [_IGNORED]
    prompt = list(tokenizer.prompt(utterance.language or "en"))
    body = [*tokenizer.encode(written_target(utterance)), tokenizer.end]
    return [*prompt, *body[:-1]], [_IGNORED] * (len(prompt) - 1) + body


def _padded(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    width = max(1, *(len(row) for row in rows)) if rows else 1
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])


def _crop(samples: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    if samples.size <= size:
        return samples
    first = int(rng.integers(samples.size - size))
    return samples[first : first + size]
