"""What all tabs of the page share: the settings and one model."""

import os
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from dictation.config import Settings, load_settings
from dictation.events import Language
from dictation.listener import FinalText, LiveStream, Samples
from dictation.loading import load_recognizer, segmenter_settings
from dictation.transcription import FileRecognizer, TranscriptionSettings
from dictation.web.tabs import Tabs
from dictation.writing import file_writing, user_words

CONFIG_VARIABLE = "DICTATION_WEB_CONFIG"
"""Names the settings file to the page, which Streamlit runs as a script of its own."""


@dataclass(frozen=True, slots=True)
class Service:
    """The settings, the model for everybody, and who is there."""

    settings: Settings
    recognizer: FileRecognizer
    options: TranscriptionSettings
    tabs: Tabs


def service() -> Service:
    """The one of this process; loads the model the first time. Raises DictationError."""
    return _loaded(os.environ.get(CONFIG_VARIABLE, ""))


@cache
def _loaded(config: str) -> Service:
    settings = load_settings(Path(config) if config else None)
    options = TranscriptionSettings(
        segmenter=segmenter_settings(settings),
        writing=file_writing(settings, user_words(settings)),
    )
    recognizer = InTurn(load_recognizer(settings.model, settings.recognition))
    return Service(settings, recognizer, options, Tabs(time.monotonic))


class InTurn:
    """A recogniser for several threads: utterance by utterance, so that none waits for a file."""

    def __init__(self, recognizer: FileRecognizer) -> None:
        self._recognizer = recognizer
        self._lock = Lock()

    @property
    def description(self) -> str:
        """Name, device and precision, for people."""
        return self._recognizer.description

    def transcribe(self, samples: Samples, /) -> FinalText:
        """Recognise one utterance once it is its turn."""
        with self._lock:
            return self._recognizer.transcribe(samples)

    def stream(self, *, chunk_ms: int, language: Language | None = None) -> LiveStream:
        """Begin an utterance that is recognised chunk by chunk, for one thread only."""
        return self._recognizer.stream(chunk_ms=chunk_ms, language=language)
