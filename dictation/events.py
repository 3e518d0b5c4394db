"""What happens, as immutable values: the only thing the rooms pass to each other."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en", "mix"]
"""What the language head says of an utterance: Mandarin, English, or both in one."""

LanguageChoice = Literal["auto", "zh", "en"]
"""The language the user says they speak; auto: the language head tells."""

Mode = Literal["hold", "toggle", "double-tap", "hands-free"]
"""How listening begins and ends: by the key held, pressed, or pressed twice; or by voice alone."""

Pause = Literal["locked", "asleep"]
"""Why nobody may be listened to for a while: the screen is locked, the computer sleeps."""

CommandName = Literal["start", "stop", "toggle", "cancel", "undo", "copy_last", "quit"]
"""What a user may ask for: `undo` takes the last text back out of its window, `copy_last` puts it
into the clipboard."""

DropReason = Literal["cancelled", "no_words", "failed"]
"""Why an utterance that had started gives no text."""


SpokenCommand = Literal["undo", "stop"]
"""What an utterance may ask the session for."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one utterance went, in seconds.

    `audio`: length of the utterance. `endpoint_wait`: silence that had to pass before its end was
    decided, or for sound still taken after the key came up. `first_partial`: from speech onset to
    the first partial, None when there was none. `compute`: from the decision to the final text.
    `backlog`: audio that was waiting for the model when the end was decided.
    """

    audio: float
    endpoint_wait: float
    first_partial: float | None
    compute: float
    backlog: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Voice was found in the microphone's signal; `at` is the monotonic time in seconds."""

    utterance: int
    at: float


@dataclass(frozen=True, slots=True)
class Partial:
    """The caption of an utterance that is still being spoken; each replaces the one before it.

    `stable` was shown before and stays, `unstable` follows it and may still change.
    """

    utterance: int
    stable: str
    unstable: str
    language: Language | None
    at: float

    @property
    def text(self) -> str:
        """The whole caption."""
        return self.stable + self.unstable


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word (in Chinese a character) of a finished text, written as there, and when it was said.

    `start` and `end` in seconds from the beginning of the utterance; `confidence` in 0..1.
    """

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Final:
    """The finished text of an utterance; each SpeechStarted ends in one Final or SpeechDropped.

    `raw`: the words as CTC heard them, before they were written out; `confidence` in 0..1; `timed`:
    the words of `text` with their times. `command`: what the speaker asks for after this text, or
    in place of one.
    """

    utterance: int
    text: str
    language: Language
    timing: Timing
    at: float
    raw: str = ""
    confidence: float = 1.0
    timed: tuple[TimedWord, ...] = ()
    command: SpokenCommand | None = None


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """An utterance that ends without text; `detail` is the cause where the model failed on it."""

    utterance: int
    reason: DropReason
    at: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BadLevel:
    """The speech of an utterance was too loud for the microphone ("clipped") or too soft."""

    fault: Literal["clipped", "low"]


@dataclass(frozen=True, slots=True)
class ListeningEnded:
    """The worker has dealt with everything heard before the last stop."""

    at: float


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The worker has loaded the model; `description` is for people (name, device, precision)."""

    description: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelMoved:
    """The model's device had no memory left; nothing is lost, and `description` says where it runs
    now."""

    description: str


@dataclass(frozen=True, slots=True)
class ModelFailed:
    """The worker cannot go on; `message` names the cause and the way out."""

    message: str


@dataclass(frozen=True, slots=True)
class PartFailed:
    """A thread of the program has died of a mistake in it; `message` says which."""

    message: str


@dataclass(frozen=True, slots=True)
class FallingBehind:
    """`backlog` seconds of audio wait for the model (0.0: it has caught up)."""

    backlog: float


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The microphone stopped; `reason` names the cause."""

    reason: str


@dataclass(frozen=True, slots=True)
class DeviceReady:
    """The microphone delivers sound; `name` is the device's own name.

    `moved`: the sound server gives that of another device than before, while it goes on.
    """

    name: str
    moved: bool = False


@dataclass(frozen=True, slots=True)
class HotkeyPressed:
    """The dictation key went down."""


@dataclass(frozen=True, slots=True)
class HotkeyReleased:
    """The dictation key came up."""


@dataclass(frozen=True, slots=True)
class HotkeySpoiled:
    """The dictation key, a modifier, turned out to be held for a shortcut with another key."""


@dataclass(frozen=True, slots=True)
class Command:
    """A request of the tray, a signal or the control socket."""

    name: CommandName


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """The user chooses the language to recognise; "next" goes through the choices in turn."""

    language: LanguageChoice | Literal["next"]


@dataclass(frozen=True, slots=True)
class SetMode:
    """The user chooses how listening begins and ends."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class SetMicrophone:
    """The user chooses a microphone by name; an empty one is the system's default."""

    name: str


@dataclass(frozen=True, slots=True)
class SetMuted:
    """The user closes the microphone, or opens it again."""

    change: Literal["on", "off", "toggle"]


@dataclass(frozen=True, slots=True)
class MicrophonesChanged:
    """The microphones that can be chosen by these names now."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paused:
    """From now on nobody may be listened to."""

    why: Pause


@dataclass(frozen=True, slots=True)
class Resumed:
    """A pause is over."""

    why: Pause


@dataclass(frozen=True, slots=True)
class Delivered:
    """The text of an utterance has arrived in a window; `seconds` is what that took."""

    utterance: int
    route: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DeliveryFailed:
    """The text of an utterance did not arrive; it is kept and the user is told."""

    utterance: int
    reason: str


@dataclass(frozen=True, slots=True)
class Undone:
    """The last text is gone from its window again."""


@dataclass(frozen=True, slots=True)
class UndoRefused:
    """The last text was left where it is; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Copied:
    """The last text is in the clipboard; `reason` is why not, where it is not."""

    reason: str = ""


Event = (
    SpeechStarted
    | Partial
    | Final
    | SpeechDropped
    | BadLevel
    | ListeningEnded
    | ModelReady
    | ModelMoved
    | ModelFailed
    | PartFailed
    | FallingBehind
    | DeviceLost
    | DeviceReady
    | HotkeyPressed
    | HotkeyReleased
    | HotkeySpoiled
    | Command
    | SetLanguage
    | SetMode
    | SetMicrophone
    | SetMuted
    | MicrophonesChanged
    | Paused
    | Resumed
    | Delivered
    | DeliveryFailed
    | Undone
    | UndoRefused
    | Copied
)
