"""A recogniser that "recognises" loudness, and a voice to speak to it: no model, no recording."""

from dataclasses import dataclass, field

import numpy as np

from dictation.audio import SAMPLE_RATE
from dictation.events import Language, TimedWord


@dataclass(frozen=True)
class Loudness:
    text: str
    language: Language
    stable: str = ""
    trailing_blank: float = 0.0
    confidence: float = 0.9
    timed: tuple[TimedWord, ...] = ()

    @property
    def unstable(self) -> str:
        return self.text

    @property
    def words(self) -> str:
        return self.text


def describe(samples: np.ndarray) -> Loudness:
    """One word for each second begun: "loud" or "soft"; nothing for silence."""
    seconds = [samples[at : at + SAMPLE_RATE] for at in range(0, len(samples), SAMPLE_RATE)]
    peaks = [float(np.abs(second).max()) for second in seconds if len(second)]
    words = ["loud" if peak > 0.2 else "soft" for peak in peaks if peak > 0.05]
    return Loudness(" ".join(words), "en")


@dataclass
class LoudnessStream:
    chunk: int
    heard: list[np.ndarray]
    waiting: int = 0
    foreseen: list[int] = field(default_factory=list)

    def accept(self, samples: np.ndarray, /) -> Loudness | None:
        self.heard.append(samples)
        self.waiting += len(samples)
        if self.waiting < self.chunk:
            return None
        self.waiting %= self.chunk
        return describe(np.concatenate(self.heard))

    def foresee(self) -> None:
        self.foreseen.append(sum(map(len, self.heard)))

    def finish(self) -> Loudness:
        return describe(np.concatenate(self.heard))


@dataclass
class LoudnessRecognizer:
    """Remembers every utterance's sound in `utterances`, as one array each."""

    description: str = "loudness, no parameters"
    streams: list[LoudnessStream] = field(default_factory=list)
    languages: list[Language | None] = field(default_factory=list)

    def stream(self, *, chunk_ms: int, language: Language | None = None) -> LoudnessStream:
        self.languages.append(language)
        stream = LoudnessStream(chunk_ms * SAMPLE_RATE // 1000, [])
        self.streams.append(stream)
        return stream

    def transcribe(self, samples: np.ndarray) -> Loudness:
        return describe(samples)

    @property
    def utterances(self) -> list[np.ndarray]:
        return [np.concatenate(stream.heard) for stream in self.streams]


def voice(seconds: float, level: float = 0.5) -> np.ndarray:
    """A sung vowel with syllables: voice to a detector, whatever it says."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    pitch = 120.0 * (1.0 + 0.1 * np.sin(2 * np.pi * 4 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    sound = np.zeros_like(time)
    for harmonic in range(1, 30):
        frequency = harmonic * 120.0
        formants = np.exp(-(((frequency - 600) / 500) ** 2))
        formants += 0.5 * np.exp(-(((frequency - 1500) / 400) ** 2))
        sound += formants * np.sin(harmonic * phase)
    sound *= 0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
