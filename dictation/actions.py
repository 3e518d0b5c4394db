"""What the session asks the other rooms to do, as immutable values."""

from dataclasses import dataclass
from typing import Literal

from dictation.events import Language, LanguageChoice, Mode

Status = Literal["loading", "idle", "listening", "speaking", "finishing", "muted", "error"]
CaptionStage = Literal["listening", "partial", "finishing", "final"]
KeepReason = Literal["delivery_failed", "recognition_failed", "quitting"]
Notice = Literal[
    "microphone_lost",
    "microphone_moved",
    "too_loud",
    "too_soft",
    "model_moved",
    "model_failed",
    "recognition_failed",
    "behind",
    "kept",
    "kept_in_memory",
    "copied",
    "not_copied",
    "quiet",
    "muted",
    "away",
    "ending",
    "undone",
    "not_undone",
]
"""What a user is told; the interface turns it into a sentence of their language."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user has chosen for now; `microphone` is a name, empty for the system's default."""

    language: LanguageChoice = "auto"
    mode: Mode = "hold"
    microphone: str = ""
    muted: bool = False


@dataclass(frozen=True, slots=True)
class StartListening:
    """Give the microphone's sound to the worker."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """Finish what is open; the worker answers with one ListeningEnded."""


@dataclass(frozen=True, slots=True)
class CancelListening:
    """Drop what is open; the worker answers with one ListeningEnded."""


@dataclass(frozen=True, slots=True)
class UseLanguage:
    """Recognise the next utterances as this language."""

    language: LanguageChoice


@dataclass(frozen=True, slots=True)
class UseMicrophone:
    """Hear this microphone from now on."""

    name: str


@dataclass(frozen=True, slots=True)
class CloseMicrophone:
    """Hear nothing, whatever is wanted, until OpenMicrophone."""


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """The microphone may be heard again."""


@dataclass(frozen=True, slots=True)
class ShowChoices:
    """Show what is chosen, and the microphones there are to choose from."""

    choices: Choices
    microphones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PinTarget:
    """Remember the focused window under the number `pin`."""

    pin: int


@dataclass(frozen=True, slots=True)
class ShowCaption:
    """Show `text` in the caption window in place of what stands there.

    `unstable`: the end of `text` that may still change.
    """

    text: str
    language: Language | None
    stage: CaptionStage
    unstable: str = ""


@dataclass(frozen=True, slots=True)
class HideCaption:
    """Take the caption away `after` so many seconds, unless another is shown before."""

    after: float = 0.0


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Show `status` (and the language last heard) in the tray."""

    status: Status
    language: Language | None


@dataclass(frozen=True, slots=True)
class Deliver:
    """Put `text` into the window pinned under `pin` (None: whichever has the focus)."""

    utterance: int
    text: str
    language: Language
    pin: int | None


@dataclass(frozen=True, slots=True)
class ShowPreedit:
    """Show `text` at the cursor of the window under `pin`, where it can; "" takes it away."""

    text: str
    pin: int


@dataclass(frozen=True, slots=True)
class UndoLast:
    """Take the last delivered text back out of its window."""


@dataclass(frozen=True, slots=True)
class CopyLast:
    """Put the last finished text into the clipboard."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Put a text that reached no window where the user finds it again."""

    utterance: int
    text: str
    reason: KeepReason


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the user; `detail` is the cause in the words of whoever knows it."""

    notice: Notice
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program; `error` is what went wrong, None when the user asked for it."""

    error: str | None = None


Action = (
    StartListening
    | StopListening
    | CancelListening
    | UseLanguage
    | UseMicrophone
    | CloseMicrophone
    | OpenMicrophone
    | ShowChoices
    | PinTarget
    | ShowCaption
    | HideCaption
    | SetStatus
    | Deliver
    | ShowPreedit
    | UndoLast
    | CopyLast
    | Keep
    | Notify
    | Quit
)
