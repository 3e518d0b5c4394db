"""The recogniser's parts, each timed in turns with what others do in its place."""

import importlib
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

from dictation.bench.figures import Spread, spread
from dictation.bench.machine import Machine, describe_machine
from dictation.decoding.attention import RescoringWeights, Texts, rescore
from dictation.decoding.prefix_beam import Hypothesis, prefix_beam_search
from dictation.errors import DictationError
from dictation.model.config import ModelConfig
from dictation.model.joint import JointModel
from dictation.model.placement import PlacedModel, Placement, choose_device, precisions_of
from dictation.model.stream import StreamState, stack_states

_CHECKOUT = Path(__file__).parents[2]
_SECONDS = 10
_FEATURE_RATE = 100
_CHUNK, _LEFT, _BEAM, _TOKENS = 16, 4, 10, 60
_STREAMS = (1, 2, 4, 8)

Run = Callable[[], object]


@dataclass(frozen=True)
class Wanted:
    """What to time: a shape with random weights, with so many threads each, on a device; each part
    `repetitions` times."""

    name: str
    config: ModelConfig
    threads: tuple[int, ...] = (1,)
    device: str = "cpu"
    repetitions: int = 40


@dataclass(frozen=True)
class Timing:
    """Milliseconds that `who` took for a `part`, which `audio` seconds of sound need once, and CPU
    seconds of all threads a second of that sound."""

    part: str
    who: str
    threads: int
    audio: float
    milliseconds: Spread
    cpu: float

    @property
    def factor(self) -> float:
        """Seconds of computing a second of sound: the real-time factor."""
        return self.milliseconds.p50 / 1000 / self.audio


@dataclass(frozen=True)
class Timings:
    """All timings with what they depend on; `notes` says what could not be timed."""

    machine: Machine
    wanted: Wanted
    parameters: int
    timings: tuple[Timing, ...]
    notes: tuple[str, ...]


@dataclass
class _Part:
    """One part and those who can do it; `rarely`: who is so slow that a few turns must do."""

    name: str
    audio: float
    runs: dict[str, Run]
    rarely: set[str] = field(default_factory=set)


def time_recogniser(wanted: Wanted, say: Callable[[str], None]) -> Timings:
    """Time every part; `say` is told what is being timed. Raises DictationError."""
    decoder = wanted.config.decoder
    if decoder is None or decoder.start is None:
        raise DictationError(f"{wanted.name}: its decoder writes no units of CTC: nothing to time")
    device = choose_device(wanted.device)
    plain = _plain()
    notes = () if plain else ("no plain reference: it is in tests/ of a checkout",)
    timings: list[Timing] = []
    threads_before = torch.get_num_threads()
    parameters = 0
    try:
        for threads in wanted.threads:
            torch.set_num_threads(threads)
            with torch.inference_mode():
                models = _models(wanted, device)
                untouched = _model(wanted)
                parameters = sum(each.numel() for each in untouched.parameters())
                for part in _parts(models, untouched, plain):
                    say(f"{part.name}, {threads} threads")
                    timings += _timed(part, threads, wanted.repetitions)
    finally:
        torch.set_num_threads(threads_before)
    return Timings(describe_machine(), wanted, parameters, tuple(timings), notes)


def similar_texts(count: int, length: int, vocabulary: int, seed: int) -> list[tuple[int, ...]]:
    """Return texts as an n-best list has them: alike but for a token at some of four places."""
    chance = random.Random(seed)
    first = [chance.randrange(1, vocabulary - 1) for _ in range(length)]
    places = chance.sample(range(length), min(4, length))
    texts = [tuple(first)]
    while len(texts) < count:
        text = list(first)
        for place_ in chance.sample(places, chance.randint(1, 3)):
            text[place_] = chance.randrange(1, vocabulary - 1)
        if tuple(text) not in texts:
            texts.append(tuple(text))
    return texts


def _plain() -> ModuleType | None:
    """Return the textbook implementation the tests compare with, where there is a checkout."""
    if not (_CHECKOUT / "tests" / "plain_recogniser.py").is_file():
        return None
    if str(_CHECKOUT) not in sys.path:
        sys.path.append(str(_CHECKOUT))
    return importlib.import_module("tests.plain_recogniser")


def _model(wanted: Wanted) -> JointModel:
    torch.manual_seed(0)
    return JointModel(wanted.config).eval()


def _models(wanted: Wanted, device: str) -> dict[str, PlacedModel]:
    """Return the model in every precision there is on the device."""
    models = {}
    for precision in precisions_of(device):
        placed = PlacedModel(_model(wanted), Placement(device, precision))
        models[f"dictation {precision}"] = placed
    return models


def _parts(
    models: dict[str, PlacedModel], untouched: JointModel, plain: ModuleType | None
) -> list[_Part]:
    parts = [_features(models), _whole(models, untouched), _chunks(models, untouched, plain)]
    parts += [_beam(untouched, plain)]
    parts += [_rescoring(models, untouched, plain, alike) for alike in (True, False)]
    return parts + [_streams(models, count) for count in _STREAMS]


def _features(models: dict[str, PlacedModel]) -> _Part:
    waveform = torch.randn(16_000 * _SECONDS) / 10
    runs: dict[str, Run] = {
        "dictation fp32": lambda: next(iter(models.values())).model.features(waveform)
    }
    return _Part(f"features of {_SECONDS} s", _SECONDS, runs)


def _whole(models: dict[str, PlacedModel], untouched: JointModel) -> _Part:
    features = torch.randn(1, _SECONDS * _FEATURE_RATE, untouched.config.features.mel_bins)
    lengths = torch.tensor([features.size(1)])
    runs: dict[str, Run] = {}
    for who, placed in models.items():
        runs[who] = _whole_run(placed, features, lengths)
    runs["torchaudio Conformer"] = _torchaudio_run(untouched, features.size(1))
    return _Part(f"encoding {_SECONDS} s whole", _SECONDS, runs)


def _whole_run(placed: PlacedModel, features: Tensor, lengths: Tensor) -> Run:
    there, counts = placed.to_model(features), lengths.to(placed.placement.device)
    encoder = placed.model.encoder
    return lambda: placed.run(lambda: encoder(there, counts).top.sum().item())


def _torchaudio_run(model: JointModel, frames: int) -> Run:
    """torchaudio's Conformer of the same blocks, on frames that are subsampled already."""
    from torchaudio.models import Conformer

    block = model.config.encoder.block
    other = Conformer(
        block.width,
        block.heads,
        block.ffn_width,
        model.config.encoder.blocks,
        block.kernel_size | 1,
    ).eval()
    x = torch.randn(1, frames // model.encoder.factor, block.width)
    lengths = torch.tensor([x.size(1)])
    return lambda: other(x, lengths)


class _Live:
    """Streams that are heard chunk by chunk, again and again."""

    def __init__(self, placed: PlacedModel, count: int = 1, *, graph: bool = False) -> None:
        self._placed = placed
        self._step = placed.step if graph else placed.model.encoder.step
        encoder, mel_bins = placed.model.encoder, placed.model.config.features.mel_bins
        mels = placed.to_model(torch.randn(count, 8 * _CHUNK * encoder.factor, mel_bins))
        self._state = stack_states([encoder.initial_state() for _ in range(count)])
        self._encode(mels[:, : encoder.lookahead])
        self._parts = torch.split(mels, _CHUNK * encoder.factor, dim=1)
        self._turn = 0
        for _ in range(_LEFT + 1):
            self.step()

    def step(self) -> float:
        """Encode the next chunk of each stream."""
        part = self._parts[self._turn % len(self._parts)]
        self._turn += 1
        return self._encode(part)

    def _encode(self, mels: Tensor) -> float:
        def work() -> tuple[float, StreamState]:
            output, after = self._step(mels, self._state, _CHUNK, _LEFT)
            return output.top.sum().item(), after

        total, self._state = self._placed.run(work)
        return total


def _chunks(
    models: dict[str, PlacedModel], untouched: JointModel, plain: ModuleType | None
) -> _Part:
    seconds = _CHUNK * untouched.encoder.factor / _FEATURE_RATE
    mel_bins = untouched.config.features.mel_bins
    runs: dict[str, Run] = {who: _Live(placed).step for who, placed in models.items()}
    for who, placed in models.items():
        if placed.placement.kind == "cuda":
            runs[f"{who}, CUDA graph"] = _Live(placed, graph=True).step
    rarely = set()
    if plain is not None:
        features = torch.randn(1, 6 * _CHUNK * untouched.encoder.factor, mel_bins)
        runs["plain, all anew"] = lambda: plain.plain_chunk(untouched, features, _CHUNK, _LEFT)
        rarely = {"plain, all anew"}
    return _Part(f"chunk of {_CHUNK}, {_LEFT} before", seconds, runs, rarely)


def _streams(models: dict[str, PlacedModel], count: int) -> _Part:
    encoder = next(iter(models.values())).model.encoder
    seconds = count * _CHUNK * encoder.factor / _FEATURE_RATE
    runs: dict[str, Run] = {who: _Live(placed, count).step for who, placed in models.items()}
    return _Part(f"chunk of {count} streams at once", seconds, runs)


def _beam(model: JointModel, plain: ModuleType | None) -> _Part:
    frames = _SECONDS * _FEATURE_RATE // model.encoder.top_factor
    log_probs = (3 * torch.randn(frames, model.config.vocabulary)).log_softmax(1)
    runs: dict[str, Run] = {"dictation": lambda: prefix_beam_search(log_probs, _BEAM)}
    if plain is not None:
        runs["plain"] = lambda: plain.plain_prefix_beam_search(log_probs, _BEAM)
    name = f"prefix beam {_BEAM} of {frames} frames"
    return _Part(name, _SECONDS, runs, {"plain"})


def _rescoring(
    models: dict[str, PlacedModel], untouched: JointModel, plain: ModuleType | None, alike: bool
) -> _Part:
    vocabulary = untouched.config.vocabulary
    if alike:
        texts = similar_texts(_BEAM, _TOKENS, vocabulary, 1)
    else:
        texts = [similar_texts(1, _TOKENS, vocabulary, seed)[0] for seed in range(_BEAM)]
    frames = _SECONDS * _FEATURE_RATE // untouched.encoder.factor
    memory = torch.randn(1, frames, untouched.config.encoder.block.width)
    runs: dict[str, Run] = {}
    for who, placed in models.items():
        runs[who] = _rescoring_run(placed, memory, texts)
    if plain is not None:
        runs["plain, one by one"] = lambda: plain.plain_rescore(untouched, memory, texts)
    kind = "alike" if alike else "nothing alike"
    name = f"rescoring {_BEAM} x {_TOKENS}, {kind}"
    return _Part(name, _SECONDS, runs, {"plain, one by one"})


def _rescoring_run(placed: PlacedModel, memory: Tensor, texts: Sequence[tuple[int, ...]]) -> Run:
    config, first = placed.model.config.decoder, placed.model.decoder
    assert config is not None
    assert first is not None
    assert config.start is not None
    assert config.end is not None
    there = placed.to_model(memory)
    spelled = Texts([config.start], config.end, texts)
    decoders = (first, placed.model.reverse_decoder)
    nbest = [Hypothesis(text, -1.0) for text in texts]
    return lambda: placed.run(lambda: rescore(decoders, there, nbest, RescoringWeights(), spelled))


def _timed(part: _Part, threads: int, repetitions: int) -> list[Timing]:
    """Take turns, so that whatever else the machine does meets all alike."""
    taken: dict[str, list[float]] = {who: [] for who in part.runs}
    cpu = dict.fromkeys(part.runs, 0.0)
    for run in part.runs.values():
        run()
    for turn in range(repetitions):
        for who, run in part.runs.items():
            if who in part.rarely and turn >= max(1, repetitions // 10):
                continue
            spent, began = time.process_time(), time.perf_counter()
            run()
            taken[who].append(1000 * (time.perf_counter() - began))
            cpu[who] += time.process_time() - spent
    found = []
    for who, values in taken.items():
        milliseconds = spread(values)
        assert milliseconds is not None
        share = cpu[who] / (len(values) * part.audio)
        found.append(Timing(part.name, who, threads, part.audio, milliseconds, share))
    return found
