"""What `dictation status` tells beside the session's own state."""

import os
from collections import deque

from dictation.control.protocol import DaemonStatus, Latencies
from dictation.events import (
    Delivered,
    DeviceReady,
    Event,
    Final,
    ModelMoved,
    ModelReady,
    Timing,
)
from dictation.messages import LanguageSetting
from dictation.session import State

_KEPT = 20


class Report:
    """Remembers the last of each thing that is told; `hotkey` as the user writes it."""

    def __init__(self, hotkey: str | None, display: LanguageSetting) -> None:
        self.display = display
        self.text: str | None = None
        """The last text, whatever became of it."""
        self.problem: str | None = None
        """The last trouble, told while it lasts."""
        self.kept: deque[str] = deque(maxlen=_KEPT)
        """The newest texts since the start that reached no window, oldest first."""
        self._hotkey = hotkey
        self._model: str | None = None
        self._microphone: str | None = None
        self._texts = 0
        self._last: tuple[int, Timing, float | None] | None = None

    def note(self, event: Event) -> None:
        """Remember of an event what will be told."""
        match event:
            case ModelReady(description, _) | ModelMoved(description):
                self._model = description
            case DeviceReady(name):
                self._microphone = name
            case Final(utterance=utterance, text=text, timing=timing) if text:
                self._texts += 1
                self.text = text
                self._last = (utterance, timing, None)
            case Delivered(utterance=utterance, seconds=seconds):
                if self._last is not None and self._last[0] == utterance:
                    self._last = (utterance, self._last[1], seconds)
            case _:
                pass

    def status(self, state: State) -> DaemonStatus:
        """How the daemon does."""
        return DaemonStatus(
            pid=os.getpid(),
            status=state.status,
            model=self._model,
            microphone=None if state.microphone_lost else self._microphone,
            hotkey=self._hotkey,
            mode=state.choices.mode,
            recognition=state.choices.language,
            chosen_microphone=state.choices.microphone,
            microphones=state.microphones,
            muted=state.choices.muted,
            display=self.display,
            caption=next((run.partial for run in state.runs if run.partial), None),
            text=self.text,
            utterances=self._texts,
            kept=tuple(self.kept),
            language=state.language,
            last=self._latencies(),
            problem=self.problem if state.microphone_lost or state.behind else None,
        )

    def _latencies(self) -> Latencies | None:
        if self._last is None:
            return None
        _, timing, delivery = self._last
        return Latencies(
            audio=timing.audio,
            endpoint_wait=timing.endpoint_wait,
            first_partial=timing.first_partial,
            compute=timing.compute,
            backlog=timing.backlog,
            delivery=delivery,
        )
