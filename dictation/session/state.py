"""What the session knows, as immutable values."""

from dataclasses import dataclass, field
from typing import Literal

from dictation.actions import (
    Action,
    Choices,
    Deliver,
    Status,
)
from dictation.events import (
    Language,
    Pause,
)


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How long a finished caption stays, when silence is worth a word, and how the key is tapped.

    `modifier_key`: the dictation key is a modifier, so that a tap counts when it comes up without
    having served a shortcut. `double_tap_seconds`: time from the first tap to the second.
    """

    caption_seconds: float = 1.5
    quiet_seconds: float = 2.0
    modifier_key: bool = False
    double_tap_seconds: float = 0.4


@dataclass(frozen=True, slots=True)
class Run:
    """One stretch of listening, from its start to the worker's last answer about it.

    `answers`: ListeningEnded events still to come once it was stopped. `pin`: the target of the
    utterance that is open or comes next. `open`: the utterance being spoken. `partial`: its
    caption, which stands in for its text should the model fail.
    """

    since: float
    pin: int
    stop: Literal["no", "finish", "cancel"] = "no"
    answers: int = 0
    utterances: int = 0
    open: int | None = None
    partial: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All the session knows; `runs` are those the worker has not ended, oldest first.

    `by_key`: listening lasts as long as the key is held. `key_down`: a modifier key is down that
    may become a tap; `tapped_at`: the time of a first tap. `going_on`: hands-free listening is
    wanted, also after a break.
    """

    settings: SessionSettings = SessionSettings()
    choices: Choices = field(default_factory=Choices)
    microphones: tuple[str, ...] = ()
    pauses: frozenset[Pause] = frozenset()
    going_on: bool = True
    key_down: bool = False
    tapped_at: float | None = None
    model: Literal["loading", "ready", "failed"] = "loading"
    runs: tuple[Run, ...] = ()
    by_key: bool = False
    pins: int = 0
    language: Language | None = None
    caption: bool = False
    delivering: Deliver | None = None
    waiting: tuple[Deliver, ...] = ()
    faults: frozenset[str] = frozenset()
    microphone_lost: bool = False
    behind: bool = False
    error: str | None = None
    quitting: bool = False
    ended: bool = False

    @property
    def listening(self) -> bool:
        """Whether the microphone's sound goes to the worker."""
        return bool(self.runs) and self.runs[-1].stop == "no"

    @property
    def finishing(self) -> bool:
        """Whether text may still come of what was heard before the last stop."""
        return any(run.stop == "finish" for run in self.runs)

    @property
    def deaf(self) -> bool:
        """Whether the microphone must stay closed."""
        return self.choices.muted or bool(self.pauses)

    @property
    def cancellable(self) -> bool:
        """Whether there is something that the cancel key would take back.

        Hands-free the key stays with the other programs until somebody speaks.
        """
        if not self.runs or self.runs[-1].stop == "cancel":
            return False
        waiting = self.choices.mode == "hands-free" and self.listening
        return not waiting or self.runs[-1].open is not None

    @property
    def status(self) -> Status:
        """The one word for all this."""
        if self.model == "failed":
            return "error"
        if self.listening:
            return "speaking" if self.runs[-1].open is not None else "listening"
        if self.finishing or self.delivering is not None:
            return "finishing"
        if self.model == "loading":
            return "loading"
        if self.choices.muted:
            return "muted"
        return "error" if self.microphone_lost else "idle"


Step = tuple[State, tuple[Action, ...]]
"""The state afterwards, and what is to be done, in order."""
