"""A corpus of synthetic Mandarin, English and mixed speech: seeded, parallel and resumable."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dictation.errors import DictationError
from dictation.training.casting import Speaker, cast_for
from dictation.training.judging import Judge, check_teacher
from dictation.training.manifest import resumed_lines
from dictation.training.phonemes import Phonemizer, sound_count
from dictation.training.texts import Language, Sentence, Split, interleaved
from dictation.training.voices import (
    KOKORO_RATE,
    Audio,
    Hibari,
    Kokoro,
    assemble_kokoro,
    read_voices,
    require,
)

SAMPLE_RATE = 16_000
SHORTEST, LONGEST = 1.0, 12.0
SECONDS_A_SOUND = (0.035, 0.22)
WORST_ERROR: dict[Language, float] = {"zh": 0.35, "en": 0.5, "mix": 0.6}
"""A checked clip is dropped when the teacher reads back more errors than this share."""

_WARM_UP = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class SynthesisOptions:
    """What to synthesize.

    ``hours`` or ``clips`` ends the work, whichever is reached first, and so does ``minutes`` of
    wall time. ``teacher`` is a faster-whisper folder that reads a share of the clips back:
    ``checked``, 0 to 1 by language. ``voices``: a folder of Kokoro's base voices, without which
    its package has Japanese ones alone. ``texts``: files with a sentence a line, in any language,
    of which ``texts_share`` of the sentences are (None: from a third to a half, by language).
    """

    out: Path
    set_name: str = "train"
    hours: float | None = None
    clips: int | None = None
    minutes: float | None = None
    seed: int = 1
    workers: int = 2
    cache: Path = Path("cache")
    voices: Path | None = None
    tatoeba: Path | None = None
    texts: tuple[Path, ...] = ()
    texts_share: float | None = None
    teacher: Path | None = None
    checked: dict[Language, float] = field(
        default_factory=lambda: {"mix": 1.0, "zh": 0.05, "en": 0.05}
    )
    shares: dict[Language, float] = field(
        default_factory=lambda: {"mix": 0.34, "zh": 0.26, "en": 0.40}
    )
    hibari_share: float = 0.6
    """How much of the English (by clips, training only) the cheap voice speaks."""

    @property
    def split(self) -> Split:
        """Sets whose name begins with "dev" use the sentences and voices kept for development."""
        return "dev" if self.set_name.startswith("dev") else "train"


@dataclass(frozen=True)
class SynthesisReport:
    """What a run left in the set's folder, earlier runs included."""

    manifest: Path
    clips: int
    rejected: int
    hours: dict[str, float]
    errors: dict[str, float]
    """The teacher's mean error on the clips it checked, by language."""


@dataclass(frozen=True)
class _Job:
    index: int
    sentence: Sentence
    speaker: Speaker | None
    speed: float
    level: float
    lead: float
    tail: float
    check: bool


@dataclass(frozen=True)
class _Outcome:
    index: int
    line: dict[str, Any] | None
    reason: str = ""
    error: float | None = None
    heard: str = ""


@dataclass
class _Tools:
    phonemize: Phonemizer
    kokoro: Kokoro
    hibari: Hibari
    judge: Judge | None


_tools: _Tools | None = None


def synthesize(options: SynthesisOptions, progress: Callable[[int, int], None]) -> SynthesisReport:
    """Synthesize a set into ``out/set_name``, going on where an earlier run stopped.

    Audio is 16 kHz mono FLAC; ``manifest.jsonl`` grows as clips are finished and ``rejected.jsonl``
    says what was dropped and why. ``progress`` gets the seconds done and the seconds wanted (or
    clips, when no hours are given). Raises SynthesisUnavailableError without the synthesis extra,
    and DictationError where the teacher is none or there are no sentence pairs.
    """
    for module in ("onnxruntime", "misaki", "hibari", "soundfile", "soxr"):
        require(module)
    if options.teacher is not None:
        check_teacher(options.teacher)
    given = (options.tatoeba,) if options.tatoeba is not None else ()
    for path in (*given, *options.texts):
        if not path.is_file():
            raise DictationError(f"{path}: there is no such file")
    voices = read_voices(options.voices) if options.voices is not None else {}
    folder = options.out / options.set_name
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    model = assemble_kokoro(options.cache)
    state = _State(folder)
    deadline = time.monotonic() + options.minutes * 60 if options.minutes else float("inf")
    wanted_seconds = options.hours * 3600 if options.hours is not None else float("inf")
    wanted_clips = options.clips if options.clips is not None else 1 << 60

    def enough() -> bool:
        return (
            state.seconds >= wanted_seconds
            or state.clips >= wanted_clips
            or time.monotonic() >= deadline
        )

    os.environ.update(_WARM_UP)
    jobs = (job for job in _jobs(options, voices) if job.index not in state.known)
    context = multiprocessing.get_context("spawn")
    with (
        state,
        ProcessPoolExecutor(
            options.workers, context, _start_worker, (folder, model, voices, options.teacher)
        ) as pool,
    ):
        # Taken in their order, so that the same clips are in the set whoever was quicker.
        pending: deque[Future[_Outcome]] = deque()
        while not enough():
            while len(pending) < 4 * options.workers:
                pending.append(pool.submit(_make, next(jobs)))
            state.take(pending.popleft().result())
            if options.hours is not None:
                progress(int(state.seconds), int(wanted_seconds))
            else:
                progress(state.clips, options.clips or 0)
        for future in pending:
            if not future.cancel() and (line := future.result().line) is not None:
                (folder / line["audio"]).unlink()
    return state.report()


class _State:
    """What the set's folder holds; the only writer of its lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: set[int] = set()
        self.clips = self.rejected = 0
        self.hours: dict[str, float] = {}
        self.errors: dict[str, list[float]] = {}
        for name in ("manifest", "rejected"):
            for line in resumed_lines(folder / f"{name}.jsonl"):
                self._count(line, kept=name == "manifest")
        self._files = {
            name: (folder / f"{name}.jsonl").open("a", buffering=1, encoding="utf-8")
            for name in ("manifest", "rejected", "checks")
        }

    @property
    def seconds(self) -> float:
        return sum(self.hours.values()) * 3600

    def __enter__(self) -> _State:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._files.values():
            stream.close()

    def _count(self, line: dict[str, Any], kept: bool) -> None:
        if not kept:
            self.known.add(int(line["index"]))
            self.rejected += 1
            return
        self.known.add(int(Path(line["audio"]).stem))
        self.clips += 1
        lang = line["lang"]
        self.hours[lang] = self.hours.get(lang, 0.0) + line["duration"] / 3600

    def take(self, outcome: _Outcome) -> None:
        if outcome.error is not None:
            check = {"index": outcome.index, "error": outcome.error, "heard": outcome.heard}
            self._write("checks", {**check, **(outcome.line or {})})
        if outcome.line is None:
            line: dict[str, Any] = {"index": outcome.index, "reason": outcome.reason}
            self._write("rejected", line)
        else:
            line = outcome.line
            self._write("manifest", line)
            if outcome.error is not None:
                self.errors.setdefault(line["lang"], []).append(outcome.error)
        self._count(line, kept=outcome.line is not None)

    def _write(self, name: str, line: dict[str, Any]) -> None:
        self._files[name].write(json.dumps(line, ensure_ascii=False) + "\n")

    def report(self) -> SynthesisReport:
        return SynthesisReport(
            manifest=self.folder / "manifest.jsonl",
            clips=self.clips,
            rejected=self.rejected,
            hours=dict(self.hours),
            errors={lang: float(np.mean(errors)) for lang, errors in self.errors.items()},
        )


def _jobs(options: SynthesisOptions, voices: Iterable[str] = ()) -> Iterator[_Job]:
    """Plan clip after clip, by the seed only: who says what, how fast and how loud."""
    dev = options.split == "dev"
    cast = cast_for(options.split, options.seed, voices)
    texts = interleaved(
        options.shares,
        options.seed,
        options.split,
        options.tatoeba,
        options.texts,
        options.texts_share,
    )
    for index, sentence in enumerate(texts):
        rng = random.Random(f"{options.seed}/{options.split}/{index}")
        clear = sentence.lang == "mix" and rng.random() < 0.9
        speaker: Speaker | None = rng.choice(cast.clear if clear else cast.speakers[sentence.lang])
        cheap = rng.random() < options.hibari_share
        if sentence.lang == "en" and cheap and not dev:
            speaker = None
        natural = 0.95 if sentence.lang == "mix" else 1.02
        yield _Job(
            index=index,
            sentence=sentence,
            speaker=speaker,
            speed=min(1.3, max(0.8, rng.gauss(natural, 0.12))),
            level=rng.uniform(-26, -16),
            lead=rng.uniform(0.05, 0.4),
            tail=rng.uniform(0.1, 0.5),
            check=rng.random() < options.checked[sentence.lang],
        )


def _start_worker(
    folder: Path, model: Path, voices: Mapping[str, Audio], teacher: Path | None
) -> None:
    global _tools, _folder
    if hasattr(os, "nice"):
        os.nice(5)
    judge = Judge(teacher) if teacher is not None else None
    _tools = _Tools(Phonemizer(), Kokoro(model, voices), Hibari(), judge)
    _folder = folder


_folder = Path()


def _make(job: _Job) -> _Outcome:
    """Synthesize, check and write one clip; the file appears under its name only when complete."""
    import soundfile

    assert _tools is not None
    sentence = job.sentence
    try:
        phonemes = _tools.phonemize(sentence.text)
        voice = _voice(_tools, job, phonemes)
    except ValueError as error:
        return _Outcome(job.index, None, str(error))
    fault = _fault(voice, phonemes, job.speed)
    if fault:
        return _Outcome(job.index, None, fault)
    audio = _dress(voice, job)
    duration = len(audio) / SAMPLE_RATE
    if not SHORTEST <= duration <= LONGEST:
        return _Outcome(job.index, None, f"{duration:.1f} s long")
    error_rate, heard = None, ""
    if job.check and _tools.judge is not None:
        error_rate, heard = _tools.judge.error(audio, sentence)
        if error_rate > WORST_ERROR[sentence.lang]:
            reason = f"read back as {heard!r} instead of {sentence.text!r}"
            return _Outcome(job.index, None, reason, error_rate, heard)
    name = f"audio/{job.index:06d}.flac"
    temporary = _folder / f"{name}.part"
    soundfile.write(temporary, audio, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    temporary.replace(_folder / name)
    line = {
        "audio": name,
        **asdict(sentence),
        "speaker": job.speaker.name if job.speaker else "hibari-heart",
        "duration": round(duration, 3),
        "speed": round(job.speed, 3),
    }
    return _Outcome(job.index, line, "", error_rate, heard)


def _voice(tools: _Tools, job: _Job, phonemes: str) -> Audio:
    """Speak at 16 kHz, without the silence around; a shifted voice keeps the pace asked for."""
    import soxr

    if job.speaker is None:
        audio, shift = tools.hibari.speak(phonemes, job.speed, job.index), 1.0
    else:
        shift = job.speaker.shift
        audio = tools.kokoro.speak(phonemes, job.speaker, job.speed / shift)
    resampled = soxr.resample(audio, KOKORO_RATE, SAMPLE_RATE / shift, quality="HQ")
    return trim(np.asarray(resampled, dtype=np.float32))


def trim(audio: Audio, floor_db: float = -38.0, margin: float = 0.04) -> Audio:
    """Cut the silence around speech: under ``floor_db`` of the loudest 20 ms, less a margin (s)."""
    window = SAMPLE_RATE // 50
    frames = audio[: len(audio) // window * window].reshape(-1, window)
    if len(frames) == 0:
        return audio
    power = np.sqrt(np.mean(frames**2, axis=1))
    loud = np.flatnonzero(power > power.max() * 10 ** (floor_db / 20))
    keep = int(margin * SAMPLE_RATE)
    return audio[max(0, loud[0] * window - keep) : (loud[-1] + 1) * window + keep]


def _fault(audio: Audio, phonemes: str, speed: float) -> str:
    """Name what is wrong with a clip by its numbers, or nothing."""
    if not np.all(np.isfinite(audio)) or len(audio) == 0:
        return "not a number"
    if float(np.sqrt(np.mean(audio**2))) < 0.003:
        return "silent"
    clipped = float(np.mean(np.abs(audio) > 0.999))
    if clipped > 0.001:
        return f"{clipped:.1%} clipped"
    pace = len(audio) / SAMPLE_RATE / max(1, sound_count(phonemes)) * speed
    low, high = SECONDS_A_SOUND
    return "" if low <= pace <= high else f"{pace:.3f} s a sound"


def _dress(voice: Audio, job: _Job) -> Audio:
    """Set the level (dBFS RMS), never above -0.3 dBFS peak, and put faint noise around."""
    gain = 10 ** (job.level / 20) / float(np.sqrt(np.mean(voice**2)))
    gain = min(gain, 0.966 / float(np.max(np.abs(voice))))
    padded = np.pad(voice * gain, (int(job.lead * SAMPLE_RATE), int(job.tail * SAMPLE_RATE)))
    noise = np.random.default_rng(job.index).normal(0, 10 ** (-75 / 20), len(padded))
    return np.asarray(padded + noise, dtype=np.float32)
